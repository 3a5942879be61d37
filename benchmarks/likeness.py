"""How like its original a published picture is: SSIM and PSNR of its brightness, enlarged to the original's size.

Against the original and not against some smaller picture, so that no way of making it small is favoured. SSIM after
Wang et al. 2004 (IEEE TIP 13, 600), as scikit-image has it: a mean over windows, 1 for the same picture.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

QUALITIES = range(40, 96)
Published = Callable[[Path], tuple[bytes, bytes]]
"""From an original to its large and its small file."""


class Likeness(NamedTuple):
    """The mean over some pictures: SSIM and dB of the large and of the small size, and KiB of the two together."""

    large: float
    small: float
    large_db: float
    small_db: float
    kib: float


def likeness(originals: Sequence[Path], published: Published) -> Likeness:
    """Of these pictures."""
    found = []
    for path in originals:
        with Image.open(path) as opened:
            original = np.asarray(opened.convert("L"))
        files = published(path)
        scores = [_score(original, data) for data in files]
        found.append((*(one[0] for one in scores), *(one[1] for one in scores), sum(map(len, files)) / 1024))
    return Likeness(*(float(value) for value in np.mean(found, axis=0)))


def alike(originals: Sequence[Path], sizes: tuple[int, int], wanted: Likeness) -> int:
    """The WebP quality that comes nearest to a likeness, by the mean SSIM of both sizes, which rises with it."""

    def beyond(quality: int) -> float:
        found = likeness(originals, lambda path: (_webp(path, sizes[0], quality), _webp(path, sizes[1], quality)))
        return found.large + found.small - wanted.large - wanted.small

    reached = bisect_left(QUALITIES, 0.0, key=beyond)
    near = QUALITIES[max(0, reached - 1) : reached + 1]
    return min(near, key=lambda quality: abs(beyond(quality)))


def _webp(path: Path, side: int, quality: int) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as opened:
        small = opened.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    small.save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()


def _score(original: np.ndarray, data: bytes) -> tuple[float, float]:
    with Image.open(io.BytesIO(data)) as opened:
        size = original.shape[::-1]
        shown = np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BICUBIC).convert("L"))
    error = np.mean((shown.astype(float) - original) ** 2)
    return float(structural_similarity(original, shown)), float(10 * np.log10(255**2 / max(error, 1e-9)))
