"""What comes before and after a network, as the engine does it: a picture's file to pixels, probabilities to a mask."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def read(file: Path, case: dict, size: int) -> np.ndarray:
    """`[1, channels, size, size]` of zero mean and unit deviation: cropped, padded to a square, scaled."""
    image = Image.open(file).convert("RGB" if case["channels"] == 3 else "L")
    left, top, width, height = case["window"]
    image = image.crop((left, top, left + width, top + height))
    if case["inverted"]:
        image = ImageOps.invert(image)
    planes = np.asarray(image, dtype=np.float32).reshape(height, width, -1) / 255
    side = max(width, height)
    if width != height:
        square = np.tile(planes.mean(axis=(0, 1)), (side, side, 1))
        across, down = (side - width) // 2, (side - height) // 2
        square[down : down + height, across : across + width] = planes
        planes = square
    scaled = [scale(planes[:, :, channel], size, size) for channel in range(planes.shape[2])]
    pixels = np.stack(scaled)[None]
    return (pixels - pixels.mean()) / max(pixels.std(), 1e-3)


def restore(soft: np.ndarray, case: dict, shape: tuple[int, int]) -> np.ndarray:
    """Probabilities of the square, `[size, size]`, to a mask of the picture, `shape` (rows, columns)."""
    left, top, width, height = case["window"]
    side = max(width, height)
    across, down = (side - width) // 2, (side - height) // 2
    mask = np.zeros(shape, dtype=bool)
    content = scale(soft, side, side)[down : down + height, across : across + width]
    mask[top : top + height, left : left + width] = content > 0.5
    return mask


def scale(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    """A plane of 32-bit numbers at another size, with a triangle filter."""
    return np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))


def read_mask(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("L")) > 0


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """1 for two empty masks."""
    marked = a.sum() + b.sum()
    return 2 * float((a & b).sum()) / float(marked) if marked else 1.0
