"""Times a training step in PyTorch: forward and backward of encoder and language model, next-token loss, 4 cases.

    python scripts/peers/train.py MODEL THREADS    prints milliseconds per case, as examples/decode_cost.rs does
"""

import json
import statistics
import sys
import time
from pathlib import Path

import torch
from network import load
from torch.nn import functional as F

BATCH, REPEATS = 4, 7


def main(model: Path, threads: int):
    torch.set_num_threads(threads)
    encoder, lm = load(model)
    encoder.train()
    lm.train()
    architecture = json.loads((model / "manifest.json").read_text())["architecture"]
    size = architecture["image"]["size"]
    picture = torch.rand(BATCH, 1, size, size)
    text = torch.zeros(BATCH, lm.text_tokens, dtype=torch.int64)
    tokens = torch.arange(BATCH * lm.cells).remainder(lm.codes).reshape(BATCH, lm.cells)

    def step():
        hidden, _ = lm(text, encoder(picture), tokens)
        loss = F.cross_entropy(lm.logits(hidden).flatten(0, 1), tokens.flatten())
        loss.backward()
        for module in (encoder, lm):
            module.zero_grad(set_to_none=True)

    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3 / BATCH)
    print(json.dumps({"runner": "pytorch", "ms_per_case": statistics.median(times)}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]))
