"""The copy-detection network: a small picture to a point on a sphere, the same point for every copy of one galaxy.

It is trained by telling single pictures apart under heavy distortion (instance discrimination: Wu et al. 2018,
arXiv:1805.01978; as a detector of copies: Pizzi et al. 2022, arXiv:2202.10261), so what it keeps is what makes *this*
galaxy this one, not its class.

What need not be learned is built in. The picture is centred on its own light and unrolled into log-polar coordinates,
so that turning it moves it around a ring (Esteves et al. 2018, arXiv:1709.01889) and zooming moves it along the radius;
each channel is divided by its own size, so that brightness and colour balance fall out. About 0.02 GFLOP a view.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, normalize, pad

INNER = 1.5  # pixels: the radius of the first ring


@dataclass(frozen=True)
class CopyNetworkSettings:
    """What the card keeps under ``[network]``.

    size: pixels a side that a picture is brought to; rings, spokes: of the log-polar view; features: of the answer.
    """

    size: int = 64
    rings: int = 32
    spokes: int = 96
    channels: tuple[int, ...] = (24, 48, 96)
    features: int = 64

    def as_card(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> CopyNetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"])})


class Ring(nn.Module):
    """A convolution on (radius, angle): the angle closes on itself, the radius ends."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.pad = (kernel - 1) // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=(self.pad, 0))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(pad(x, (self.pad, self.pad, 0, 0), mode="circular"))
        return y


class CopyNetwork(nn.Module):
    """Views as `unrolled` makes them, (n, 6, rings, spokes), to unit vectors (n, features).

    GroupNorm, because batch statistics would let the two views of a picture recognise each other by their batch.
    """

    def __init__(self, settings: CopyNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        a, b, c = settings.channels
        self.body = nn.Sequential(
            Ring(6, a, 4, 2),
            nn.GroupNorm(8, a),
            nn.ReLU(),
            Ring(a, b, 3, 2),
            nn.GroupNorm(8, b),
            nn.ReLU(),
            Ring(b, c, 3, 2),
        )
        self.residual = nn.Sequential(nn.GroupNorm(8, c), nn.ReLU(), Ring(c, c, 3, 1))
        self.last = nn.Sequential(nn.GroupNorm(8, c), nn.ReLU())
        with torch.no_grad():
            radii = self.body(torch.zeros(1, 6, settings.rings, settings.spokes)).shape[2]
        self.head = nn.Sequential(nn.Linear(2 * c * radii, 2 * c), nn.ReLU(), nn.Linear(2 * c, settings.features))

    def forward(self, x: Tensor) -> Tensor:
        grid = self.body(x)  # (n, c, rings / 8, spokes / 8)
        grid = self.last(grid + self.residual(grid))
        pooled = torch.cat([grid.mean(3), grid.amax(3)], dim=1)  # (n, 2c, rings / 8): nothing knows of the angle
        return normalize(self.head(pooled.flatten(1)), dim=1)


def shrink(data: Tensor, size: int) -> Tensor:
    """Data space, (n, 3, h, w), to light above the sky in [0, 1] at (n, 3, size, size)."""
    light = ((data.float() + 1) / 2).clamp(0, 1)
    if light.shape[-2:] == (size, size):
        return light
    return interpolate(light, size=(size, size), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def centre(light: Tensor, rounds: int = 4) -> Tensor:
    """Where the light's middle is, (n, 2) as x, y in grid coordinates (-1 to 1): a mean that a window follows.

    The window (a Gaussian of a quarter of the width) keeps a bright star at the edge from pulling the centre away.
    """
    n, _, size, _ = light.shape
    axis = (torch.arange(size, device=light.device) + 0.5) / size * 2 - 1
    weight = light.mean(1) ** 2  # (n, s, s)
    middle = torch.zeros(n, 2, device=light.device)
    for _ in range(rounds):
        column = torch.exp(-((axis[None] - middle[:, :1]) ** 2) / (2 * 0.3**2))  # (n, s)
        row = torch.exp(-((axis[None] - middle[:, 1:]) ** 2) / (2 * 0.3**2))
        windowed = weight * column[:, None, :] * row[:, :, None]
        total = windowed.sum((1, 2)).clamp_min(1e-6)
        middle = torch.stack([(windowed.sum(1) * axis).sum(1), (windowed.sum(2) * axis).sum(1)], dim=1) / total[:, None]
        middle = middle.clamp(-0.25, 0.25)
    return middle


@cache
def polar_grid(size: int, rings: int, spokes: int) -> Tensor:
    """(rings, spokes, 2): x, y of every sample about the centre, in grid coordinates; radii grow by a factor."""
    radius = INNER * (size / 2 / INNER) ** (torch.arange(rings) / (rings - 1)) * 2 / size
    angle = torch.arange(spokes) * (2 * math.pi / spokes)
    return torch.stack([radius[:, None] * torch.cos(angle), radius[:, None] * torch.sin(angle)], dim=-1)


def unrolled(light: Tensor, affine: Tensor, settings: CopyNetworkSettings) -> Tensor:
    """Light (n, 3, s, s) seen through `affine` (n, 2, 3) as the network reads it, (n, 6, rings, spokes).

    Three channels over their own mean, compressed, and the same three less their mean along each ring: what breaks the
    symmetry (arms, bars, stars in the field) is what tells galaxies apart.
    """
    grid = polar_grid(settings.size, settings.rings, settings.spokes).to(light.device)
    points = torch.einsum("nij,rsj->nrsi", affine[:, :, :2], grid) + affine[:, None, None, :, 2]
    samples = grid_sample(light, points, padding_mode="zeros", align_corners=False)  # (n, 3, rings, spokes)
    size = samples.mean((2, 3), keepdim=True) + 0.01
    levels = torch.log1p(2 * samples.clamp_min(0) / size)
    uneven = levels - levels.mean(3, keepdim=True)
    uneven = uneven / (uneven.square().mean((2, 3), keepdim=True).sqrt() + 0.05)
    return torch.cat([levels - 1, uneven.clamp(-4, 4)], dim=1)


def both_hands(light: Tensor, settings: CopyNetworkSettings, zoom: float = 1.0) -> Tensor:
    """A picture's views, centred: (n, 3, s, s) -> (2n, 6, rings, spokes), as it is and mirrored."""
    middle = centre(light)
    plain = zoom * torch.eye(2, device=light.device).expand(len(light), 2, 2)
    mirror = plain * torch.tensor([[-1.0], [1.0]], device=light.device)
    views = [unrolled(light, torch.cat([turn, middle[:, :, None]], dim=2), settings) for turn in (plain, mirror)]
    return torch.stack(views, dim=1).flatten(0, 1)


@torch.inference_mode()
def features(network: CopyNetwork, data: Tensor, zoom: float = 1.0) -> Tensor:
    """Pictures in data space, (n, 3, h, w), to features (n, features): the mean over both hands, unit length.

    Each picture is a batch of its own (its two views), so an answer cannot depend on what else was asked.
    """
    settings = network.settings
    device = next(network.parameters()).device
    out = torch.empty(len(data), settings.features)
    for i, picture in enumerate(data):
        views = both_hands(shrink(picture[None].to(device), settings.size), settings, zoom)
        out[i] = normalize(network(views).mean(0), dim=0).cpu()
    return out
