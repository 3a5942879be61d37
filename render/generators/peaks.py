"""Noise whose highest peaks are raised, for stars to grow from.

A star is a spike of light, and spikes are what a network gives up first: one whose coarse levels carry less than the
noise that they are given draws fields with too few stars in them, and none that is bright. Where noise happens to be
highest a star grows most easily, so there it is lifted a little further, and lowered around as much as it was lifted:
else there would be light in the sky that galaxies seem to reach into. Nothing is thrown: which places are high is a
matter of the noise alone, and as it changes along a walk, so do they, without a jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from render.generators.blur import blurred, profile

HOLLOW = 2.0
"""How many times wider than a star the hollow around it is."""


@dataclass(frozen=True)
class Peaks:
    """width: standard deviation of a star's light, in pixels. above: how many standard deviations noise, blurred by as
    much, has to be high. by: by how many of its own the light is lifted there, for each by which it is higher.
    """

    width: float
    above: float
    by: float


def raised(noise: Tensor, peaks: Peaks | None) -> Tensor:
    """White noise (n, c, h, w), lifted in all channels alike by a Gaussian at each of its peaks, and lowered by a wider
    one, so that its mean stays; edges meet across the picture.
    """
    if peaks is None:
        return noise
    line, broad = profile(peaks.width), profile(HOLLOW * peaks.width)
    channels = noise.shape[1]
    light = noise.mean(1, keepdim=True) * math.sqrt(channels)
    high = blurred(light, line, "circular") / sum(share**2 for share in line) - peaks.above
    lift = blurred(high.clamp(min=0), line, "circular")
    return noise + (lift - blurred(lift, broad, "circular") / sum(broad) ** 2) * (peaks.by / math.sqrt(channels))
