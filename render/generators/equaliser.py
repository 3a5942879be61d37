"""The equaliser: structure of every fineness as strong as in real pictures, and as different from one to the next.

A network that learned for hours draws some spatial frequencies too strongly and others too weakly, in all pictures of a
class alike: its ellipticals are too mottled, its spirals too smooth. And what it draws is more alike than real pictures
are, of which one was taken in better seeing, or deeper, than another. Both are measured once
(`render.training.equaliser`) and undone here by a convolution, of what is light and of what is colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

REACH = 12
"""Pixels to each side that a pixel is made from, at most."""
MOST = 2.5
"""How many standard deviations a picture's own gain goes from that of its class, at most."""
Gains = Mapping[str, Sequence[Sequence[float]]]


def own_strength(noise: Tensor) -> Tensor:
    """A standard normal number of each picture's own, (n,), from the noise that it begins as, (n, c, h, w).

    It is how much of the noise is a chessboard: the finest structure that there is, which says least of the picture,
    and which symmetric noise keeps. Along a walk on the sphere of noise it goes evenly from one end's to the other's.
    """
    held = noise.detach().to("cpu", torch.float64)
    signs = 1 - 2 * (torch.arange(held.shape[-2])[:, None] + torch.arange(held.shape[-1]) & 1)
    amounts = [float((one * signs).sum()) / math.sqrt(one.numel()) for one in held]
    return torch.tensor(amounts, dtype=torch.float64).clamp(-MOST, MOST)


def equalised(pictures: Tensor, gains: Gains, classes: Tensor, own: Tensor) -> Tensor:
    """(n, 3, h, w), their mean over the channels filtered by `gains["light"]`, what deviates from it by
    `gains["colour"]`, and no change where one is missing.

    gains: a row for each class, of gains from 0 cycles a picture up to Nyquist's, evenly spread; and under "spread" one
    row for all, the standard deviation of a gain's logarithm from picture to picture. classes: (n, classes + 1) weights
    that add up to 1, the last for "none", which is the mean of all; own: (n,) standard normal numbers.
    """
    if not gains:
        return pictures
    light = pictures.mean(dim=1, keepdim=True)
    parts = {"light": light, "colour": pictures - light}
    spread = np.array(gains["spread"][0] if "spread" in gains else 0.0)
    of_picture = np.exp(own.cpu().numpy()[:, None] * spread - spread**2 / 2)  # 1 in the mean over all pictures
    done = [
        _filtered(part, mixed(gains[name], classes) * of_picture) if name in gains else part
        for name, part in parts.items()
    ]
    return done[0] + done[1]


def mixed(rows: Sequence[Sequence[float]], classes: Tensor) -> npt.NDArray[np.float64]:
    """A row for each picture, (n, knots); picture by picture, so that its bits are its own in every batch."""
    weights = classes.cpu().double().numpy()
    shares = weights[:, :-1] + weights[:, -1:] / (weights.shape[1] - 1)
    return np.stack([(share[:, None] * np.array(rows)).sum(0) for share in shares])


def _filtered(pictures: Tensor, rows: npt.NDArray[np.float64]) -> Tensor:
    n, channels, h, w = pictures.shape
    lines = torch.stack([kernel(tuple(row.tolist()), w) for row in rows]).to(pictures)
    edged = pad(pictures, (lines.shape[-1] // 2,) * 4, "replicate")
    done = conv2d(edged.flatten(0, 1)[None], lines.repeat_interleave(channels, 0)[:, None], groups=n * channels)
    return done.view(n, channels, h, w)


@lru_cache(maxsize=64)
def kernel(gains: tuple[float, ...], size: int) -> Tensor:
    """(25, 25), adding up to the first gain, for pictures of `size` pixels; smaller for small ones."""
    reach = min(REACH, size // 2 - 1)
    cycles = np.fft.fftfreq(size, 1 / size)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    near = np.arange(-reach, reach + 1) % size
    whole = np.fft.ifft2(np.interp(radius, np.linspace(0, size / 2, len(gains)), gains)).real
    cut = whole[np.ix_(near, near)]
    return torch.from_numpy((cut + (gains[0] - cut.sum()) / cut.size).astype(np.float32))
