"""Small drawn curves: numbers to the points of a polyline, computed here because the policy forbids inline style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 240, 96
MARGIN = 6


class Axes:
    """Maps values to a drawing of WIDTH by HEIGHT; both axes logarithmic where all that is drawn is positive."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        self._x = _Scale(xs, MARGIN, WIDTH - MARGIN)
        self._y = _Scale(ys, HEIGHT - MARGIN, MARGIN)

    def points(self, pairs: Sequence[tuple[float, float]]) -> str:
        """For a polyline's attribute."""
        return " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in pairs)

    def at(self, x: float, y: float) -> dict[str, str]:
        return {"x": f"{self._x(x):.1f}", "y": f"{self._y(y):.1f}"}

    def level(self, y: float) -> str:
        return f"{self._y(y):.1f}"


class _Scale:
    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        self._log = low > 0 and high / low > 5
        self._start, self._span = start, end - start
        self._low = self._of(low)
        self._reach = (self._of(high) - self._low) or 1.0

    def _of(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def __call__(self, value: float) -> float:
        return self._start + self._span * (self._of(value) - self._low) / self._reach


def losses(names: Sequence[str], curve: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Each loss on a scale of its own, since two losses have no unit in common: name, points, first and last value."""
    xs = [row[0] + 1 for row in curve]
    found = []
    for column, name in enumerate(names, 1):
        ys = [row[column] for row in curve]
        points = Axes(xs, ys).points(list(zip(xs, ys, strict=True)))
        found.append({"name": name, "points": points, "first": number(ys[0]), "last": number(ys[-1])})
    return found


def number(value: float) -> str:
    """Three figures that mean something."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}" if digits < 6 else f"{value:.1e}"
