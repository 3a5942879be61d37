"""The vae family: a convolutional variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114).

It samples its own prior, N(0, I): noise comes from `render.noise` as it is, not from a wider box. Weights keep the
encoder beside the decoder, so that reconstructions can be drawn too. No batch normalisation: a picture must not depend
on its neighbours, in training either.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from render.generators.decoder import DecoderGenerator

MOST = 8
"""Times the width: the most channels of a stage."""


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``. grid: pixels a side of the coarsest grid; channels: from there up."""

    latent: int = 64
    grid: int = 4
    channels: tuple[int, ...] = (256, 256, 128, 64, 32)
    classes: int = 0

    @property
    def size(self) -> int:
        return self.grid << (len(self.channels) - 1)

    @classmethod
    def of(cls, size: int, grid: int, latent: int, width: int, classes: int) -> NetworkSettings:
        """The plan for a size: `width` channels at full size, doubling at every halving, at most 8 times as many."""
        halvings = int(math.log2(size // grid))
        channels = tuple(width * min(MOST, 2 ** (halvings - i)) for i in range(halvings + 1))
        return cls(latent, grid, channels, classes)

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"])})


def stage(layer: nn.Module, channels: int) -> list[nn.Module]:
    """A layer, normalised over groups of eight channels, and its non-linearity."""
    return [layer, nn.GroupNorm(max(1, channels // 8), channels), nn.SiLU()]


class VaeNetwork(nn.Module):
    """Picture to latent and back."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        up, grid = settings.channels, settings.grid
        down = up[::-1]
        flat = up[0] * grid**2
        encoder = stage(nn.Conv2d(3, down[0], 3, padding=1), down[0])
        decoder: list[nn.Module] = []
        for wide, narrow in pairwise(up):
            decoder += [nn.Upsample(scale_factor=2.0), *stage(nn.Conv2d(wide, narrow, 3, padding=1), narrow)]
        for narrow, wide in pairwise(down):
            encoder += stage(nn.Conv2d(narrow, wide, 4, 2, 1), wide)
        self.encoder = nn.Sequential(*encoder)
        self.found = nn.Linear(flat, 2 * settings.latent)
        self.start = nn.Linear(settings.latent + settings.classes, flat)
        self.decoder = nn.Sequential(*decoder, nn.Conv2d(up[-1], 3, 3, padding=1), nn.Tanh())

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, size, size) to the mean and the log variance of the latent, (n, latent) each."""
        mean, spread = self.found(self.encoder(pictures).flatten(1)).chunk(2, 1)
        return mean, spread.clamp(-20, 10)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """z (n, latent), classes (n, classes) weights that add up to 1; the picture (n, 3, size, size) in [-1, 1]."""
        grid = self.settings.grid
        start = self.start(torch.cat([z, classes], 1)).view(len(z), self.settings.channels[0], grid, grid)
        picture: Tensor = self.decoder(start)
        return picture


class VaeGenerator(DecoderGenerator):
    """A trained `VaeNetwork` behind the generator protocol."""

    @staticmethod
    def build(settings: dict[str, Any]) -> VaeNetwork:
        return VaeNetwork(NetworkSettings.from_card(settings))
