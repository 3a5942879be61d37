"""A pool of silhouettes: one channel of distances, bent anew at every step.

There are few silhouettes in the world that may be learned from, and their outline is all that they hold. So each is
turned a little, stretched, sheared, shifted, and bent as a rubber sheet is (Simard et al. 2003, "Best Practices for
Convolutional Neural Networks", ICDAR): a neck higher, a leg further. What is learned is what bodies have in common.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from render.display import DisplayMapping
from render.training.checkpoint import step_generator
from render.training.examples import Batch, Drawn, seen
from render.training.flow import LOOK, FlowSettings, measured_scales
from render.training.sketch import sketches

TURN, STRETCH, SHEAR, SHIFT = math.radians(6), 0.1, 0.08, 0.04
"""Standard deviations: of the angle, of the logarithm of each side's scale, of shear, of the shift in half widths."""
LARGER = 0.25
"""By how much bodies are drawn smaller than they came, so that a bent one does not leave the picture."""
BEND, KNOTS = 0.03, 5
"""How far the sheet's knots move, in half widths, and how many it has to a side."""


@dataclass(frozen=True)
class Outlines(Drawn):
    """Pictures in the display mapping "distance", of which one channel holds everything."""

    mapping: DisplayMapping

    def scales(self, fold: int) -> dict[str, Any]:
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold) | {"colours": 1}

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        data, classes, sources = self.pictures.draw(settings.batch, generator)
        data = bent(data[:, :1], self.mapping.reach, generator)
        cover = (data * self.mapping.contrast(self.size) / 127.5).clamp(-1, 1)
        drawing = sketches(cover, generator)
        drawn = seen(len(data), settings, generator)
        return Batch(data, classes, sources, drawing, drawn)


def bent(data: Tensor, reach: float, generator: torch.Generator) -> Tensor:
    """(n, 1, h, w), each seen through a sheet of its own. Distances are off by as much as the sheet is stretched; the
    outline, where they are 0, is where it should be. reach: the display mapping's. Beyond the picture that came all is
    outside, the farther the more, so that a snout that touched its frame ends round.
    """
    n = len(data)

    def spread(amount: float, count: int = 1) -> Tensor:
        return amount * torch.randn(n, count, generator=generator)

    angle, shear = spread(TURN)[:, 0], spread(SHEAR)[:, 0]
    wide, high = (spread(STRETCH, 2) + LARGER).exp().unbind(1)
    cos, sin = angle.cos(), angle.sin()
    rows = torch.stack([torch.stack([cos * wide, shear - sin * high], 1), torch.stack([sin * wide, cos * high], 1)], 1)
    moved = torch.cat([rows, spread(SHIFT, 2)[:, :, None]], 2)  # (n, 2, 3)
    knots = BEND * torch.randn(n, 2, KNOTS, KNOTS, generator=generator)
    sheet = interpolate(knots, data.shape[-2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    grid = affine_grid(moved, list(data.shape), align_corners=False) + sheet
    beyond: Tensor = torch.linalg.vector_norm((grid.abs() - 1).clamp(min=0), dim=-1)[:, None] / 2  # of the width
    through: Tensor = grid_sample(data, grid, padding_mode="border", align_corners=False)
    return (through - beyond / reach).clamp(min=-1)
