"""The equaliser: structure of every fineness as strong as in real pictures.

A network that learned for hours draws some spatial frequencies too strongly and others too weakly, in all pictures of a
class alike: its ellipticals are too mottled, its spirals too smooth. That is measured once
(`render.training.equaliser`) and undone here by a convolution, of what is light and of what is colour.
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


def equalised(pictures: Tensor, gains: Mapping[str, Sequence[Sequence[float]]], classes: Tensor) -> Tensor:
    """(n, 3, h, w), their mean over the channels filtered by `gains["light"]`, what deviates from it by
    `gains["colour"]`, and no change where one is missing.

    gains: a row for each class, of gains from 0 cycles a picture up to Nyquist's, evenly spread; classes: (n, classes +
    1) weights that add up to 1, the last for "none", which is the mean of all.
    """
    light = pictures.mean(dim=1, keepdim=True)
    parts = {"light": light, "colour": pictures - light}
    done = [_filtered(part, gains[name], classes) if name in gains else part for name, part in parts.items()]
    return done[0] + done[1]


def _filtered(pictures: Tensor, gains: Sequence[Sequence[float]], classes: Tensor) -> Tensor:
    n, channels, h, w = pictures.shape
    of_classes = kernels(tuple(map(tuple, gains)), w).to(pictures)
    shares = classes[:, :-1] + classes[:, -1:] / (classes.shape[1] - 1)
    # a class after the other and not as a product of matrices, so that a picture's bits are its own in every batch
    lines = torch.stack([shares[:, k, None, None] * one for k, one in enumerate(of_classes)]).sum(0)
    edged = pad(pictures, (lines.shape[-1] // 2,) * 4, "replicate")
    done = conv2d(edged.flatten(0, 1)[None], lines.repeat_interleave(channels, 0)[:, None], groups=n * channels)
    return done.view(n, channels, h, w)


@lru_cache(maxsize=16)
def kernels(gains: tuple[tuple[float, ...], ...], size: int) -> Tensor:
    """(classes, 25, 25), each adding up to its first gain, for pictures of `size` pixels; smaller for small ones."""
    reach = min(REACH, size // 2 - 1)
    cycles = np.fft.fftfreq(size, 1 / size)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    near = np.arange(-reach, reach + 1) % size
    made = []
    for row in gains:
        places = np.linspace(0, size / 2, len(row))
        whole = np.fft.ifft2(np.interp(radius, places, row)).real
        cut = whole[np.ix_(near, near)]
        made.append(cut + (row[0] - cut.sum()) / cut.size)
    return torch.from_numpy(np.array(made, dtype=np.float32))
