"""Laying one picture upon another: is it the same one, turned, mirrored, zoomed, shifted?

The network finds candidates; this looks at each of them as a person with two transparencies would. Coarse: correlation
over angle (by FFT), radius and both hands in log-polar coordinates (Reddy & Chatterji 1996, IEEE TIP 5, 1266). Fine:
Gauss-Newton on angle, zoom and shift (Lucas & Kanade 1981). What remains is how well they agree, at three scales.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

from render.evidence.network import CopyNetworkSettings, centre, unrolled

RING_SHIFTS = 3  # rings either way: zoom up to a third
ROUNDS = 8
STEPS = (0.02, 0.02, 0.01, 0.01)  # of angle, log zoom, x, y: for the derivatives


def coarse(query: Tensor, candidates: Tensor, settings: CopyNetworkSettings) -> Tensor:
    """query (3, s, s), candidates (k, 3, s, s) -> affine (k, 2, 3) from the query's frame to each candidate's."""
    light = torch.cat([query[None], candidates])
    middle = centre(light)
    plain = torch.eye(2, device=light.device).expand(len(light), 2, 2)
    maps = unrolled(light, torch.cat([plain, middle[:, :, None]], dim=2), settings)[:, 3:]  # (k + 1, 3, rings, spokes)
    weight = torch.linspace(0.3, 1, settings.rings, device=light.device)[:, None]
    asks, held = maps[0] * weight, maps[1:] * weight
    hands = torch.stack([asks, asks.flip(2).roll(1, 2)])  # mirroring y turns spoke j into spoke -j
    waves = torch.fft.rfft(hands)  # (2, 3, rings, f)
    stored = torch.fft.rfft(held)  # (k, 3, rings, f)
    found = []
    for shift in range(-RING_SHIFTS, RING_SHIFTS + 1):
        low, high = max(0, shift), settings.rings + min(0, shift)
        a, b = waves[:, :, low - shift : high - shift], stored[:, :, low:high]
        norm = (
            hands[:, :, low - shift : high - shift].square().sum((1, 2, 3))[None]
            * held[:, :, low:high].square().sum((1, 2, 3))[:, None]
        )
        product = torch.einsum("hcrf,kcrf->khf", a.conj(), b)
        found.append(torch.fft.irfft(product, settings.spokes) / norm.clamp_min(1e-6).sqrt()[:, :, None])
    best = torch.stack(found, dim=1).flatten(1).argmax(1)  # (k,) over (shift, hand, spoke)
    spoke, hand = best % settings.spokes, best // settings.spokes % 2
    along = best // (2 * settings.spokes) - RING_SHIFTS
    ratio = torch.log(torch.tensor(settings.size / 3.0)) / (settings.rings - 1)
    values = torch.stack([spoke * (2 * torch.pi / settings.spokes), along * ratio], dim=1)
    start = torch.zeros(len(candidates), 4, device=light.device)
    start[:, :2] = values
    flip = torch.where(hand > 0, -1.0, 1.0)
    start[:, 2:] = middle[1:] - move(start, flip, middle[:1].expand(len(candidates), 2))
    return torch.cat([start, flip[:, None]], dim=1)


def linear(values: Tensor, flip: Tensor) -> Tensor:
    """Angle and log zoom (k, >=2), flip (k,) -> (k, 2, 2)."""
    scale = torch.exp(values[:, 1])
    cos, sin = torch.cos(values[:, 0]) * scale, torch.sin(values[:, 0]) * scale
    return torch.stack([torch.stack([cos, -sin * flip], 1), torch.stack([sin, cos * flip], 1)], dim=1)


def move(values: Tensor, flip: Tensor, points: Tensor) -> Tensor:
    return torch.einsum("kij,kj->ki", linear(values, flip), points)


def warped(candidates: Tensor, values: Tensor, flip: Tensor) -> Tensor:
    """The candidates as they look in the query's frame, (k, c, s, s)."""
    affine = torch.cat([linear(values, flip), values[:, 2:4, None]], dim=2)
    grid = affine_grid(affine, list(candidates.shape), align_corners=False)
    return grid_sample(candidates, grid, align_corners=False)


def levels(light: Tensor) -> Tensor:
    """Each channel over its own mean, compressed: what brightness and colour balance leave alone."""
    return torch.log1p(2 * light / (light.mean((2, 3), keepdim=True) + 0.01))


def smooth(x: Tensor, width: int) -> Tensor:
    """A box of odd width, twice."""
    for _ in range(2):
        x = avg_pool2d(x, width, stride=1, padding=width // 2, count_include_pad=False)
    return x


def agreement(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Correlation coefficient over channels and pixels within a mask, (k,)."""
    total = mask.sum((1, 2, 3)).clamp_min(1)
    a = (a - (a * mask).sum((2, 3), keepdim=True) / total[:, None, None, None]) * mask
    b = (b - (b * mask).sum((2, 3), keepdim=True) / total[:, None, None, None]) * mask
    product = (a * b).sum((1, 2, 3))
    return product / (a.square().sum((1, 2, 3)) * b.square().sum((1, 2, 3))).clamp_min(1e-9).sqrt()


def bands(x: Tensor) -> Tensor:
    """Fine structure and middle structure side by side, (k, 2c, s, s): without the broad light that galaxies share."""
    near, wide = smooth(x, 3), smooth(x, 11)
    return torch.cat([x - near, near - wide], dim=1)


@torch.inference_mode()
def agreements(query: Tensor, candidates: Tensor, settings: CopyNetworkSettings) -> Tensor:
    """query (3, s, s), candidates (k, 3, s, s), in [0, 1] -> (k, 3): broad, middle and fine agreement, -1 to 1."""
    placed = coarse(query, candidates, settings)
    values, flip = placed[:, :4], placed[:, 4]
    k, size = len(candidates), query.shape[-1]
    axis = (torch.arange(size, device=query.device) + 0.5) / size * 2 - 1
    inside = ((axis[:, None] ** 2 + axis[None] ** 2) < 0.95**2).float().expand(k, 1, size, size)
    target, source = smooth(levels(query[None]), 3), levels(candidates)
    steps = torch.tensor(STEPS, device=query.device)
    soft = smooth(source, 3)
    for _ in range(ROUNDS):
        now = warped(soft, values, flip)
        slopes = torch.stack(
            [(warped(soft, values + steps * (torch.arange(4) == i), flip) - now) / steps[i] for i in range(4)], dim=1
        )
        weight = inside[:, None]
        slopes = (slopes * weight).flatten(2)
        gap = ((target - now) * inside).flatten(1)
        normal = slopes @ slopes.transpose(1, 2)
        normal = normal + torch.diag_embed(0.01 * normal.diagonal(dim1=1, dim2=2) + 1e-3)
        change = torch.linalg.solve(normal, (slopes @ gap[:, :, None]))[:, :, 0]
        values = values + change.clamp(-0.15, 0.15)
    covered = (warped(torch.ones_like(candidates[:, :1]), values, flip) > 0.99).float() * inside
    now, asked = warped(source, values, flip), levels(query[None])
    fine, middle = bands(now).chunk(2, dim=1)
    asked_fine, asked_middle = bands(asked).chunk(2, dim=1)
    return torch.stack(
        [
            agreement(asked, now, covered),
            agreement(asked_middle.expand_as(middle), middle, covered),
            agreement(asked_fine.expand_as(fine), fine, covered),
        ],
        dim=1,
    )
