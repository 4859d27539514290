"""The network of a bundle in PyTorch, for runtimes that read what PyTorch exports. It mirrors crates/mriseg."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    GROUP = 8

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(channels // self.GROUP, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(self.norm(x)))))


class Level(nn.Module):
    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.down = nn.Conv2d(channels_in, channels, 4, stride=2, padding=1)
        self.block = ResidualBlock(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(self.down(x))


class ImageEncoder(nn.Module):
    """`[batch, 1, size, size]` to `[batch, cells, channels]`."""

    def __init__(self, image: dict):
        super().__init__()
        channels = image["channels"]
        self.levels = nn.ModuleList(Level(a, b) for a, b in zip([1, *channels], channels))
        self.blocks = nn.ModuleList(ResidualBlock(channels[-1]) for _ in range(image["blocks"]))

    def forward(self, picture: Tensor) -> Tensor:
        for part in [*self.levels, *self.blocks]:
            picture = part(picture)
        return picture.flatten(2).transpose(1, 2)


class InvertedResidual(nn.Module):
    """`[batch, d_in, height, width]` to `[batch, d_out, height / stride, width / stride]`; batch norm is folded in."""

    def __init__(self, kernel: int, stride: int, d_in: int, hidden: int, d_out: int):
        super().__init__()
        self.stride = stride
        self.expand = nn.Conv2d(d_in, hidden, 1) if hidden != d_in else nn.Identity()
        self.depthwise = nn.Conv2d(hidden, hidden, kernel, stride=stride, groups=hidden)
        self.project = nn.Conv2d(hidden, d_out, 1)
        # As TensorFlow's SAME for even sides.
        before, all = (kernel - stride) // 2, kernel - stride
        self.padding = (before, all - before, before, all - before)

    def forward(self, x: Tensor) -> Tensor:
        hidden = x if isinstance(self.expand, nn.Identity) else F.relu6(self.expand(x))
        out = self.project(F.relu6(self.depthwise(F.pad(hidden, self.padding))))
        return x + out if x.shape == out.shape else out


class EfficientNet(nn.Module):
    """EfficientNet-Lite0 and the fusion of its strides 8, 16 and 32: `[batch, channels, size, size]` to
    `[batch, cells, fused_dim]`."""

    SCALE = 0.5
    STEM = 32
    # Kernel, stride of the first block, expansion, channels, blocks.
    STAGES = [
        (3, 1, 1, 16, 1),
        (3, 2, 6, 24, 2),
        (5, 2, 6, 40, 2),
        (3, 2, 6, 80, 3),
        (5, 1, 6, 112, 3),
        (5, 2, 6, 192, 4),
        (3, 1, 6, 320, 1),
    ]
    # Channels and stride.
    FUSED = [(40, 8), (112, 16), (320, 32)]

    def __init__(self, image: dict, grid: int):
        super().__init__()
        self.grid = grid
        self.stem = nn.Conv2d(image["input_channels"], self.STEM, 3, stride=2)
        self.blocks, d_in = nn.ModuleList(), self.STEM
        for kernel, stride, expansion, channels, blocks in self.STAGES:
            for i in range(blocks):
                block = InvertedResidual(kernel, stride if i == 0 else 1, d_in, d_in * expansion, channels)
                self.blocks.append(block)
                d_in = channels
        finer = [max(image["size"] // stride // grid, 1) for _, stride in self.FUSED]
        self.fuse = nn.ModuleList(
            nn.Linear(side * side * channels, image["fused_dim"]) for side, (channels, _) in zip(finer, self.FUSED)
        )

    def levels(self, picture: Tensor) -> list[Tensor]:
        """What the last block of each stride has, from 2 to 32."""
        x = F.relu6(self.stem(F.pad(picture * self.SCALE, (0, 1, 0, 1))))
        levels = []
        for block in self.blocks:
            if block.stride == 2:
                levels.append(x)
            x = block(x)
        return [*levels, x]

    def forward(self, picture: Tensor) -> Tensor:
        levels = self.levels(picture)[2:]
        return sum(self.at_cells(level, fuse) for level, fuse in zip(levels, self.fuse))

    def at_cells(self, level: Tensor, fuse: nn.Linear) -> Tensor:
        batch, channels, side, _ = level.shape
        if side >= self.grid:
            finer = side // self.grid
            cells = level.reshape(batch, channels, self.grid, finer, self.grid, finer).permute(0, 2, 4, 3, 5, 1)
            return fuse(cells.reshape(batch, self.grid**2, finer * finer * channels))
        coarser = self.grid // side
        vectors = fuse(level.permute(0, 2, 3, 1))
        return vectors.repeat_interleave(coarser, 1).repeat_interleave(coarser, 2).flatten(1, 2)


class Block(nn.Module):
    def __init__(self, d_model: int, heads: int, d_hidden: int):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.RMSNorm(d_model, eps=EPSILON)
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)
        self.feed_forward_norm = nn.RMSNorm(d_model, eps=EPSILON)
        self.gate_up = nn.Linear(d_model, 2 * d_hidden, bias=False)
        self.down = nn.Linear(d_hidden, d_model, bias=False)

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, `[batch, heads, new, head_dim]`."""
        q, k, v = self.qkv(self.attention_norm(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return rotate(q, cos, sin), rotate(k, cos, sin), v

    def finish(self, x: Tensor, read: Tensor) -> Tensor:
        """`read` is what attention gives, `[batch, heads, new, head_dim]`."""
        return self.add(x, read.transpose(1, 2).flatten(2))

    def add(self, x: Tensor, read: Tensor) -> Tensor:
        x = x + self.out(read)
        gate, up = self.gate_up(self.feed_forward_norm(x)).chunk(2, dim=2)
        return x + self.down(F.silu(gate) * up)


EPSILON = 1e-5


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=3)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=3)


class MaskLm(nn.Module):
    """The language model."""

    ROTARY_BASE = 100.0

    def __init__(self, config: dict, grid: int, codes: int, token_dim: int):
        super().__init__()
        d_model = config["d_model"]
        self.text_tokens, self.cells, self.codes = config["text_tokens"], grid * grid, codes
        self.heads, self.scale = config["heads"], math.sqrt(d_model)
        self.text_embedding = nn.Embedding(config["text_vocab"], d_model)
        self.image_norm = nn.RMSNorm(token_dim, eps=EPSILON)
        self.image_projection = nn.Linear(token_dim, d_model)
        self.anchor_projection = nn.Linear(token_dim, d_model)
        self.mask_embedding = nn.Embedding(codes + 1, d_model)
        self.part_embedding = nn.Embedding(3, d_model)
        self.cell_embedding = nn.Embedding(self.cells, d_model)
        self.blocks = nn.ModuleList(
            Block(d_model, config["heads"], config["d_hidden"]) for _ in range(config["layers"])
        )
        self.norm = nn.RMSNorm(d_model, eps=EPSILON)
        self.look_ahead = nn.ModuleList(
            nn.Linear(2 * d_model, d_model, bias=False) for _ in range(config["next_tokens"] - 1)
        )
        cos, sin = self.rotary(grid, d_model // self.heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    @property
    def prefix(self) -> int:
        return self.text_tokens + self.cells

    def rotary(self, grid: int, head_dim: int) -> tuple[Tensor, Tensor]:
        text = [(float(i), -(1.0 + self.text_tokens - i)) for i in range(self.text_tokens)]
        cells = [(float(i // grid), float(i % grid)) for i in range(self.cells)]
        positions = torch.tensor(text + cells + cells)
        frequency = self.ROTARY_BASE ** (-torch.arange(head_dim // 4) / (head_dim // 4))
        angles = torch.cat([positions[:, :1] * frequency, positions[:, 1:] * frequency], dim=1)
        return angles.cos(), angles.sin()

    def read(self, text: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """The prefix `[batch, prefix, d_model]` and the anchors `[batch, cells, d_model]`."""
        image = self.image_norm(image)
        part, cells = self.part_embedding.weight, self.cell_embedding.weight * self.scale
        written = self.text_embedding(text) * self.scale + part[0]
        seen = self.image_projection(image) + part[1] + cells
        return torch.cat([written, seen], dim=1), self.anchor_projection(image)

    def places(self, anchors: Tensor) -> Tensor:
        """What is added to mask tokens: `[batch, cells, d_model]`."""
        return anchors + self.part_embedding.weight[2] + self.cell_embedding.weight * self.scale

    def logits(self, x: Tensor) -> Tensor:
        return F.linear(x, self.mask_embedding.weight[: self.codes])

    def forward(self, text: Tensor, image: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Training: hidden states and anchors of all cells under teacher forcing."""
        x, anchors = self.read(text, image)
        x = torch.cat([x, self.mask_embedding(inputs) * self.scale + self.places(anchors)], dim=1)
        prefix, total = self.prefix, x.shape[1]
        visible = torch.ones(self.cells, total, dtype=torch.bool, device=x.device).tril(prefix)
        for block in self.blocks:
            q, k, v = block.project(x, self.cos, self.sin)
            read = F.scaled_dot_product_attention(q[:, :, :prefix], k[:, :, :prefix], v[:, :, :prefix])
            written = F.scaled_dot_product_attention(q[:, :, prefix:], k, v, attn_mask=visible)
            x = block.finish(x, torch.cat([read, written], dim=2))
        return self.norm(x[:, prefix:]), anchors

    def logits_ahead(self, hidden: Tensor, anchors: Tensor) -> list[Tensor]:
        """Entry `j` of position `i` is about token `i + j + 1`."""
        ahead = []
        for j, mix in enumerate(self.look_ahead, start=1):
            states = hidden[:, : self.cells - j]
            both = torch.cat([states, anchors[:, j:]], dim=2)
            ahead.append(self.logits(states + F.silu(mix(both))))
        return ahead


class Prefill(nn.Module):
    """Picture and sentence to the places of the mask tokens and the keys and values of every layer,
    `[batch, heads, prefix + room, head_dim]`: a static cache has room for all mask tokens, one that grows has none."""

    def __init__(self, encoder: nn.Module, lm: MaskLm, room: int):
        super().__init__()
        self.encoder, self.lm, self.room = encoder, lm, room

    def forward(self, picture: Tensor, text: Tensor):
        lm = self.lm
        x, anchors = lm.read(text, self.encoder(picture))
        cos, sin = lm.cos[: lm.prefix], lm.sin[: lm.prefix]
        caches = []
        for block in lm.blocks:
            q, k, v = block.project(x, cos, sin)
            x = block.finish(x, F.scaled_dot_product_attention(q, k, v))
            caches += [F.pad(kept, (0, 0, 0, self.room)) for kept in (k, v)]
        return lm.places(anchors), *caches


class Step(nn.Module):
    """One mask token to the next; its key and value are written into the caches."""

    def __init__(self, lm: MaskLm):
        super().__init__()
        self.lm = lm

    def embed(self, token: Tensor, index: Tensor, places: Tensor) -> Tensor:
        return self.lm.mask_embedding(token) * self.lm.scale + places.index_select(1, index)

    def next(self, x: Tensor) -> Tensor:
        return self.lm.logits(self.lm.norm(x)).argmax(dim=2)

    def forward(self, token: Tensor, index: Tensor, places: Tensor, *caches: Tensor) -> Tensor:
        lm = self.lm
        x, position = self.embed(token, index, places), index + lm.prefix
        cos, sin = lm.cos.index_select(0, position), lm.sin.index_select(0, position)
        # Compiled code wants equal shapes at each step, for all else a shorter cache is less work.
        if torch.compiler.is_compiling():
            length, visible = len(lm.cos), (torch.arange(len(lm.cos)) <= position)[None, None, None]
        else:
            length, visible = int(position) + 1, None
        for block, keys, values in zip(lm.blocks, caches[::2], caches[1::2]):
            q, k, v = block.project(x, cos, sin)
            keys.index_copy_(2, position, k)
            values.index_copy_(2, position, v)
            seen = keys[:, :, :length], values[:, :, :length]
            x = block.finish(x, F.scaled_dot_product_attention(q, *seen, attn_mask=visible))
        return self.next(x)


class ConcatStep(Step):
    """The same with caches that grow."""

    def forward(self, token: Tensor, index: Tensor, places: Tensor, *caches: Tensor):
        lm = self.lm
        x, position = self.embed(token, index, places), index + lm.prefix
        cos, sin = lm.cos.index_select(0, position), lm.sin.index_select(0, position)
        present = []
        for block, keys, values in zip(lm.blocks, caches[::2], caches[1::2]):
            q, k, v = block.project(x, cos, sin)
            kept = torch.cat([keys, k], dim=2), torch.cat([values, v], dim=2)
            x = block.finish(x, F.scaled_dot_product_attention(q, *kept))
            present += kept
        return self.next(x), *present


class OnnxStep(Step):
    """The same with ONNX Runtime's `GroupQueryAttention`, which rotates, and writes into the cache where input and output
    of it share a buffer."""

    def forward(self, token: Tensor, index: Tensor, places: Tensor, *caches: Tensor):
        lm = self.lm
        x = self.embed(token, index, places)
        last = (index + lm.prefix).to(torch.int32)
        length = (last + 1).squeeze(0)
        present = []
        for block, keys, values in zip(lm.blocks, caches[::2], caches[1::2]):
            read, *kept = torch.onnx.ops.symbolic_multi_out(
                "com.microsoft::GroupQueryAttention",
                (block.qkv(block.attention_norm(x)), None, None, keys, values, last, length, lm.cos, lm.sin),
                {"num_heads": lm.heads, "kv_num_heads": lm.heads, "do_rotary": 1},
                dtypes=(x.dtype,) * 3,
                shapes=(x.shape, keys.shape, values.shape),
                version=1,
            )
            x = block.add(x, read)
            present += kept
        return self.next(x), *present


class MaskDecoder(nn.Module):
    """Mask tokens, `[batch, cells]`, to foreground probabilities, `[batch, 1, size, size]`."""

    def __init__(self, mask: dict):
        super().__init__()
        channels, self.patch, self.grid = mask["channels"], mask["patch"], mask["size"] // mask["patch"]
        self.quantizer = nn.ModuleDict({"codebook": nn.Embedding(mask["codes"], mask["code_dim"])})
        self.from_code = nn.Conv2d(mask["code_dim"], channels, 1)
        self.blocks = nn.ModuleList(ResidualBlock(channels) for _ in range(mask["blocks"]))
        self.to_patch = nn.Conv2d(channels, self.patch**2, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        entries = self.quantizer["codebook"](tokens)
        x = self.from_code(entries.transpose(1, 2).unflatten(2, (self.grid, self.grid)))
        for block in self.blocks:
            x = block(x)
        return F.pixel_shuffle(self.to_patch(x), self.patch).sigmoid()


def load_mask_decoder(folder: Path) -> MaskDecoder:
    """Decoder of the mask tokenizer of a bundle, in 32 bits."""
    manifest = json.loads((folder / "manifest.json").read_text())
    decoder = MaskDecoder(manifest["architecture"]["mask"])
    weights = load_file(folder / manifest["shards"][1]["file"])
    fill(decoder, weights, unused=("patch_embed", "patch_hidden", "to_code"))
    return decoder.eval()


def load(folder: Path) -> tuple[nn.Module, MaskLm]:
    """Encoder and language model of a bundle, in 32 bits."""
    architecture = json.loads((folder / "manifest.json").read_text())["architecture"]
    if architecture["lm"]["image_tokens"] != "features":
        raise SystemExit(f"{folder}: image tokens are codes; this script knows models that read features")
    image, lm = architecture["image"], architecture["lm"]
    pretrained = image.get("encoder", "conv") == "efficientnet_lite0"
    grid = architecture["mask"]["size"] // architecture["mask"]["patch"]
    encoder = EfficientNet(image, grid) if pretrained else ImageEncoder(image)
    token_dim = image["fused_dim"] if pretrained else image["channels"][-1]
    model = MaskLm(lm, grid, architecture["mask"]["codes"], token_dim)
    shards = json.loads((folder / "manifest.json").read_text())["shards"]
    fill(encoder, load_file(folder / shards[0]["file"]), unused=("to_code", "from_code", "quantizer", "paint", "to_pixel"))
    fill(model, load_file(folder / shards[2]["file"]), unused=("presence",))
    return encoder.eval(), model.eval()


def fill(module: nn.Module, tensors: dict[str, Tensor], unused: tuple[str, ...] = ()):
    """burn names gains gamma and beta, and keeps the weights of linear layers as `[d_in, d_out]`."""
    state = {}
    for name, tensor in tensors.items():
        if name.startswith(unused) and unused:
            continue
        name = name.removeprefix("net.").replace("gamma", "weight").replace("beta", "bias")
        name = name.replace("attention.", "").replace(".mix.", ".")
        owner = module.get_submodule(name.rpartition(".")[0])
        tensor = tensor.float()
        match owner, tensor.dim():
            case nn.Linear(), 2:
                tensor = tensor.T
            # A matrix for every pixel, or a convolution of every channel by itself.
            case nn.Conv2d(), 2:
                tensor = tensor.T[:, :, None, None]
            case nn.Conv2d(), 3:
                tensor = tensor.permute(2, 0, 1)[:, None]
        state[name] = tensor.contiguous()
    module.load_state_dict(state, strict=True)
