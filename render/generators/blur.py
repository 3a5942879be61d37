"""Gaussian blur by sums of shifted planes: no convolution, so that a picture's bits are its own in every batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor
from torch.nn.functional import pad

REACH = 4
"""Standard deviations after which a Gaussian is left off."""
Edges = Literal["circular", "replicate"]
"""What lies beyond a plane's edges: its other side, or the edge again."""


def profile(width: float) -> list[float]:
    """A Gaussian along a line of pixels, 1 in the middle; width: its standard deviation, in pixels."""
    reach = math.ceil(REACH * width)
    return [math.exp(-(x**2) / (2 * width**2)) for x in range(-reach, reach + 1)]


def blurred(planes: Tensor, line: Sequence[float], edges: Edges) -> Tensor:
    """(n, c, h, w) with each value spread along its column by `line`, and then along its row. What lines add up to is
    what planes are multiplied by, twice.
    """
    reach = len(line) // 2
    for axis, beyond in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        wide, side = pad(planes, beyond, edges), planes.shape[axis]
        moved = (share * wide.narrow(axis, place, side) for place, share in enumerate(line))
        planes = sum(moved, start=planes.new_zeros(()))
    return planes


def evenly(line: Sequence[float]) -> list[float]:
    """The same, adding up to 1."""
    return [share / sum(line) for share in line]
