"""The generator of StyleGAN2 (Karras et al. 2020, arXiv:1912.04958): a mapping from z to w, and a synthesis from w.

Both of the paper's shapes (section 4.1): "skip" adds up small pictures of every size, "resnet" adds its blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from render.generators.stylegan2_layers import Convolution, Dense, StyledLayer, ToColours, enlarged, low_pass, unit

Noises = Sequence[Tensor | None]
"""For every styled layer, from the coarsest: (n or 1, 1, h, w), or None for no noise."""


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``.

    channels: at 4, 8, 16 ... pixels. depth: layers of the mapping. shape: "skip" or "resnet". clamp: the largest value
    of an activation, where the model was trained with one (in half precision); 0 for none.
    """

    latent: int = 512
    styles: int = 512
    depth: int = 8
    channels: tuple[int, ...] = (512, 512, 512, 512, 256)
    classes: int = 0
    shape: str = "skip"
    colours: int = 3
    clamp: float = 0.0

    @property
    def size(self) -> int:
        return 2 << len(self.channels)

    @property
    def sizes(self) -> list[int]:
        return [4 << i for i in range(len(self.channels))]

    @property
    def layers(self) -> int:
        """How many times a w is used."""
        return 2 * len(self.channels)

    def channels_at(self, size: int) -> int:
        return self.channels[self.sizes.index(size)]

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"])})


def plan(size: int, base: int = 16384, most: int = 512) -> tuple[int, ...]:
    """Channels at 4, 8 ... `size` pixels: min(base / pixels, most), one at least (Karras et al. 2018, table 2)."""
    return tuple(min(max(base // 2**i, 1), most) for i in range(2, size.bit_length()))


class Mapping(nn.Module):
    """z, and a class, to w. `w_avg` is the mean of all w, to which truncation pulls."""

    w_avg: Tensor

    def __init__(
        self, latent: int, classes: int, styles: int, depth: int, *, average: bool = True, rate: float = 0.01
    ) -> None:
        super().__init__()
        self.depth, self.latent, self.classes = depth, latent, classes
        if classes:
            self.embed = Dense(classes, styles)
        inputs = latent + (styles if classes else 0)
        for i in range(depth):
            self.add_module(f"fc{i}", Dense(inputs if i == 0 else styles, styles, active=True, rate=rate))
        if average:
            self.register_buffer("w_avg", torch.zeros(styles))

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """z (n, latent), classes (n, classes) weights that add up to 1; w (n, styles)."""
        parts = [unit(z)] if self.latent else []
        if self.classes:
            parts.append(unit(self.embed(classes)))
        w = torch.cat(parts, 1)
        for i in range(self.depth):
            w = self.get_submodule(f"fc{i}")(w)
        return w


class Block(nn.Module):
    """One size: from the features and the picture of half the size to those of this."""

    resample_filter: Tensor

    def __init__(self, settings: NetworkSettings, size: int) -> None:
        super().__init__()
        self.size, self.residual = size, settings.shape == "resnet"
        channels, clamp = settings.channels_at(size), settings.clamp or None
        self.register_buffer("resample_filter", low_pass())
        if size == 4:
            self.const = nn.Parameter(torch.randn(channels, 4, 4))
        else:
            before = settings.channels_at(size // 2)
            self.conv0 = StyledLayer(before, channels, settings.styles, size, up=True, clamp=clamp)
            if self.residual:
                self.skip = Convolution(before, channels, 1, bias=False, active=False, resize="up")
        self.conv1 = StyledLayer(channels, channels, settings.styles, size, clamp=clamp)
        self.coloured = not self.residual or size == settings.size
        if self.coloured:
            self.torgb = ToColours(channels, settings.styles, settings.colours, clamp)

    def forward(
        self,
        x: Tensor | None,
        picture: Tensor | None,
        ws: Iterator[Tensor],
        last: Tensor,
        noise: Iterator[Tensor | None],
    ) -> tuple[Tensor, Tensor | None]:
        """ws, noise: the next layer's are taken as they are needed; last: the w of the colours, which the next block's
        first layer shares."""
        if x is None:
            x = self.conv1(self.const.expand(len(last), -1, -1, -1), next(ws), next(noise))
        elif self.residual:
            beside = self.skip(x, math.sqrt(0.5))
            x = self.conv0(x, next(ws), next(noise))
            x = beside + self.conv1(x, next(ws), next(noise), math.sqrt(0.5))
        else:
            x = self.conv1(self.conv0(x, next(ws), next(noise)), next(ws), next(noise))
        if picture is not None:
            picture = enlarged(picture, self.resample_filter)
        if self.coloured:
            colours = self.torgb(x, last)
            picture = colours if picture is None else picture + colours
        return x, picture


class Synthesis(nn.Module):
    """w, one for each layer, to the picture."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.sizes = settings.sizes
        for size in settings.sizes:
            self.add_module(f"b{size}", Block(settings, size))

    def styled(self) -> list[StyledLayer]:
        """The layers that take noise, from the coarsest."""
        blocks = [self.get_submodule(f"b{size}") for size in self.sizes]
        names = ("conv0", "conv1")
        return [getattr(block, name) for block in blocks for name in names if hasattr(block, name)]

    def forward(self, ws: Tensor, noise: Noises) -> Tensor:
        """ws (n, layers, styles), noise for every styled layer; the picture (n, colours, size, size), not clamped."""
        layer, noises = 0, iter(noise)
        x: Tensor | None = None
        picture: Tensor | None = None
        for size in self.sizes:
            used = 1 if size == 4 else 2
            own = [ws[:, layer + i] for i in range(used)]
            layer += used
            x, picture = self.get_submodule(f"b{size}")(x, picture, iter(own), ws[:, layer], noises)
        assert picture is not None
        return picture


class StyleGan2Network(nn.Module):
    """Mapping and synthesis."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.mapping = Mapping(settings.latent, settings.classes, settings.styles, settings.depth)
        self.synthesis = Synthesis(settings)

    def ws(self, z: Tensor, classes: Tensor, psi: Tensor | float = 1.0, below: int | None = None) -> Tensor:
        """One w for each layer, (n, layers, styles), pulled to the mean w by truncation (Karras et al. 2019, B).

        psi: 1 leaves w alone, 0 is the mean; a number, or (n, 1, 1). below: only the layers below this one.
        """
        w = self.mapping(z, classes)[:, None].expand(-1, self.settings.layers, -1)
        pulled = self.mapping.w_avg + psi * (w - self.mapping.w_avg)
        return pulled if below is None else torch.cat([pulled[:, :below], w[:, below:]], 1)

    def constant_noise(self) -> list[Tensor]:
        """The noise that the weights hold, for every styled layer."""
        return [layer.noise_const[None, None] for layer in self.synthesis.styled()]
