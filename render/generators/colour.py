"""Colour as coarse as a camera's: what differs from a pixel's mean light is blurred, the light itself is not."""

from __future__ import annotations

from torch import Tensor

from render.generators.blur import blurred, evenly, profile


def blurred_colour(pictures: Tensor, blur: float) -> Tensor:
    """(n, 3, h, w) with the deviation of each channel from their mean blurred by a Gaussian of `blur` pixels."""
    if blur <= 0:
        return pictures
    light = pictures.mean(dim=1, keepdim=True)
    return light + blurred(pictures - light, evenly(profile(blur)), "replicate")
