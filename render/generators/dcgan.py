"""The dcgan family: Radford et al. 2016 (arXiv:1511.06434), a stage of transposed convolution for every doubling.

The layers stand under the names of PyTorch's well-known tutorial, ``main.0`` and so on, so its generators load as they
are. Channels are `width` before the last stage and double towards the first, but never beyond 8 times `width`: a
generator of 512 px has 16 million parameters at width 64 and 36 million at 96, where a dense first layer alone would
have hundreds. Class labels, where there are any, enter beside the latent (Mirza & Osindero 2014, arXiv:1411.1784).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from render.generators.decoder import DecoderGenerator

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


class DcganGenerator(DecoderGenerator):
    """A trained `DcganNetwork` behind the generator protocol."""

    @staticmethod
    def build(settings: dict[str, Any]) -> DcganNetwork:
        return DcganNetwork(NetworkSettings.from_card(settings))
