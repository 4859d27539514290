"""Times a training step in PyTorch, next-token loss, as `trainer bench --training` times ours.

    python scripts/peers/train.py MODEL [--batch 4] [--threads 2] [--device cuda] [--compile default] [--precision bf16]

MODEL is a folder of `trainer bench --save`. Prints one JSON object: milliseconds of forward and backward pass, and of
the whole step with clipping, AdamW and the moving average of the weights. Numbers have 32 bits, without TF32, unless
--precision says otherwise.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from network import load
from torch.nn import functional as F

WARM_UP = 5


def main(arguments: argparse.Namespace):
    torch.set_num_threads(arguments.threads)
    torch.backends.cudnn.allow_tf32 = False
    device, batch = torch.device(arguments.device), arguments.batch
    encoder, lm = (module.train().to(device) for module in load(arguments.model))
    architecture = json.loads((arguments.model / "manifest.json").read_text())["architecture"]
    channels, size = architecture["image"].get("input_channels", 1), architecture["image"]["size"]
    picture = torch.rand(batch, channels, size, size, device=device)
    text = torch.zeros(batch, lm.text_tokens, dtype=torch.int64, device=device)
    tokens = torch.arange(batch * lm.cells, device=device).remainder(lm.codes).reshape(batch, lm.cells)
    weights = [*encoder.parameters(), *lm.parameters()]
    average = [weight.detach().clone() for weight in weights]
    optimizer = torch.optim.AdamW(weights, betas=(0.9, 0.95), weight_decay=0.05, fused=True)

    def loss():
        with torch.autocast(device.type, torch.bfloat16, enabled=arguments.precision == "bf16"):
            hidden, _ = lm(text, encoder(picture), tokens)
            return F.cross_entropy(lm.logits(hidden).flatten(0, 1).float(), tokens.flatten())

    if arguments.compile:
        loss = torch.compile(loss, mode=arguments.compile)

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    times = []
    for _ in range(WARM_UP + arguments.repeats):
        wait()
        begin = time.perf_counter()
        loss().backward()
        wait()
        differentiated = time.perf_counter()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, weights, 0.001)
        optimizer.zero_grad(set_to_none=True)
        wait()
        times.append((differentiated - begin, time.perf_counter() - begin))
    passes, steps = zip(*times[WARM_UP:])
    print(
        json.dumps(
            {
                "runner": "pytorch",
                "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
                "compile": arguments.compile,
                "precision": arguments.precision,
                "batch": batch,
                "forward_backward_ms": 1e3 * statistics.median(passes),
                "step_ms": 1e3 * statistics.median(steps),
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", metavar="MODE", help="a mode of torch.compile: default, reduce-overhead, ...")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    main(parser.parse_args())
