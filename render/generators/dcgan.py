"""The dcgan family: Radford et al. 2016 (arXiv:1511.06434), a stage of transposed convolution for every doubling.

The layers stand under the names of PyTorch's well-known tutorial, ``main.0`` and so on, so its generators load as they
are. Channels are `width` before the last stage and double towards the first, but never beyond 8 times `width`: a
generator of 512 px has 16 million parameters at width 64 and 36 million at 96, where a dense first layer alone would
have hundreds. Class labels, where there are any, enter beside the latent (Mirza & Osindero 2014, arXiv:1411.1784).
"""

from __future__ import annotations

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


def stages(size: int, width: int) -> tuple[int, ...]:
    """Channels of the grids of 4, 8, 16 ... size / 2 pixels."""
    count = size.bit_length() - 3  # 64 px: grids of 4, 8, 16, 32
    return tuple(width * min(MOST, 2 ** (count - 1 - i)) for i in range(count))


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``. colours: 3, or 1 for a network of grey pictures."""

    latent: int = 100
    channels: tuple[int, ...] = (512, 256, 128, 64)
    colours: int = 3
    classes: int = 0

    @property
    def size(self) -> int:
        return 4 << len(self.channels)

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"])})


class DcganNetwork(nn.Module):
    """Latent to picture."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        first = settings.channels[0]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(settings.latent + settings.classes, first, 4, 1, 0, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(inplace=True),
        ]
        for before, after in pairwise(settings.channels):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(settings.channels[-1], settings.colours, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """z (n, latent), classes (n, classes) weights that add up to 1; the picture (n, colours, size, size)."""
        picture: Tensor = self.main(torch.cat([z, classes], 1)[:, :, None, None])
        return picture


class DcganGenerator:
    """A trained `DcganNetwork` behind the generator protocol. A conditioning is (n, classes)."""

    def __init__(self, card: Card, network: DcganNetwork, device: str, precision: str) -> None:
        self.card, self.precision, self.device = card, precision, torch.device(device)
        self.network = network.to(self.device).eval().requires_grad_(False)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> DcganGenerator:
        card = load_card(folder)
        network = filled(DcganNetwork(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
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
        return pictures.float().expand(-1, 3, -1, -1).cpu()
