"""Emu3's vision tokenizer in PyTorch: writes random weights of the official size, where they are not there yet,
and times a picture. `Emu3VQVAE` computes four equal frames of every picture. Memory is that of timing alone when
the file is there already.

    python scripts/peers/emu3.py emu3.safetensors 256
    cargo run --example tokenizer_cost -- emu3.safetensors 256
"""

import resource
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Emu3VQVAE, Emu3VQVAEConfig


def main():
    path, side = sys.argv[1], int(sys.argv[2])
    torch.manual_seed(1)
    torch.set_num_threads(2)
    model = Emu3VQVAE(Emu3VQVAEConfig()).eval()
    if not Path(path).exists():
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    grey = ((columns * 7 + rows * 13) % 256) / 255 * 2 - 1
    picture = grey.expand(1, 3, side, side)
    with torch.no_grad():
        start = time.perf_counter()
        codes = model.encode(picture, torch.tensor([[side, side]])).image_tokens[0]
        print(f"encode: {time.perf_counter() - start:.1f} s")
        codes = codes.reshape(1, side // 8, side // 8)
        start = time.perf_counter()
        decoded = model.decode(codes)
        print(f"decode: {time.perf_counter() - start:.1f} s (mean {decoded.abs().mean():.3f})")
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB of memory")


if __name__ == "__main__":
    main()
