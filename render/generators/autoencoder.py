"""The autoencoder under the latent variant of the flow family: pictures to a small grid of numbers, and back.

Diffusers' `AutoencoderKL` (Rombach et al. 2022, arXiv:2112.10752), without attention, so that it takes pictures of any
size, and small, since it is trained here. Its latents are brought to a mean of 0 and a spread of 1, channel by channel,
by numbers that are measured at the end of its training and kept among its tensors.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

FAMILY = "autoencoder"
GROUP = 8
"""Channels that are normalised together."""


@dataclass(frozen=True)
class AutoencoderSettings:
    """What the card keeps. latent: channels of the grid; reduce: pixels of a picture for one of it, a power of two;
    width: channels at full size, doubling at every halving, at most four times as many.
    """

    latent: int = 4
    reduce: int = 4
    width: int = 32

    def as_card(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def channels(self) -> tuple[int, ...]:
        halvings = self.reduce.bit_length() - 1
        return tuple(self.width * min(4, 2**level) for level in range(halvings + 1))


class Autoencoder(nn.Module):
    """Encodes and decodes; the buffers `mean` and `spread`, (latent,), are those of the latents it was trained on."""

    mean: Tensor
    spread: Tensor

    def __init__(self, settings: AutoencoderSettings) -> None:
        from diffusers import AutoencoderKL  # here, for most networks of the family need none

        super().__init__()
        self.settings = settings
        levels = len(settings.channels)
        self.network = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=settings.channels,
            layers_per_block=1,
            latent_channels=settings.latent,
            norm_num_groups=settings.width // GROUP,
            mid_block_add_attention=False,
        )
        self.register_buffer("mean", torch.zeros(settings.latent))
        self.register_buffer("spread", torch.ones(settings.latent))

    def distribution(self, pictures: Tensor) -> Any:
        """Pictures in data space, (n, 3, h, w), to diffusers' Gaussian over (n, latent, h / reduce, w / reduce)."""
        return self.network.encode(pictures).latent_dist

    def encode(self, pictures: Tensor) -> Tensor:
        """The Gaussian's mean, normalised."""
        found: Tensor = self.distribution(pictures).mode()
        return (found - self.mean[:, None, None]) / self.spread[:, None, None]

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents to pictures in data space."""
        raw = latents * self.spread[:, None, None] + self.mean[:, None, None]
        pictures: Tensor = self.network.decode(raw).sample
        return pictures
