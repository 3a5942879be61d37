"""Throughput over a night, as numbers for a plot that a template draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from render.engine.ledger import spoken

BINS = 120
WIDTH, HEIGHT = 720.0, 200.0
LEFT, BOTTOM, TOP, RIGHT = 44.0, 24.0, 12.0, 8.0


@dataclass(frozen=True)
class Plot:
    """In the coordinates of an SVG of `width` by `height`. points: as ``polyline`` takes them; levels and times: where
    a label stands, and what it says.
    """

    width: float
    height: float
    left: float
    right: float
    bottom: float
    points: str
    levels: list[tuple[float, str]]
    times: list[tuple[float, str]]


def rate(pictures: int, ledger: Mapping[str, Any]) -> float | None:
    """Pictures a second while there was drawing; None when there was none."""
    seconds = ledger.get("render", {}).get("seconds", 0.0)
    return round(pictures / seconds, 4) if pictures and seconds else None


def plot(samples: Sequence[tuple[float, int]]) -> Plot | None:
    """samples: (seconds since the start, pictures drawn by then), in order. None for fewer than three."""
    if len(samples) < 3:
        return None
    start, end = samples[0][0], samples[-1][0]
    steps = _thinned(samples)
    rates = [((a + b) / 2, (y - x) / (b - a)) for (a, x), (b, y) in pairwise(steps) if b > a]
    if not rates:
        return None
    top = _round_up(max(value for _, value in rates))
    span = (end - start) or 1.0

    def x(seconds: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (seconds - start) / span, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)

    points = " ".join(f"{x(seconds)},{y(value)}" for seconds, value in rates)
    levels = [(y(level), f"{level:g}") for level in (0, top / 2, top)]
    times = [(x(moment), spoken(moment)) for moment in (start, (start + end) / 2, end)]
    return Plot(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, points, levels, times)


def _thinned(samples: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """At most `BINS` of them, the first and the last among them: each step is a mean over what lies between."""
    every = max(1, math.ceil(len(samples) / BINS))
    kept = list(samples[::every])
    return kept if kept[-1] == samples[-1] else [*kept, samples[-1]]


def _round_up(value: float) -> float:
    """To 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999999))
