"""Sketches made from pictures: what a person might have drawn of this galaxy.

Half of the time the generator sees one of two kinds of drawing beside the noisy picture, so that later a visitor's
drawing can steer it: *isophotes*, the blurred picture cut at a few brightness levels as filled shapes are painted, and
*strokes*, the ridges that stand out of their surroundings (arms, bars, edge-on discs, the core), as lines are drawn.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import conv2d, pad

RADIUS = 9


def uniform(n: int, low: float, high: float, generator: Generator) -> Tensor:
    """(n, 1, 1, 1) numbers in [low, high)."""
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator)


def blur(image: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur of (n, 1, h, w) with one sigma in pixels per picture, (n, 1, 1, 1)."""
    n = image.shape[0]
    reach = torch.arange(-RADIUS, RADIUS + 1, dtype=image.dtype)
    kernel = torch.exp(-(reach**2) / (2 * sigma.view(n, 1) ** 2))
    kernel = kernel / kernel.sum(1, keepdim=True)  # (n, 2r+1)
    stack = pad(image.transpose(0, 1), (RADIUS,) * 4, mode="replicate")  # (1, n, h+2r, w+2r)
    stack = conv2d(stack, kernel.view(n, 1, 1, -1), groups=n)
    stack = conv2d(stack, kernel.view(n, 1, -1, 1), groups=n)
    return stack.transpose(0, 1)


def isophotes(light: Tensor, generator: Generator) -> Tensor:
    """The blurred light cut softly at two random levels: 0, about a half, 1."""
    n = light.shape[0]
    smooth = blur(light, uniform(n, 1.0, 4.0, generator))
    peak = smooth.amax((2, 3), keepdim=True).clamp_min(1e-3)
    low = uniform(n, 0.08, 0.35, generator)
    high = low + uniform(n, 0.15, 0.45, generator)
    edge = uniform(n, 15.0, 60.0, generator)
    ratio = smooth / peak
    return (torch.sigmoid(edge * (ratio - low)) + torch.sigmoid(edge * (ratio - high))) / 2


def strokes(light: Tensor, generator: Generator) -> Tensor:
    """Ridges drawn with a brush: a difference of Gaussians inside the galaxy, thresholded against its own spread.

    A person draws the galaxy and perhaps a star or two, never the noise of the sky, so ridges count only where the
    strongly blurred picture is bright.
    """
    n = light.shape[0]
    body = blur(light, uniform(n, 3.0, 5.0, generator))
    peak = body.amax((2, 3), keepdim=True).clamp_min(1e-3)
    body = torch.sigmoid(40 * (body / peak - uniform(n, 0.1, 0.25, generator)))
    fine = uniform(n, 1.0, 2.2, generator)
    ridge = (blur(light, fine) - blur(light, fine * uniform(n, 2.0, 3.5, generator))).clamp_min(0) * body
    spread = (ridge**2 * body).sum((2, 3), keepdim=True) / body.sum((2, 3), keepdim=True).clamp_min(1)
    lines = (ridge > spread.sqrt() * uniform(n, 0.5, 1.5, generator)).to(light.dtype)
    brush = blur(lines, uniform(n, 0.6, 1.6, generator))
    return (brush * uniform(n, 1.2, 2.5, generator)).clamp(0, 1)


def sketches(data: Tensor, generator: Generator) -> Tensor:
    """Drawings, (n, 1, h, w) in [0, 1], of pictures in data space, (n, 3, h, w): half of them each kind."""
    light = ((data.mean(1, keepdim=True) + 1) / 2).clamp(0, 1)
    kind = (torch.rand(data.shape[0], 1, 1, 1, generator=generator) < 0.5).to(data.dtype)
    return kind * isophotes(light, generator) + (1 - kind) * strokes(light, generator)
