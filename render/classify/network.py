"""The classifier's network: a small residual net over space-to-depth, made to be trained and run on two CPU cores.

It answers in Hubble stages (18 of them); a class is the sum of its stages, so that neighbouring stages, about which the
experts differ themselves, teach each other. More attributes are learned than are shown: what an expert saw of arms,
bulge and knots is a better teacher than the type alone (Caruana 1997, Machine Learning 28, 41).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from render.classify.classes import CLASS_OF_STAGE, CLASSES, STAGES

HEADS = 13  # the four attributes that are shown, then nine that only teach


@dataclass(frozen=True)
class ClassifierSettings:
    """Shape of one member of the ensemble; goes into the card's [network]."""

    width: int = 32
    size: int = 64  # pictures are brought to this many pixels
    members: int = 4

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016), halving the size when the width grows."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.stride = 1 if width == width_in else 2
        self.first = nn.Conv2d(width_in, width, 3, self.stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Identity() if width == width_in else nn.Conv2d(width_in, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.second(relu(self.norm(self.first(x)))))
        x = avg_pool2d(x, 2) if self.stride == 2 else x
        return relu(y + self.shortcut(x))


class ClassifierNetwork(nn.Module):
    """Pictures in data space, (n, 3, s, s), to stage logits (n, 18) and attribute logits (n, 13)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(16, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        shapes = [(1, 1), (1, 2), (2, 2), (2, 4), (4, 4)]
        self.blocks = nn.Sequential(*[Block(a * width, b * width) for a, b in shapes])
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(8 * width, len(STAGES) + HEADS)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        n, _, h, w = pictures.shape
        y, x = torch.linspace(-1, 1, h).view(-1, 1), torch.linspace(-1, 1, w).view(1, -1)
        radius = (x**2 + y**2).to(pictures).expand(n, 1, h, w)  # tells the galaxy in the middle from its neighbours
        inputs = torch.cat([pictures, radius], dim=1).contiguous(memory_format=torch.channels_last)
        features = self.blocks(self.stem(inputs))  # (n, 4 * width, s / 8, s / 8)
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        out = self.head(self.drop(pooled))
        return out[:, : len(STAGES)], out[:, len(STAGES) :]


def class_logits(stages: Tensor) -> Tensor:
    """Stage logits (n, 18) to class logits (n, 7): a class' odds are the sum of its stages' odds."""
    columns = torch.tensor(CLASS_OF_STAGE)
    return torch.stack([stages[:, columns == c].logsumexp(dim=1) for c in range(len(CLASSES))], dim=1)


def symmetries(pictures: Tensor) -> Tensor:
    """The eight rotations and mirrors of each picture: (n, c, s, s) to (8, n, c, s, s)."""
    turned = [torch.rot90(pictures, k, (2, 3)) for k in range(4)]
    return torch.stack(turned + [t.flip(3) for t in turned])


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures of any size to the network's, without aliasing: large ones by way of half as much again."""
    half_again = size * 3 // 2
    if pictures.shape[-1] > half_again:
        pictures = interpolate(pictures, size=(half_again, half_again), mode="bilinear", antialias=True)
    return interpolate(pictures, size=(size, size), mode="bilinear", align_corners=False)
