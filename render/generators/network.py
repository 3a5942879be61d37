"""The velocity network of the flow family: a small U-Net on pictures folded into channels.

A picture of 3 x size x size is folded (space-to-depth) into 3 f^2 channels on a grid of size / f, beside the sketch
(one channel, folded alike) and a plane that says whether there is a sketch. Diffusers' `UNet2DModel` does the rest;
class and source enter as vectors added to its time embedding (Dhariwal & Nichol 2021, arXiv:2105.05233), so classes can
be mixed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from diffusers import UNet2DModel
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``: enough to build the network again.

    fold: pixels per side that become channels. attention: how many of the coarsest levels attend. shift, scale: data
    space is (x - shift) / scale inside the network, so that noise of variance 1 meets pictures of comparable size;
    spread: the standard deviation of pictures there. colour: pixels by which colour is blurred in finished pictures.
    """

    size: int = 96
    fold: int = 4
    channels: tuple[int, ...] = (64, 128, 192)
    layers: int = 1
    attention: int = 2
    head: int = 32
    groups: int = 16
    classes: int = 7
    sources: int = 3
    shift: float = -0.8
    scale: float = 0.6
    spread: float = 0.53
    colour: float = 0.0

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"])})


class FlowNetwork(nn.Module):
    """Predicts the velocity e - x of the straight path from picture to noise."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        area, width = settings.fold**2, settings.channels[0] * 4
        plain = len(settings.channels) - settings.attention
        self.classes = nn.Embedding(settings.classes + 1, width)  # the last row: no class
        self.sources = nn.Embedding(settings.sources + 1, width)
        nn.init.normal_(self.classes.weight, std=0.5)
        nn.init.normal_(self.sources.weight, std=0.5)
        self.unet = UNet2DModel(
            sample_size=settings.size // settings.fold,
            in_channels=3 * area + area + 1,
            out_channels=3 * area,
            block_out_channels=settings.channels,
            layers_per_block=settings.layers,
            norm_num_groups=settings.groups,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * settings.attention,
            up_block_types=("AttnUpBlock2D",) * settings.attention + ("UpBlock2D",) * plain,
            attention_head_dim=settings.head,
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
        )

    def forward(self, x: Tensor, t: Tensor, classes: Tensor, sources: Tensor, sketch: Tensor, drawn: Tensor) -> Tensor:
        """The velocity, (n, 3, h, w).

        x (n, 3, h, w); t (n,) in [0, 1]; classes (n, classes + 1) and sources (n, sources + 1), weights that add up
        to 1, the last column "none"; sketch (n, 1, h, w) in [0, 1]; drawn (n,) 1 where there is a sketch.
        """
        steer = classes @ self.classes.weight + sources @ self.sources.weight  # (n, width)
        ahead, behind, size = self.preconditioning(t)
        fold = self.settings.fold
        grid = pixel_unshuffle(x / size, fold)  # (n, 3 f^2, h/f, w/f)
        lines = pixel_unshuffle(sketch * drawn[:, None, None, None], fold)  # (n, f^2, h/f, w/f)
        plane = drawn[:, None, None, None].expand(-1, 1, *grid.shape[2:])  # (n, 1, h/f, w/f)
        out = self.unet(torch.cat([grid, lines, plane], 1), t * 1000, class_labels=steer).sample
        return ahead * x - behind * pixel_shuffle(out, fold)

    def preconditioning(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """v = ahead x_t - behind F, and the size of x_t, each (n, 1, 1, 1); F is what the U-Net predicts.

        Karras et al. 2022 (arXiv:2206.00364, section 5) on the straight path: F has unit variance, is the picture where
        there is much noise and the noise where there is little, so that the network never has to copy its input.
        """
        t = t[:, None, None, None]
        variance = t**2 + (self.settings.spread * (1 - t)) ** 2
        ahead = (t - self.settings.spread**2 * (1 - t)) / variance
        return ahead, self.settings.spread / variance.sqrt(), variance.sqrt()
