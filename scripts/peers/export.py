"""Exports a bundle to ONNX: prefill.onnx (picture and sentence) and step.onnx (one token, with a KV cache).

    python scripts/peers/export.py BUNDLE OUT
"""

import sys
from pathlib import Path

import onnx
import torch
from network import Prefill, Step, load

OPSET = 20


def export(folder: Path, out: Path):
    out.mkdir(parents=True, exist_ok=True)
    encoder, lm = load(folder)
    head_dim = lm.cos.shape[1] * 2
    names = [f"{kind}.{layer}" for layer in range(len(lm.blocks)) for kind in ("key", "value")]
    past, present = [f"past.{name}" for name in names], [f"present.{name}" for name in names]
    size = encoder_size(folder)
    torch.onnx.export(
        Prefill(encoder, lm),
        (torch.zeros(1, 1, size, size), torch.zeros(1, lm.text_tokens, dtype=torch.int64)),
        out / "prefill.onnx",
        input_names=["picture", "text"],
        output_names=["places", *present],
        opset_version=OPSET,
        external_data=False,
    )
    caches = [torch.zeros(1, lm.heads, lm.prefix, head_dim) for _ in names]
    kept = torch.export.Dim("kept", max=lm.prefix + lm.cells)
    one = torch.zeros(1, 1, dtype=torch.int64)
    torch.onnx.export(
        Step(lm),
        (one, one[0], torch.zeros(1, lm.cells, lm.norm.normalized_shape[0]), *caches),
        out / "step.onnx",
        input_names=["token", "index", "places", *past],
        output_names=["next", *present],
        dynamic_shapes=(None, None, None, tuple({2: kept} for _ in past)),
        opset_version=OPSET,
        external_data=False,
    )
    for name in ("prefill", "step"):
        onnx.checker.check_model(out / f"{name}.onnx")
    print(f"wrote {out}/prefill.onnx and step.onnx, opset {OPSET}")


def encoder_size(folder: Path) -> int:
    import json

    return json.loads((folder / "manifest.json").read_text())["architecture"]["image"]["size"]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    export(Path(sys.argv[1]), Path(sys.argv[2]))
