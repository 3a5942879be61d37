"""A pool for networks that draw small pictures first and detail after: whole pictures reduced, and parts in full.

The source's vector, which tells surveys apart elsewhere, tells the two: `WHOLE` or `PART`. See
`render.generators.flow` for how such a network draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from render.generators.network import PART, WHOLE
from render.training.checkpoint import step_generator
from render.training.examples import Batch, Drawn, seen
from render.training.flow import LOOK, FlowSettings, measured_scales
from render.training.sketch import sketches

WHOLE_SHARE = 0.55
"""Of a batch that are whole pictures: what lies where is harder to learn than texture."""


@dataclass(frozen=True)
class Zoomed(Drawn):
    """Pictures of `zoom` times the network's size."""

    zoom: int

    @property
    def source_names(self) -> list[str]:
        return ["whole", "part"]

    @property
    def told_sources(self) -> list[str]:
        return []

    @property
    def size(self) -> int:
        return super().size // self.zoom

    def scales(self, fold: int) -> dict[str, Any]:
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold) | {"zoom": self.zoom}

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        data, classes, _ = self.pictures.draw(settings.batch, generator)
        whole = torch.rand(len(data), generator=generator) < WHOLE_SHARE
        corners = torch.randint(data.shape[-1] - self.size + 1, (len(data), 2), generator=generator).tolist()
        parts = torch.stack([self._part(*one) for one in zip(data, whole.tolist(), corners, strict=True)])
        drawing = sketches(parts, generator)
        drawn = seen(len(data), settings, generator)
        return Batch(parts, classes, torch.where(whole, WHOLE, PART), drawing, drawn)

    def _part(self, picture: Tensor, whole: bool, corner: list[int]) -> Tensor:
        if whole:
            return avg_pool2d(picture[None], self.zoom)[0]
        top, left = corner
        return picture[:, top : top + self.size, left : left + self.size]
