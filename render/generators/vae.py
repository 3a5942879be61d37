"""The vae family: a convolutional variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114).

It samples its own prior, N(0, I): noise comes from `render.noise` as it is, not from a wider box. Weights keep the
encoder beside the decoder, so that reconstructions can be drawn too. No batch normalisation: a picture must not depend
on its neighbours, in training either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from render.generators import Drawings
from render.generators.building import autocast, between, class_rows, filled
from render.weights import Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe

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


class VaeGenerator:
    """A trained `VaeNetwork` behind the generator protocol. A conditioning is (n, classes)."""

    def __init__(self, card: Card, network: VaeNetwork, device: str, precision: str) -> None:
        self.card, self.precision, self.device = card, precision, torch.device(device)
        self.network = network.to(self.device).eval().requires_grad_(False)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> VaeGenerator:
        card = load_card(folder)
        network = filled(VaeNetwork(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
        return cls(card, network, device, precision)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (self.network.settings.latent, 1, 1)

    def condition(self, recipes: Sequence[Recipe]) -> Tensor:
        return class_rows(recipes, self.card).to(self.device)

    def mix(self, a: Tensor, b: Tensor, t: Sequence[float]) -> Tensor:
        return between(a, b, t)

    @torch.inference_mode()
    def images(self, conditioning: Tensor, noise: Tensor) -> Tensor:
        with autocast(self.device, self.precision):
            pictures: Tensor = self.network(noise.to(self.device).flatten(1), conditioning)
        return pictures.float().cpu()
