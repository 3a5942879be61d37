"""Stars as round and as sharp as the seeing lets them be.

A star is a point, so its picture is that of the camera's and the air's blur: round, falling from its middle, and of one
width. A network that learned for hours draws bright ones wider, and ragged, with notches of sky in them: it settles
them while there is much noise yet. It is mended in finished pictures, star by star: what stands there beyond the light
around it is told by its distance from the star's middle alone, and drawn anew by that. The galaxy in the middle keeps
its nucleus, which is no point.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from render.generators.blur import blurred, evenly, profile

Floats = npt.NDArray[np.float64]
SHARP, SOFT = 0.7, 2.0
"""A point of light stands out by what a picture blurred by the first, in pixels, has beyond the same blurred by the
second."""
FAINT, BRIGHT = 6.0, 9.0
"""Standard deviations of a picture's grain: lower points are left alone, higher ones are drawn anew in full."""
NUCLEUS = 1 / 12
"""Standard deviation of what is left alone in the middle, as a share of a picture's side."""
REACH, INNER = 8, 4.5
"""Pixels to each side that belong to a star's surroundings, and from its middle from which on they are no star."""
NEAR, APART = 2, 0.5
"""Pixels around the highest one that tell where a star's middle is, and in which no other is looked for; and from one
distance at which its light is told to the next."""
WITHIN, CORE = 0.75, 1.5
"""Pixels to each side of a distance that are told together: by their mean below the second, by their median beyond."""
LOST, PLAIN = 1.0, 4.0
"""Standard deviations of the grain: a star's light below the first is left as it is, above the second drawn anew."""
TWICE = 2.0
"""Standard deviations of what is around a star: what lies farther off, as another star, does not tilt its ground. And
how many times a star's light is changed at most."""
FAR, WIDE, POINT = 8, 0.4, 0.15
"""At which of the distances an object that has still the second share of its middle's light is no star, and one that
has no more than the third is one in full."""
TO_DEVIATION = 1.4826
"""Of a normal distribution, from the median of absolute deviations."""
LEAST = 1e-9
"""Nothing is divided by less."""


def sharpened(pictures: Tensor, amount: float) -> Tensor:
    """(n, 3, h, w) on the CPU, with bright stars round and `amount` times as narrow, each standing out as far as
    before; 0 leaves everything as it is.
    """
    if amount <= 0:
        return pictures
    done = [_sharpened(picture.double().numpy(), points[0].double().numpy(), amount)
            for picture, points in zip(pictures, _points(pictures), strict=True)]  # fmt: skip
    return torch.from_numpy(np.stack(done)).to(pictures)


def _sharpened(picture: Floats, points: Floats, amount: float) -> Floats:
    """(3, h, w) with its points, (h, w); stars one after the other, the one that stands out most first."""
    picture = picture.copy()
    grain = max(TO_DEVIATION * float(_median(np.abs(points - _median(points)))), LEAST)
    bright = ((points / grain - FAINT) / (BRIGHT - FAINT)).clip(0, 1) * _away(*points.shape)
    h, w = points.shape
    found = [
        (y, x)
        for y, x in np.argwhere(bright > 0)
        if NEAR <= y < h - NEAR and NEAR <= x < w - NEAR and points[y, x] == _around(points, y, x, NEAR).max()
    ]
    for y, x in sorted(found, key=lambda place: -points[place]):
        _draw_anew(picture, _around(points, y, x, NEAR), y, x, float(bright[y, x]), grain, amount)
    return picture


def _draw_anew(picture: Floats, near: Floats, y: int, x: int, share: float, grain: float, amount: float) -> None:
    """One star, in place. near: how far the pixels around its highest one, (5, 5), stand out."""
    h, w = picture.shape[1:]
    light = near.clip(min=0)
    steps = np.arange(-NEAR, NEAR + 1)
    middle = y + (light.sum(1) @ steps) / light.sum(), x + (light.sum(0) @ steps) / light.sum()
    rows, columns = slice(max(0, y - REACH), min(h, y + REACH + 1)), slice(max(0, x - REACH), min(w, x + REACH + 1))
    down, right = np.mgrid[rows, columns] - np.array(middle)[:, None, None]
    away = np.hypot(down, right)
    box = picture[:, rows, columns]
    ground = _ground(box, down, right, (away > INNER) & (away < REACH))
    standing = box - ground
    falling = _falling(standing, away)  # (3, distances)
    distances = APART * np.arange(falling.shape[1])
    still = float(falling[:, FAR].mean() / max(falling[:, 0].mean(), LEAST))
    share *= min(max((WIDE - still) / (WIDE - POINT), 0.0), 1.0)
    anew = np.stack([np.interp(away * amount, distances, channel, right=0.0) for channel in falling])
    seen = np.exp(-((away / SHARP) ** 2) / 2) / SHARP**2 - np.exp(-((away / SOFT) ** 2) / 2) / SOFT**2
    before, after = (float((seen * part.mean(axis=0)).sum()) for part in (standing, anew))
    anew *= min(max(before / max(after, LEAST), 1 / TWICE), TWICE)
    own = np.interp(away, distances, falling.mean(axis=0))
    mask = share * ((own / grain - LOST) / (PLAIN - LOST)).clip(0, 1) * ((REACH - 1 - away) / 2).clip(0, 1)
    box += mask * (ground + anew - box)


def _ground(box: Floats, down: Floats, right: Floats, ring: npt.NDArray[np.bool_]) -> Floats:
    """(3, h, w): the light that a star stands on, a plane through what is around it."""
    middle = _median(box[:, ring])
    off = box[:, ring] - middle[:, None]
    most = TWICE * TO_DEVIATION * _median(np.abs(off))[:, None]
    off = off.clip(-most, most)
    slopes = [(off * way[ring]).sum(axis=1) / max((way[ring] ** 2).sum(), LEAST) for way in (down, right)]
    return np.asarray(
        middle[:, None, None] + sum(s[:, None, None] * way for s, way in zip(slopes, (down, right), strict=True))
    )


def _falling(standing: Floats, away: Floats) -> Floats:
    """(3, distances): a star's light at every distance from its middle; never more than nearer to it, nor less than
    nothing, and a little smoothed.
    """
    told = []
    for distance in APART * np.arange(2 * REACH + 1):
        some = standing[:, np.abs(away - distance) < WITHIN]
        told.append(some.mean(axis=1) if distance < CORE else _median(some))
    line = np.minimum.accumulate(np.stack(told, axis=1), axis=1).clip(min=0)
    wide = np.pad(line, ((0, 0), (1, 1)), "edge")
    return np.asarray((wide[:, :-2] + 2 * line + wide[:, 2:]) / 4)


def _around(plane: Floats, y: int, x: int, far: int) -> Floats:
    return plane[y - far : y + far + 1, x - far : x + far + 1]


def _median(values: Floats) -> Floats:
    """Along the last axis of two, of all values of a plane of pixels; the lower of the two in the middle."""
    flat = values if values.ndim == 2 and len(values) == 3 else values.reshape(1, -1)
    lower = np.partition(flat, (flat.shape[1] - 1) // 2, axis=1)[:, (flat.shape[1] - 1) // 2]
    return np.asarray(lower if flat is values else lower[0])


def _points(pictures: Tensor) -> Tensor:
    """(n, 1, h, w): how far light stands out from what is around it."""
    light = pictures.mean(dim=1, keepdim=True)
    return _spread(light, SHARP) - _spread(light, SOFT)


def _spread(planes: Tensor, width: float) -> Tensor:
    return blurred(planes, evenly(profile(width)), "replicate")


def _away(h: int, w: int) -> Floats:
    """(h, w) from 0 in the middle of a picture to 1 far away from it."""
    y, x = (np.arange(side) - (side - 1) / 2 for side in (h, w))
    return np.asarray(1 - np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * (NUCLEUS * w) ** 2)))
