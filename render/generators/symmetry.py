"""Noise that is partly its own image, turned by half a circle.

A galaxy looks much the same when it is turned by half a circle: where one arm begins, another begins across the core.
A network that learned from pictures in all orientations treats a place and the one across alike, so noise that is alike
at both grows into a galaxy that is. Only its coarse part is made so: stars, which no symmetry binds, grow from the
rest. The noise stays white, for a block's mean and what deviates from it are independent.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import avg_pool2d

BLOCK = 4
"""Pixels of a side whose mean is coarse."""


def symmetric(noise: Tensor, amount: float) -> Tensor:
    """White noise (n, c, h, w), sides multiples of 4, whose coarse part is correlated by `amount`, 0 to 1, with its own
    image turned by half a circle around the middle.
    """
    if amount == 0:
        return noise
    kept = math.sqrt((1 + math.sqrt(1 - amount**2)) / 2)
    turned = math.sqrt(1 - kept**2)  # kept^2 + turned^2 = 1 keeps the variance, 2 kept turned is the correlation
    coarse = avg_pool2d(noise, BLOCK).repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)
    return noise + (kept - 1) * coarse + turned * coarse.flip(2, 3)
