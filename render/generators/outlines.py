"""One body to a picture: what has come off a silhouette is taken away.

A network that draws distances from an outline now and then leaves a tail's end or a foot where the body does not reach
it. An animal is one piece, so smaller parts are moved below the outline; the largest stays as it was drawn.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from render.classify.pixels import components

PART = 0.5
"""A part smaller than this share of the largest one has come off it; of two that are as large neither has."""
MARGIN = 2
"""Pixels around a part in which the field still rises towards it."""


def whole_bodies(fields: Tensor, below: float) -> Tensor:
    """Distances, (n, 1, h, w), positive inside, without small parts. below: what lies a pixel outside an outline."""
    return torch.stack([_whole(field[0], below)[None] for field in fields])


def _whole(field: Tensor, below: float) -> Tensor:
    labels = components((field > below / 2).cpu().numpy())  # what is faint, too: enlarged, it would be a grey stain
    names, areas = np.unique(labels[labels > 0], return_counts=True)
    off = names[areas < PART * areas.max()] if len(names) else names
    if not len(off):
        return field
    parts = torch.from_numpy(np.isin(labels, off)).to(field)
    kept = torch.from_numpy((labels > 0) & ~np.isin(labels, off)).to(field)
    near = max_pool2d(parts[None, None], 2 * MARGIN + 1, 1, MARGIN)[0, 0] * (1 - kept)
    return torch.where(near > 0, field.clamp(max=below), field)
