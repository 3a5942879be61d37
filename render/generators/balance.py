"""Galaxies as even around their nucleus as real ones are.

A galaxy turned by half a circle about its nucleus looks much the same, the nearer to it the more: what is left when the
turned picture is taken from it is its asymmetry (Conselice 2003, doi:10.1086/375001). A network that learned for hours
draws nuclei beside the middle of their disc and discs that are bent around them, twice as uneven within some pixels as
real ones. Noise that is its own image, turned (`render.generators.symmetry`), knows nothing of where a nucleus will be.
So the uneven part is taken back in finished pictures, about the nucleus that was drawn, by as much as it is too strong
at each distance from it (`render.training.balance`). Stars and companions, which have no image across, stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from render.generators.blur import blurred, evenly, profile
from render.generators.equaliser import mixed

Floats = npt.NDArray[np.float64]
EDGES = (0, 1 / 32, 5 / 96, 1 / 12, 1 / 8, 17 / 96, 1 / 4)
"""Distances from the nucleus, as shares of a picture's side, between which an uneven part is told."""
SOFT = 1.0
"""Standard deviation of the blur after which a nucleus is looked for, in pixels."""
ABOUT, CLOSE = 5.0, 3.0
"""Standard deviations, in pixels, of where a nucleus is looked for around a picture's middle, and then around what was
found, so often:"""
TIMES = 4
FIRST, THEN = 16, 8
"""Powers of the light by which places count: the brightest one nearly alone, and still none jumps along a walk."""
LONE, INNER, WITHIN = 0.1, 0.5, 5.0
"""In data space, how uneven a place is that is left alone, for it is another thing; how much more near the nucleus; and
the standard deviation of "near", in pixels."""
LEAST = 1e-9
"""Nothing is divided by less."""


def balanced(pictures: Tensor, kept: Sequence[Sequence[float]], classes: Tensor, free: Tensor) -> Tensor:
    """(n, 3, h, w) on the CPU with `kept` of what is uneven about each one's nucleus: for each class a share for each
    pair of `EDGES`, 1 from the last on. classes: (n, classes + 1) weights as those of the equaliser; free: (n,) from 0
    to 1, how much of a picture is left alone. Without `kept` nothing changes.
    """
    if not kept:
        return pictures
    shares = mixed(kept, classes)
    shares = 1 - (1 - shares) * (1 - free.cpu().double().numpy()[:, None])
    done = [_balanced(picture.double(), share) for picture, share in zip(pictures, shares, strict=True)]
    return torch.stack(done).to(pictures)


def uneven(picture: Tensor) -> tuple[Tensor, Floats]:
    """Half of what is left of a picture, (3, h, w), when its image, turned about its nucleus, is taken from it; and how
    far each pixel, (h, w), is away from the nucleus.
    """
    light = picture.mean(dim=0)
    row, column = nucleus(light)
    h, w = light.shape
    away = np.hypot((np.arange(h) - row)[:, None], (np.arange(w) - column)[None])
    return (picture - _turned(picture, row, column)) / 2, away


def nucleus(light: Tensor) -> tuple[float, float]:
    """Row and column of the brightest place about the middle of a picture's light, (h, w), between pixels."""
    h, w = light.shape
    soft = blurred(light[None, None], evenly(profile(SOFT)), "replicate")[0, 0].numpy()
    lit = (soft - np.median(soft)).clip(min=0)
    down, right = np.arange(h)[:, None], np.arange(w)[None]
    row, column = (h - 1) / 2, (w - 1) / 2
    for power, reach in [(FIRST, ABOUT), *[(THEN, CLOSE)] * TIMES]:
        near = np.exp(-((down - row) ** 2 + (right - column) ** 2) / (2 * reach**2))
        weights = near * (lit / max((lit * near).max(), LEAST)) ** power
        if weights.sum() > LEAST:
            row, column = ((weights * place).sum() / weights.sum() for place in (down, right))
    return float(row), float(column)


def _balanced(picture: Tensor, share: Floats) -> Tensor:
    odd, away = uneven(picture)
    strong = blurred(odd.mean(dim=0).abs()[None, None], evenly(profile(SOFT)), "replicate")[0, 0].numpy()
    alone = LONE + INNER * np.exp(-((away / WITHIN) ** 2) / 2)
    edges = np.array(EDGES) * picture.shape[-1]
    places, shares = [*(edges[1:] + edges[:-1]) / 2, 2 * edges[-1] - edges[-2]], [*share, 1.0]
    taken = (1 - np.interp(away, places, shares)) / (1 + (strong / alone) ** 4)
    return picture - torch.from_numpy(taken) * odd


def _turned(picture: Tensor, row: float, column: float) -> Tensor:
    """By half a circle about a place between pixels, by cubic convolution.

    Keys 1981, doi:10.1109/TASSP.1981.1163711.
    """
    for axis, middle in ((1, row), (2, column)):
        side, whole = picture.shape[axis], math.floor(2 * middle)
        between = 2 * middle - whole
        turned = whole - torch.arange(side)
        picture = sum(
            (
                _cubic(abs(between - step)) * picture.index_select(axis, (turned + step).clamp(0, side - 1))
                for step in (-1, 0, 1, 2)
            ),
            start=picture.new_zeros(()),
        )
    return picture


def _cubic(far: float) -> float:
    """How much a pixel counts that lies so far away, in pixels."""
    if far <= 1:
        return 1.5 * far**3 - 2.5 * far**2 + 1
    return -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2 if far < 2 else 0.0
