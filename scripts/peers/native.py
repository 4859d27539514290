"""Times decoding with PyTorch and ONNX Runtime on the CPU, turn by turn; prints a JSON line per mask.

    python scripts/peers/native.py MODEL RUNNER,... ROUNDS CASES THREADS

MODEL is a folder of `trainer bench --save` with onnx/ inside (export.py). Runners: pytorch, ort.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from network import Prefill, Step, load


class PyTorch:
    def __init__(self, model: Path, threads: int):
        torch.set_num_threads(threads)
        encoder, self.lm = load(model)
        self.prefill, self.step = Prefill(encoder, self.lm), Step(self.lm)

    @torch.inference_mode()
    def run(self, pixels: np.ndarray, ids: np.ndarray, count: int):
        places, *kept = self.prefill(torch.from_numpy(pixels), torch.from_numpy(ids))
        token = torch.tensor([[self.lm.codes]])
        for index in range(count):
            token, *kept = self.step(token, torch.tensor([index]), places, *kept)
            yield token.item()


class Ort:
    def __init__(self, model: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = lambda file: onnxruntime.InferenceSession(
            model / "onnx" / file, options, providers=["CPUExecutionProvider"]
        )
        self.prefill, self.step = session("prefill.onnx"), session("step.onnx")
        self.inputs = [value.name for value in self.step.get_inputs()]
        self.begin = json.loads((model / "manifest.json").read_text())["architecture"]["mask"]["codes"]

    def run(self, pixels: np.ndarray, ids: np.ndarray, count: int):
        places, *kept = self.prefill.run(None, {"picture": pixels, "text": ids})
        token = np.array([[self.begin]])
        for index in range(count):
            feeds = dict(zip(self.inputs, [token, np.array([index]), places, *kept]))
            token, *kept = self.step.run(None, feeds)
            yield int(token[0, 0])


RUNNERS = {"pytorch": PyTorch, "ort": Ort}


def timed(runner, case: dict) -> dict:
    channels = case["channels"]
    size = round((len(case["pixels"]) / channels) ** 0.5)
    pixels = np.array(case["pixels"], dtype=np.float32).reshape(1, channels, size, size)
    ids = np.array([case["ids"]])
    begin = time.perf_counter()
    tokens, first = [], None
    for token in runner.run(pixels, ids, len(case["tokens"])):
        tokens.append(token)
        first = first or time.perf_counter()
    return {
        "tokens": len(tokens),
        "wrong": sum(a != b for a, b in zip(tokens, case["tokens"], strict=True)),
        "first_token_ms": (first - begin) * 1e3,
        "last_token_ms": (time.perf_counter() - begin) * 1e3,
    }


def main(model: str, names: str, rounds: str, limit: str, threads: str):
    cases = json.loads((Path(model) / "cases.json").read_text())[: int(limit)]
    runners = {name: RUNNERS[name](Path(model), int(threads)) for name in names.split(",")}
    for runner in runners.values():
        timed(runner, cases[0])
    for turn in range(int(rounds)):
        for index, case in enumerate(cases):
            for name, runner in runners.items():
                print(json.dumps({"runner": name, "round": turn, "case": index, **timed(runner, case)}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
