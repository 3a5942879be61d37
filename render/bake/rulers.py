"""Small scales that show where a value lies among those of real galaxies: a band, a tick at the median, dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 200.0  # of the drawing, in its own units
MARGIN = 0.15  # beyond the outermost value, as a share of the band


def ruler(
    quantiles: Mapping[str, Any], values: Sequence[float], label: str, start: float | None = None
) -> dict[str, Any] | None:
    """What the macro `scale` draws: the band from the 5 % to the 95 % quantile, and the values' places as `marks`.

    quantiles: by percent ("5", "50", "95"); without them there is no ruler. start: the value at the left end, where it
    has a natural zero.
    """
    if not {"5", "50", "95"} <= quantiles.keys():
        return None
    low, median, high = (float(quantiles[key]) for key in ("5", "50", "95"))
    margin = MARGIN * (high - low)
    left = min([low, *values]) - margin if start is None else start
    span = max([high, *values]) + margin - left

    def place(value: float) -> float:
        return round(WIDTH * min(max((value - left) / span, 0), 1), 1) if span > 0 else WIDTH / 2

    return {
        "low": place(low),
        "width": round(place(high) - place(low), 1),
        "median": place(median),
        "marks": [place(value) for value in values],
        "label": label,
    }
