"""Times masks with PyTorch and ONNX Runtime on the CPU, turn by turn; prints a JSON line per mask. As `trainer bench`
does, it begins with the picture's file and ends with the mask at the picture's own size.

    python scripts/peers/native.py MODEL GALLERY RUNNER,... ROUNDS CASES THREADS

MODEL is a folder of `trainer bench --save` with onnx/ inside (export.py). Runners: pytorch, pytorch-compiled, ort,
ort-concat.
"""

import json
import os
import sys
import time
from pathlib import Path

# As PyTorch's tutorials recommend for compiled inference on CPUs.
os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")
os.environ.setdefault("TORCHINDUCTOR_CPP_WRAPPER", "1")

import numpy as np
import onnxruntime
import torch
from network import Prefill, Step, load, load_mask_decoder
from picture import dice, read, read_mask, restore


class PyTorch:
    """Scaled dot-product attention, a static cache, convolutions in channels-last order."""

    def __init__(self, model: Path, threads: int, compiled: bool = False):
        torch.set_num_threads(threads)
        encoder, self.lm = load(model)
        parts = (Prefill(encoder, self.lm, self.lm.cells), Step(self.lm), load_mask_decoder(model))
        parts = [part.eval().to(memory_format=torch.channels_last) for part in parts]
        if compiled:
            parts = [torch.compile(part, fullgraph=True, mode="max-autotune-no-cudagraphs") for part in parts]
        self.prefill, self.step, self.decoder = parts

    @torch.inference_mode()
    def run(self, pixels: np.ndarray, ids: np.ndarray, count: int):
        places, *caches = self.prefill(torch.from_numpy(pixels), torch.from_numpy(ids))
        token = torch.tensor([[self.lm.codes]])
        for index in range(count):
            token = self.step(token, torch.tensor([index]), places, *caches)
            yield token.item()

    @torch.inference_mode()
    def draw(self, tokens: np.ndarray) -> np.ndarray:
        return self.decoder(torch.from_numpy(tokens))[0, 0].numpy()


def session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def begin(model: Path) -> int:
    """What stands before the first mask token."""
    return json.loads((model / "manifest.json").read_text())["architecture"]["mask"]["codes"]


class OrtConcat:
    """A cache that grows by concatenation, as `torch.onnx` exports it without operators of ONNX Runtime."""

    FILES = ["prefill-concat.onnx", "step-concat.onnx", "mask.onnx"]

    def __init__(self, model: Path, threads: int):
        self.prefill, self.step, self.decoder = (session(model / "onnx" / file, threads) for file in self.FILES)
        self.inputs = [value.name for value in self.step.get_inputs()]
        self.begin = begin(model)

    def run(self, pixels: np.ndarray, ids: np.ndarray, count: int):
        places, *kept = self.prefill.run(None, {"picture": pixels, "text": ids})
        token = np.array([[self.begin]])
        for index in range(count):
            token, *kept = self.step.run(None, dict(zip(self.inputs, [token, np.array([index]), places, *kept])))
            yield int(token[0, 0])

    def draw(self, tokens: np.ndarray) -> np.ndarray:
        return self.decoder.run(None, {"tokens": tokens})[0][0, 0]


class Ort(OrtConcat):
    """`GroupQueryAttention`, with past and present bound to one buffer."""

    FILES = ["prefill.onnx", "step.onnx", "mask.onnx"]

    def __init__(self, model: Path, threads: int):
        super().__init__(model, threads)
        buffer = lambda value, dtype: onnxruntime.OrtValue.ortvalue_from_shape_and_type(value.shape, dtype)
        self.reading, self.binding = self.prefill.io_binding(), self.step.io_binding()
        for value in self.prefill.get_outputs():
            kept = buffer(value, np.float32)
            self.reading.bind_ortvalue_output(value.name, kept)
            if value.name == "places":
                self.binding.bind_ortvalue_input("places", kept)
            else:
                self.binding.bind_ortvalue_input(value.name.replace("present", "past"), kept)
                self.binding.bind_ortvalue_output(value.name, kept)
        integers = lambda *shape: onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, np.int64)
        self.token, self.index, self.next = integers(1, 1), integers(1), integers(1, 1)
        self.binding.bind_ortvalue_input("token", self.token)
        self.binding.bind_ortvalue_input("index", self.index)
        self.binding.bind_ortvalue_output("next", self.next)

    def run(self, pixels: np.ndarray, ids: np.ndarray, count: int):
        self.reading.bind_cpu_input("picture", pixels)
        self.reading.bind_cpu_input("text", ids)
        self.prefill.run_with_iobinding(self.reading)
        token = np.array([[self.begin]])
        for index in range(count):
            self.token.update_inplace(token)
            self.index.update_inplace(np.array([index]))
            self.step.run_with_iobinding(self.binding)
            token = self.next.numpy()
            yield int(token[0, 0])


RUNNERS = {
    "pytorch": PyTorch,
    "pytorch-compiled": lambda model, threads: PyTorch(model, threads, compiled=True),
    "ort": Ort,
    "ort-concat": OrtConcat,
}


def timed(runner, size: int, case: dict, file: Path, expected: np.ndarray) -> dict:
    ids, channels = np.array([case["ids"]]), case["channels"]
    saved = np.array(case["pixels"], dtype=np.float32).reshape(1, channels, size, size)
    begin = time.perf_counter()
    since = lambda: (time.perf_counter() - begin) * 1e3
    # Another library scales a little differently, which may change a token: what it makes is timed, not used.
    read(file, case, size)
    picture, tokens, first = since(), [], None
    for token in runner.run(saved, ids, len(case["tokens"])):
        tokens.append(token)
        first = first or since()
    last = since()
    mask = restore(runner.draw(np.array([tokens])), case, expected.shape)
    return {
        "tokens": len(tokens),
        "picture_ms": picture,
        "first_token_ms": first,
        "last_token_ms": last,
        "mask_ms": since(),
        "wrong": sum(a != b for a, b in zip(tokens, case["tokens"], strict=True)),
        "dice": dice(mask, expected),
    }


def main(model: Path, gallery: Path, names: str, rounds: int, limit: int, threads: int):
    cases = json.loads((model / "cases.json").read_text())[:limit]
    size = json.loads((model / "manifest.json").read_text())["architecture"]["image"]["size"]
    runners = {name: RUNNERS[name](model, threads) for name in names.split(",")}
    for turn in range(-1, rounds):
        for index, case in enumerate(cases if turn >= 0 else cases[:1]):
            for name, runner in runners.items():
                times = timed(runner, size, case, gallery / case["image"], read_mask(model / case["mask"]))
                if turn >= 0:
                    print(json.dumps({"runner": name, "case": index, **times}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 7:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
