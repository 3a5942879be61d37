"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv:2006.06676).

With few pictures a judge learns them by heart. When it begins to, what it is shown of real and of made pictures is
changed at random, more often the surer it is.

The changes are those of the paper's appendix B that it found best: mirroring, quarter turns, shifts; scaling, turning,
stretching; brightness, contrast, and turns of the colours. Each is applied with probability p, independently, to each
picture. Generators do not learn them while p is below about 0.8, for then the pictures as they are remain the most
frequent (section 2.2). Pixels between pixels are interpolated linearly, where the original uses longer filters.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample

LARGEST = 0.8
"""Where p ends: beyond, changes leak into what is generated (section 2.2, figure 4)."""


class Amount(nn.Module):
    """How often pictures are changed: p, moved so that the judge's mean sign on real pictures stays at a target.

    state: (3,) float64: p, and the sum and the number of the signs seen since p was last moved.
    """

    state: Tensor

    def __init__(self, target: float, per_picture: float, every: int = 4) -> None:
        """per_picture: how far p moves for each picture that was seen; every: steps between two moves; a target of 0
        leaves p at 0.
        """
        super().__init__()
        self.target, self.per_picture, self.every = target, per_picture, every
        self.register_buffer("state", torch.zeros(3, dtype=torch.float64))

    @property
    def p(self) -> float:
        return float(self.state[0])

    def observe(self, verdicts: Tensor, step: int, pictures: int) -> None:
        """verdicts: the judge's logits of real pictures, (n,); pictures: how many are seen in a step by all."""
        if not self.target:
            return
        self.state[1] += verdicts.detach().sign().sum().double().cpu()
        self.state[2] += len(verdicts)
        if (step + 1) % self.every == 0:
            surer = float(self.state[1] / self.state[2]) > self.target  # r_t of the paper, eq. 1
            moved = self.p + (1 if surer else -1) * self.every * pictures * self.per_picture
            self.state.copy_(torch.tensor([min(max(moved, 0.0), LARGEST), 0.0, 0.0], dtype=torch.float64))


def augmented(pictures: Tensor, p: float, random: torch.Generator) -> Tensor:
    """(n, 3, h, w) in [-1, 1], each change applied with probability p."""
    if p <= 0:
        return pictures
    n, size = len(pictures), pictures.shape[-1]
    moved = geometry(n, size, p, random)[:, :2].to(pictures)
    grid = affine_grid(moved, list(pictures.shape), align_corners=False)
    pictures = grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    matrix = colours(n, p, random).to(pictures)  # (n, 4, 4)
    turned = torch.einsum("nij,njhw->nihw", matrix[:, :3, :3], pictures)
    return turned + matrix[:, :3, 3, None, None]


def geometry(n: int, size: int, p: float, random: torch.Generator) -> Tensor:
    """(n, 3, 3): from a place in the new picture to one in the old, both in [-1, 1]."""
    chance = Chance(n, p, random)
    rotated = 1 - math.sqrt(1 - p)  # two rotations, together with probability p
    mirror = 1 - 2.0 * chance(torch.randint(2, (n,), generator=random).double(), 0.0)
    quarter = chance(torch.randint(4, (n,), generator=random).double(), 0.0) * (math.pi / 2)
    whole = (torch.rand(n, 2, generator=random, dtype=torch.float64) * 2 - 1) * 0.125 * size
    shift = chance(whole.round() * 2 / size, 0.0)
    matrix = scaling(mirror, torch.ones(n)) @ rotation(quarter) @ translation(shift)
    grown = chance(torch.exp2(0.2 * normal(n, random)), 1.0)
    stretched = chance(torch.exp2(0.2 * normal(n, random)), 1.0)
    before = Chance(n, rotated, random)(turn(n, random), 0.0)
    after = Chance(n, rotated, random)(turn(n, random), 0.0)
    matrix = matrix @ scaling(grown, grown) @ rotation(before) @ scaling(stretched, 1 / stretched) @ rotation(after)
    drift = chance(0.125 * 2 * torch.stack([normal(n, random), normal(n, random)], 1), 0.0)
    return matrix @ translation(drift)


def colours(n: int, p: float, random: torch.Generator) -> Tensor:
    """(n, 4, 4) on (red, green, blue, 1): brightness, contrast, and turns around the grey axis."""
    chance = Chance(n, p, random)
    grey = torch.full((3, 3), 1 / 3, dtype=torch.float64)  # onto the axis of greys
    one = torch.eye(3, dtype=torch.float64)
    contrast = chance(torch.exp2(0.5 * normal(n, random)), 1.0)[:, None, None]
    flip = chance(torch.randint(2, (n,), generator=random).double(), 0.0)[:, None, None]
    hue = chance(turn(n, random), 0.0)
    saturation = chance(torch.exp2(normal(n, random)), 1.0)[:, None, None]
    matrix = (grey + saturation * (one - grey)) @ around_grey(hue) @ (one - 2 * flip * grey) * contrast
    whole = torch.zeros(n, 4, 4, dtype=torch.float64)
    whole[:, :3, :3] = matrix
    brightness = chance(0.2 * normal(n, random), 0.0)[:, None]
    whole[:, :3, 3] = (matrix @ torch.ones(3, dtype=torch.float64)) * brightness
    whole[:, 3, 3] = 1
    return whole


class Chance:
    """Values for those that chance picks, something else for the others."""

    def __init__(self, n: int, p: float, random: torch.Generator) -> None:
        self.n, self.p, self.random = n, p, random

    def __call__(self, values: Tensor, otherwise: float) -> Tensor:
        picked = torch.rand(self.n, generator=self.random) < self.p
        return torch.where(picked.view(-1, *[1] * (values.dim() - 1)), values, otherwise)


def normal(n: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, generator=random, dtype=torch.float64)


def turn(n: int, random: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=random, dtype=torch.float64) * 2 - 1) * math.pi


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """(n, 3, 3)"""
    return torch.diag_embed(torch.stack([x.double(), y.double(), torch.ones(len(x), dtype=torch.float64)], 1))


def rotation(angle: Tensor) -> Tensor:
    """(n, 3, 3) in the plane."""
    matrix = torch.eye(3, dtype=torch.float64).repeat(len(angle), 1, 1)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1], matrix[:, 1, 0] = -angle.sin(), angle.sin()
    return matrix


def translation(shift: Tensor) -> Tensor:
    """shift (n, 2); (n, 3, 3)."""
    matrix = torch.eye(3, dtype=torch.float64).repeat(len(shift), 1, 1)
    matrix[:, :2, 2] = shift
    return matrix


def around_grey(angle: Tensor) -> Tensor:
    """(n, 3, 3): rotations of colour space around the axis of greys (Rodrigues)."""
    axis = torch.full((3,), 1 / math.sqrt(3), dtype=torch.float64)
    zero = torch.zeros((), dtype=torch.float64)
    cross = torch.stack([zero, -axis[2], axis[1], axis[2], zero, -axis[0], -axis[1], axis[0], zero]).view(3, 3)
    c, s = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return c * torch.eye(3, dtype=torch.float64) + s * cross + (1 - c) * torch.outer(axis, axis)
