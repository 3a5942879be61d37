"""Stars as sharp as the seeing lets them be.

A star is a point, so its width is that of the camera's and the air's blur. A network that learned for hours draws
bright ones wider than that: it settles them while there is much noise yet. It is mended in finished pictures by an
unsharp mask, where a bright star is and nowhere else, and by a little less light, so that a star becomes narrower and
not higher; the galaxy in the middle keeps its nucleus, which is no point.
"""

from __future__ import annotations

import torch
from torch import Tensor

from render.generators.blur import blurred, evenly, profile

SHARP, SOFT = 0.7, 2.0
"""A point of light stands out by what a picture blurred by the first, in pixels, has beyond the same blurred by the
second."""
FAINT, BRIGHT = 6.0, 9.0
"""Standard deviations of a picture's grain: lower points are left alone, higher ones are sharpened in full."""
AROUND = 1.5
"""Standard deviation of what is sharpened around a point, in pixels."""
FINE, COARSE = 1.0, 3.0
"""Standard deviations of the unsharp mask's blur and of the one that tells a star from what it stands on, in pixels."""
NUCLEUS = 1 / 12
"""Standard deviation of what is left alone in the middle, as a share of a picture's side."""
TO_DEVIATION = 1.4826
"""Of a normal distribution, from the median of absolute deviations."""
LEAST = 1e-9
"""Nothing is divided by less."""


def sharpened(pictures: Tensor, amount: float) -> Tensor:
    """(n, 3, h, w), with `amount` times what a blur takes away from bright points given to them once more, and so much
    of their light taken that they stand out as far as before.
    """
    if amount <= 0:
        return pictures
    bright, around = _bright(pictures), profile(AROUND)
    fine, coarse = (pictures - _spread(pictures, width) for width in (FINE, COARSE))
    more, less = (blurred(bright * _points(part), around, "replicate") for part in (fine, coarse))
    mask = amount * _away(pictures) * blurred(bright, around, "replicate").clamp(max=1)
    return pictures + mask * (fine - (more / less.clamp(min=LEAST)).clamp(0, 1) * coarse)


def _bright(pictures: Tensor) -> Tensor:
    """(n, 1, h, w) from 0, for all that is no bright point of light, to 1."""
    points = _points(pictures)
    middle = points.flatten(1).median(dim=1).values.view(-1, 1, 1, 1)
    grain = TO_DEVIATION * (points - middle).abs().flatten(1).median(dim=1).values.view(-1, 1, 1, 1)
    return ((points / grain.clamp(min=LEAST) - FAINT) / (BRIGHT - FAINT)).clamp(0, 1)


def _points(pictures: Tensor) -> Tensor:
    """(n, 1, h, w): how far light stands out from what is around it."""
    light = pictures.mean(dim=1, keepdim=True)
    return _spread(light, SHARP) - _spread(light, SOFT)


def _spread(planes: Tensor, width: float) -> Tensor:
    return blurred(planes, evenly(profile(width)), "replicate")


def _away(pictures: Tensor) -> Tensor:
    """(h, w) from 0 in the middle of pictures to 1 far away from it."""
    h, w = pictures.shape[-2:]
    y, x = (torch.arange(side, device=pictures.device) - (side - 1) / 2 for side in (h, w))
    return 1 - torch.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * (NUCLEUS * w) ** 2))
