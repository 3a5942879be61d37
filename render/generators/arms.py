"""Spiral arms, laid out before a galaxy is drawn.

A network that learned for hours draws discs with light, colour and knots, but the long order of an arm, from the
nucleus to the rim and again across it, escapes it. It can follow a drawing, though. So half as many of a
class's galaxies as experts saw arms in (`render.training.arms`) are drawn after a drawing that nobody drew: two arms,
sometimes three, each a logarithmic spiral (Kennicutt 1981, doi:10.1086/113064), with or without a bar, on a disc that
is seen at an angle. Its numbers come from the seed, so a recipe needs no word for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from render.generators.equaliser import mixed
from render.noise import normals

STREAM = 7
"""Of the noise from which arms are drawn."""
CHOICES = 16
"""Numbers that one drawing takes, each from 0 to 1."""
PITCH = (math.radians(12), math.radians(26))
RADIUS, INNER = (0.52, 0.7), (0.18, 0.3)
"""How far arms reach at most, as a share of a picture's side, and where they begin, as a share of that."""
WOUND = (1.0 * math.pi, 1.6 * math.pi)
"""By what angle arms wind, at most."""
FACE = 0.4
"""Axis ratio of the most inclined disc: further on its edge no arm is seen."""
THREE, BARRED = 0.15, 0.5
"""Share with a third arm, and with a bar."""
WIDTH, CORE = (1.4, 2.0), 3.0
"""Of the brush and of the nucleus, standard deviations in pixels of a picture of 96."""
BENT = 0.06
"""How far an arm's radius strays from its spiral, at most, as a share of it, in each of two waves."""
ASKEW, SHORTER = 0.5, 0.35
"""By what angle, at most, the last arm begins beside its place, and by what share, at most, it is shorter."""
INK, FAINTER, THINNER = 1.6, 0.3, 0.25
"""How strong the brush is, where 1 is white; by how much it has faded and narrowed at an arm's end."""
DOTS, BAR_DOTS = 80, 40
"""Touches of the brush along an arm, and along a bar."""


@dataclass(frozen=True)
class Dot:
    """A touch of the brush: its place in pixels from the middle, its standard deviation and how light it is."""

    x: float
    y: float
    width: float
    level: float


def has_arms(seed: int, shares: Sequence[float], classes: Tensor) -> bool:
    """Whether a galaxy of a seed is drawn after arms. shares: of each class; classes: (classes + 1,) weights that add
    up to 1, the last for "none", which is the mean of all.
    """
    if not shares:
        return False
    return choices(seed)[0] < float(mixed([[share] for share in shares], classes[None])[0, 0])


def choices(seed: int) -> list[float]:
    """`CHOICES` even numbers from 0 to 1: the directions of pairs of normal ones."""
    pairs = normals(seed, (CHOICES, 2), stream=STREAM).astype(np.float64)
    return [math.atan2(y, x) / (2 * math.pi) % 1 for x, y in pairs]


def drawn(seed: int, side: int) -> npt.NDArray[np.float32]:
    """(side, side) from 0, nothing, to 1, light: the arms of a seed as a pen might have drawn them."""
    places = np.arange(side) - (side - 1) / 2
    drawing = np.zeros((side, side))
    for dot in dots(choices(seed), side):
        row, column = (np.exp(-((places - at) ** 2) / (2 * dot.width**2)) for at in (dot.y, dot.x))
        drawing = np.maximum(drawing, dot.level * np.minimum(INK * row[:, None] * column[None], 1))
    return drawing.astype(np.float32)


def dots(chosen: Sequence[float], side: int) -> list[Dot]:
    """The brush's touches, for `CHOICES` numbers from 0 to 1."""
    _, face, along, sense, pitch, far, near, first, wound, broad, third, bar, *bends, askew, shorter = chosen
    flat, position = _between((FACE, 1.0), face), math.pi * along
    turning = 1 if sense < 0.5 else -1
    slope = math.tan(_between(PITCH, pitch))
    end = side * _between(RADIUS, far)
    begin = end * _between(INNER, near)
    start = 2 * math.pi * first
    width = side / 96 * _between(WIDTH, broad)
    count = 3 if third < THREE else 2

    def dot(radius: float, angle: float, width: float, level: float) -> Dot:
        x, y = radius * math.cos(angle), turning * flat * radius * math.sin(angle)
        cosine, sine = math.cos(position), math.sin(position)
        return Dot(x * cosine - y * sine, x * sine + y * cosine, width, level)

    touches = [dot(0.0, 0.0, side / 96 * CORE, 1.0)]
    whole = min(math.log(end / begin) / slope, _between(WOUND, wound))
    for arm in range(count):
        last = arm == count - 1
        turn = start + 2 * math.pi * arm / count + (ASKEW * (askew - 0.5) if last else 0)
        for step in range(DOTS):
            done = step / (DOTS - 1)
            angle = done * whole * (1 - SHORTER * shorter if last else 1)
            waves = (math.sin((k + 1) * angle + 2 * math.pi * (bends[k] + arm / count)) for k in (0, 1))
            radius = begin * math.exp(angle * slope) * (1 + BENT * sum(waves))
            touches.append(dot(radius, turn + angle, width * (1 - THINNER * done), 1 - FAINTER * done))
    if bar < BARRED and count == 2:
        ends = (begin * (2 * step / (BAR_DOTS - 1) - 1) for step in range(BAR_DOTS))
        touches += [dot(place, start, width, 1.0) for place in ends]
    return touches


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share
