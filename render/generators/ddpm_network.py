"""The U-Net of lucidrains' denoising-diffusion-pytorch 0.5.2 to 0.6.6, written anew from its layout.

Layers stand under the names of its checkpoints. What is unlike other U-Nets: no first convolution, linear attention
behind a gate that began at nought (ReZero, Bachlechner et al. 2020, arXiv:2003.04887), time added between a block's two
halves, and a skip from the finest grid that is kept and never used.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

HEADS, HEAD = 4, 32


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``: width, and its multiples on every grid, the finest first."""

    width: int = 64
    multiples: tuple[int, ...] = (1, 2, 4, 8)
    colours: int = 3

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "multiples": list(self.multiples)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "multiples": tuple(values["multiples"])})


class Block(nn.Module):
    """Convolution, group norm, Mish."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(8, after), nn.Mish())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out


class ResBlock(nn.Module):
    """Two blocks with the time between them, and a way around."""

    def __init__(self, before: int, after: int, time: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Mish(), nn.Linear(time, after))
        self.block1, self.block2 = Block(before, after), Block(after, after)
        self.res_conv = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.block1(x) + self.mlp(time)[:, :, None, None]  # (n, after, h, w)
        out: Tensor = self.block2(h) + self.res_conv(x)
        return out


class LinearAttention(nn.Module):
    """Attention whose keys are normalised over positions, so that it costs as much as there are positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_qkv = nn.Conv2d(width, 3 * HEADS * HEAD, 1, bias=False)
        self.to_out = nn.Conv2d(HEADS * HEAD, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        q, k, v = self.to_qkv(x).view(n, 3, HEADS, HEAD, height * width).unbind(1)  # (n, heads, head, h w) each
        context = k.softmax(dim=-1) @ v.transpose(-1, -2)  # (n, heads, head, head)
        out: Tensor = self.to_out((context.transpose(-1, -2) @ q).reshape(n, -1, height, width))
        return out


class Gate(nn.Module):
    """A layer's output by one learned factor."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn
        self.g = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.fn(x) * self.g)


class Residual(nn.Module):
    """A way around a layer."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(x + self.fn(x))


class Resample(nn.Module):
    """Half the grid, or twice."""

    def __init__(self, width: int, up: bool) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(width, width, 4, 2, 1) if up else nn.Conv2d(width, width, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return out


class DdpmNetwork(nn.Module):
    """The noise in a noisy picture."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        grids = [width * multiple for multiple in settings.multiples]
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.Mish(), nn.Linear(4 * width, width))
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        for place, (before, after) in enumerate(zip([settings.colours, *grids], grids, strict=False)):
            last = place == len(grids) - 1
            down = nn.Identity() if last else Resample(after, up=False)
            self.downs.append(self._level(before, after, down))
        self.mid_block1 = ResBlock(grids[-1], grids[-1], width)
        self.mid_attn = Residual(Gate(LinearAttention(grids[-1])))
        self.mid_block2 = ResBlock(grids[-1], grids[-1], width)
        for after, before in reversed(list(itertools.pairwise(grids))):
            self.ups.append(self._level(2 * before, after, Resample(after, up=True)))
        self.final_conv = nn.Sequential(Block(width, width), nn.Conv2d(width, settings.colours, 1))

    def _level(self, before: int, after: int, resample: nn.Module) -> nn.ModuleList:
        time = self.settings.width
        attention = Residual(Gate(LinearAttention(after)))
        return nn.ModuleList([ResBlock(before, after, time), ResBlock(after, after, time), attention, resample])

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x (n, colours, h, w), h and w multiples of the coarsest grid; t (n,) whole steps; the noise, as x."""
        time = self.mlp(sinusoids(t, self.settings.width))  # (n, width)
        kept = []
        for level in self.downs:
            first, second, attention, down = parts(level)
            x = attention(second(first(x, time), time))
            kept.append(x)
            x = down(x)
        x = self.mid_block2(self.mid_attn(self.mid_block1(x, time)), time)
        for level in self.ups:
            first, second, attention, up = parts(level)
            x = up(attention(second(first(torch.cat([x, kept.pop()], 1), time), time)))
        out: Tensor = self.final_conv(x)
        return out


def parts(level: nn.Module) -> list[nn.Module]:
    """Two blocks, attention, and what changes the grid."""
    return list(level.children())


def sinusoids(t: Tensor, width: int) -> Tensor:
    """(n,) to (n, width): sines, then cosines, of frequencies from 1 to 1/10,000."""
    half = width // 2
    rate = torch.exp(torch.arange(half, device=t.device, dtype=torch.float32) * -(math.log(10_000) / (half - 1)))
    angle = t.float()[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)
