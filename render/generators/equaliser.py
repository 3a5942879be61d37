"""The equaliser: structure of every fineness as strong as in real pictures.

A network that learned for hours draws some spatial frequencies too strongly and others too weakly, in all pictures
alike. That is measured once (`render.training.equaliser`) and undone here by a convolution, of what is light and of
what is colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

REACH = 12
"""Pixels to each side that a pixel is made from, at most."""


def equalised(pictures: Tensor, gains: Mapping[str, Sequence[float]]) -> Tensor:
    """(n, 3, h, w), their mean over the channels filtered by `gains["light"]`, what deviates from it by
    `gains["colour"]`; each the gain at 0, 1, ... cycles a picture up to Nyquist's, and no change where it is missing.
    """
    light = pictures.mean(dim=1, keepdim=True)
    parts = {"light": light, "colour": pictures - light}
    done = [_filtered(part, tuple(gains[name])) if name in gains else part for name, part in parts.items()]
    return done[0] + done[1]


def _filtered(pictures: Tensor, gains: tuple[float, ...]) -> Tensor:
    channels, line = pictures.shape[1], kernel(gains).to(pictures)
    edged = pad(pictures, (len(line) // 2,) * 4, "replicate")
    return conv2d(edged, line.expand(channels, 1, -1, -1), groups=channels)


@lru_cache(maxsize=16)
def kernel(gains: tuple[float, ...]) -> Tensor:
    """(25, 25) that adds up to the first gain. A picture's sides are twice as many pixels as there are cycles; the
    kernel of a small one is smaller.
    """
    size = 2 * (len(gains) - 1)
    reach = min(REACH, size // 2 - 1)
    cycles = np.fft.fftfreq(size, 1 / size)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    whole = np.fft.ifft2(np.interp(radius, np.arange(len(gains)), gains)).real
    near = np.arange(-reach, reach + 1) % size
    cut = whole[np.ix_(near, near)]
    return torch.from_numpy((cut + (gains[0] - cut.sum()) / cut.size).astype(np.float32))
