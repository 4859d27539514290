"""Exports what the benchmark runs beside us to ONNX.

    python scripts/peers/export.py MODEL    prefill.onnx (picture and sentence), step.onnx (one token, with a KV cache)
                                            and mask.onnx (tokens to probabilities) of a bundle, in MODEL/onnx; with
                                            "-concat" those whose cache grows
    python scripts/peers/export.py litemedsam|mobilesam FOLDER    picture and box to mask logits
"""

import json
import sys
from pathlib import Path

import onnx
import torch
from network import ConcatStep, OnnxStep, Prefill, load, load_mask_decoder
from sam import MODELS

OPSET = 20


def export(model: Path):
    out = model / "onnx"
    out.mkdir(exist_ok=True)
    encoder, lm = load(model)
    image = json.loads((model / "manifest.json").read_text())["architecture"]["image"]
    channels, size = image.get("input_channels", 1), image["size"]
    names = [f"{kind}.{layer}" for layer in range(len(lm.blocks)) for kind in ("key", "value")]
    past, present = [f"past.{name}" for name in names], [f"present.{name}" for name in names]
    positions, half = lm.cos.shape
    one = torch.zeros(1, 1, dtype=torch.int64)
    kept = {2: torch.export.Dim("kept", max=positions)}
    for name, step, room, shapes in [
        ("", OnnxStep, lm.cells, None),
        ("-concat", ConcatStep, 0, (None, None, None, tuple(kept for _ in past))),
    ]:
        write(
            out / f"prefill{name}.onnx",
            Prefill(encoder, lm, room),
            (torch.zeros(1, channels, size, size), torch.zeros(1, lm.text_tokens, dtype=torch.int64)),
            input_names=["picture", "text"],
            output_names=["places", *present],
        )
        caches = [torch.zeros(1, lm.heads, lm.prefix + room, 2 * half) for _ in past]
        write(
            out / f"step{name}.onnx",
            step(lm),
            (one, one[0], torch.zeros(1, lm.cells, lm.norm.normalized_shape[0]), *caches),
            input_names=["token", "index", "places", *past],
            output_names=["next", *present],
            dynamic_shapes=shapes,
        )
    tokens = torch.zeros(1, lm.cells, dtype=torch.int64)
    write(out / "mask.onnx", load_mask_decoder(model), (tokens,), input_names=["tokens"], output_names=["soft"])


def export_sam(name: str, folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    model = MODELS[name]
    inputs = (torch.zeros(1, 3, model.size, model.size), torch.tensor([[40.0, 60.0, 120.0, 200.0]]))
    write(folder / f"{name}.onnx", model.load(), inputs, input_names=["picture", "box"], output_names=["logits"])


def write(file: Path, module: torch.nn.Module, inputs: tuple, **options):
    torch.onnx.export(module.eval(), inputs, file, opset_version=OPSET, external_data=False, **options)
    onnx.checker.check_model(file)
    print(f"wrote {file}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [name, folder] if name in MODELS:
            export_sam(name, Path(folder))
        case [model]:
            export(Path(model))
        case _:
            raise SystemExit(__doc__)
