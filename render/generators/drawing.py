"""A drawing as a person made it, to a drawing as the sketch channel knows them.

The networks learned from filled shapes and from lines about two pixels wide, soft at the edge, white on black
(`render/training/sketch.py`). A person draws with any pen, on black or on white paper, on a sheet of any shape: thin
lines would fade away when they are made small, and paper would read as one great galaxy.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, max_pool2d, pad

PEN = 2.5
"""Pixels of the network's grid that a line is at least wide."""
EDGE = 0.8
"""Standard deviation of the softness at a line's edge, in pixels of the network's grid."""
PAPER = 0.5
"""A sheet whose margin is brighter than this is paper, and its drawing is turned over."""
FAINT = 0.02


def steering(drawing: Tensor, size: int) -> Tensor:
    """(1, h, w) in [0, 1] as it was drawn, to (1, size, size) in [0, 1] as the network reads it: 0 sky, 1 light.

    An empty sheet stays empty.
    """
    light = _square(_on_black(drawing))
    peak = light.max()
    if peak < FAINT:
        return torch.zeros(1, size, size)
    pen = round(PEN * light.shape[-1] / size) // 2 * 2 + 1
    broad = max_pool2d(_thin(light, pen)[None], pen, stride=1, padding=pen // 2)[0]
    full = torch.maximum(light, broad)
    small = interpolate(full[None], (size, size), mode="bilinear", antialias=True)[0]
    return (_softened(small, EDGE) / peak).clamp(0, 1)


def as_square(picture: Tensor, size: int) -> Tensor:
    """(c, h, w) to (c, size, size), nothing cut off."""
    square = _square(picture)
    return interpolate(square[None], (size, size), mode="bilinear", antialias=True)[0].clamp(0, 1)


def _on_black(drawing: Tensor) -> Tensor:
    """White on black; what was drawn on paper is turned over."""
    margin = torch.cat([drawing[:, 0], drawing[:, -1], drawing[:, :, 0], drawing[:, :, -1]], dim=1)
    return 1 - drawing if margin.median() > PAPER else drawing


def _square(light: Tensor) -> Tensor:
    """Sky is added at the shorter sides, so that nothing that was drawn is cut off."""
    height, width = light.shape[1:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return pad(light, (left, side - width - left, top, side - height - top))


def _thin(light: Tensor, pen: int) -> Tensor:
    """What is left of the drawing without the parts that are already as broad as the pen (a morphological top-hat)."""
    shrunk = -max_pool2d(-light[None], pen, stride=1, padding=pen // 2)
    return light - torch.minimum(max_pool2d(shrunk, pen, stride=1, padding=pen // 2)[0], light)


def _softened(light: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of (1, h, w)."""
    reach = max(1, round(3 * sigma))
    line = torch.exp(-((torch.arange(-reach, reach + 1, dtype=light.dtype) / sigma) ** 2) / 2)
    line = line / line.sum()
    soft = pad(light[None], (reach,) * 4, mode="replicate")
    return conv2d(conv2d(soft, line.view(1, 1, 1, -1)), line.view(1, 1, -1, 1))[0]


GLOW = (1.0, 2.0, 4.0, 8.0)
"""Standard deviations of the light around what was drawn, in hundredths of a side."""
SHARES = (0.4, 0.25, 0.2, 0.15)


def glow(drawing: Tensor, size: int) -> Tensor:
    """(1, h, w) as it was drawn, to (1, size, size) in [0, 1]: a picture that light could have made, to begin from.

    Diffusion that begins from bare strokes gives scribbles while there is little noise and forgets them when there is
    enough. So every stroke becomes light that falls off around it at several scales, and the middle of what was
    drawn shines most, as a galaxy does.
    """
    lines = steering(drawing, size)
    total = lines.sum()
    if total == 0:
        return lines
    light = torch.stack([s * _peaked(_softened(lines, g * size / 100)) for s, g in zip(SHARES, GLOW, strict=True)])
    grid = torch.arange(size, dtype=lines.dtype)
    row, column = (lines.sum(axis) @ grid / total for axis in (2, 1))
    distance = ((grid[:, None] - row) ** 2 + (grid[None, :] - column) ** 2).sqrt()
    spread = ((lines * distance**2).sum() / total).sqrt().clamp_min(1)
    core = torch.exp(-2 * distance / spread)[None]
    return _peaked(light.sum(0) * (0.5 + core))


def _peaked(light: Tensor) -> Tensor:
    return light / light.max().clamp_min(FAINT)
