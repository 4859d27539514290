"""Trains a small tokenizer of Emu3's shape (`Emu3VQVAE` of the transformers package) on a dataset folder, for trying
the path of the official one, or for a table, where the official weights are not at hand.

    cargo run --example phantom_folder -- target/phantoms 300 60
    python scripts/peers/emu3_small.py target/phantoms models/emu3-small
    cargo run -p trainer -- tokenize --config configs/emu3-phantoms.toml --data target/phantoms
"""

import json
import sys
import time
from pathlib import Path

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional
from transformers import Emu3VQVAE, Emu3VQVAEConfig

SIDE = 64
STEPS = 2000
BATCH = 8
CONFIG = {
    "codebook_size": 512,
    "base_channels": 32,
    "channel_multiplier": [1, 1, 2, 2],
    "num_res_blocks": 1,
    "attn_resolutions": [3],
    "hidden_size": 64,
}


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    torch.manual_seed(1)
    torch.set_num_threads(1)
    pictures, masks = (read(folder / "train" / kind) for kind in ["img", "mask"])
    model = Emu3VQVAE(Emu3VQVAEConfig(**CONFIG))
    with torch.no_grad():
        model.quantize.embedding.weight.normal_(std=0.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, STEPS, pct_start=0.05)
    used = torch.zeros(CONFIG["codebook_size"])
    start, losses = time.perf_counter(), []
    for step in range(1, STEPS + 1):
        batch = torch.cat([sample(masks, 3 * BATCH // 4), sample(pictures, BATCH // 4)])
        painted, vectors, codes = forward(model, batch)
        entries = model.quantize.embedding(codes)
        loss = functional.smooth_l1_loss(painted, batch, beta=0.1)
        loss = loss + functional.mse_loss(entries, vectors.detach()) + 0.25 * functional.mse_loss(vectors, entries.detach())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        used += torch.bincount(codes.flatten(), minlength=len(used))
        if step % 25 == 0 and step < 0.8 * STEPS:
            restart(model.quantize.embedding.weight, vectors.detach(), used)
            used.zero_()
        if step % 100 == 0:
            mean = sum(losses[-100:]) / 100
            print(f"step {step}: loss {mean:.4f}, {(time.perf_counter() - start) / step:.2f} s per step", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(model.config.to_dict()))


def read(folder):
    """Grey pictures of a folder, -1 to 1: [count, 1, SIDE, SIDE]."""
    files = sorted(folder.iterdir())
    grey = [Image.open(file).convert("L").resize((SIDE, SIDE)) for file in files]
    return torch.from_numpy(numpy.stack(grey)).unsqueeze(1).float() / 127.5 - 1


def sample(pictures, count):
    chosen = pictures[torch.randint(len(pictures), (count,))]
    return (chosen.flip(3) if torch.rand(()) < 0.5 else chosen).repeat(1, 3, 1, 1)


def forward(model, batch):
    """What is painted, the vectors before quantization and their codes. `Emu3VQVAE` itself computes four equal
    frames of a picture; here what comes before and after the layers over time is computed for one."""
    encoder, decoder = model.encoder, model.decoder
    hidden = encoder.middle_block(encoder.down_block(encoder.conv_in(batch)))
    hidden = encoder.conv_out(functional.silu(encoder.norm_out(hidden)))
    hidden = hidden.unsqueeze(2).repeat(1, 1, model.config.temporal_downsample_factor, 1, 1)
    for conv in encoder.time_conv:
        hidden = functional.silu(conv(hidden))
    for layer in encoder.time_res_stack:
        hidden = layer(hidden)
    hidden = model.quant_conv(hidden)
    codes = model.quantize(hidden.permute(0, 2, 1, 3, 4))
    vectors = hidden.permute(0, 2, 3, 4, 1)
    passed = vectors + (model.quantize.embedding(codes) - vectors).detach()
    passed = passed.permute(0, 4, 1, 2, 3)
    both = torch.cat([model.post_quant_conv(passed), passed])
    for layer in decoder.time_res_stack:
        both = layer(both)
    for conv in decoder.time_conv:
        both = functional.silu(conv(both))
    hidden, entries = both[:, :, 0].chunk(2)
    hidden = decoder.up_block(decoder.middle_block(decoder.conv_in(hidden), entries), entries)
    return decoder.conv_out(functional.silu(decoder.norm_out(hidden, entries))), vectors, codes


def restart(codebook, vectors, used):
    """Codes that were not used become vectors of the batch."""
    dead = (used == 0).nonzero().flatten()
    vectors = vectors.reshape(-1, vectors.shape[-1])
    with torch.no_grad():
        codebook[dead] = vectors[torch.randint(len(vectors), (len(dead),))]


if __name__ == "__main__":
    main()
