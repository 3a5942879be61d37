"""Colour as coarse as a camera's: what differs from a pixel's mean light is blurred, the light itself is not."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

REACH = 4  # standard deviations of the Gaussian


def blurred_colour(pictures: Tensor, blur: float) -> Tensor:
    """(n, 3, h, w) with the deviation of each channel from their mean blurred by a Gaussian of `blur` pixels."""
    if blur <= 0:
        return pictures
    light = pictures.mean(dim=1, keepdim=True)
    reach = max(1, round(REACH * blur))
    line = torch.exp(-((torch.arange(-reach, reach + 1) / blur) ** 2) / 2).to(pictures)
    line = (line / line.sum()).expand(3, 1, -1)
    colour = pad(pictures - light, (reach, reach, reach, reach), "replicate")
    colour = conv2d(colour, line[:, :, None, :], groups=3)
    return light + conv2d(colour, line[:, :, :, None], groups=3)
