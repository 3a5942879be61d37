"""Six numbers of a picture that people who look at galaxies would argue about.

Colour, concentration and half-light size are `render.classify.measure`'s; asymmetry and Gini are the definitions of
Conselice (2003, ApJS 147, 1) and Lotz et al. (2004, AJ 128, 163) on the same outline; sky is the grain of the frame.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from render.classify.measure import Located, locate, measured
from render.classify.pixels import Centre, Mask, Plane, border_sky
from render.display import DisplayMapping

MEASURES = ("colour", "concentration", "asymmetry", "gini", "half_light_radius", "sky")
RADII = 2.0
"""Asymmetry is summed within so many half-light radii of the centre."""


def shapes(pictures: npt.NDArray[np.float32], mapping: DisplayMapping) -> npt.NDArray[np.float64]:
    """Pictures in data space, (n, 3, h, w), to (n, 6) in the order of `MEASURES`; nan where no object is found.

    Units: magnitudes of red over blue; 5 log10(r80 / r20); over the light; 0 to 1; of the picture's width;
    light (white is 1).
    """
    return np.array([_shape(picture, mapping) for picture in pictures]).reshape(-1, len(MEASURES))


def _shape(picture: npt.NDArray[np.float32], mapping: DisplayMapping) -> list[float]:
    found = locate(picture, mapping)
    sky = float(found.spread.mean())
    ruler = measured(found)
    if not ruler.detected:
        return [np.nan] * (len(MEASURES) - 1) + [sky]
    light = found.linear.mean(axis=0)
    reach = max(RADII * ruler.half_light_radius * light.shape[1], 2.0)
    return [
        ruler.colour,
        ruler.concentration,
        asymmetry(light, found.centre, reach, _grain(found)),
        gini(light[found.outline]),
        ruler.half_light_radius,
        sky,
    ]


def _grain(found: Located) -> float:
    """Sigma of the sky in the mean of the channels, (h, w): their noise need not be independent, so it is measured."""
    return border_sky(found.linear.mean(axis=0))[1]


def asymmetry(light: Plane, centre: Centre, reach: float, grain: float) -> float:
    """What changes within `reach` pixels after half a turn, over the light there, less what sky noise alone gives.

    light (h, w) above the sky; the expected |a - b| of two values with the sky's noise is 2 sigma / sqrt(pi).
    """
    h, w = light.shape
    y, x = np.indices(light.shape)
    rows, columns = np.asarray(round(2 * centre[0]) - y), np.asarray(round(2 * centre[1]) - x)
    near: Mask = np.hypot(y - centre[0], x - centre[1]) <= reach
    near &= (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    here, there = light[near], light[rows[near], columns[near]]
    total = float(np.abs(here).sum())
    if total <= 0:
        return 0.0
    return float((np.abs(here - there).sum() - near.sum() * 2 * grain / np.sqrt(np.pi)) / total)


def gini(values: npt.NDArray[np.float64]) -> float:
    """How unequally light is spread over pixels: 0 all alike, 1 all in one (Lotz et al. 2004, eq. 6)."""
    ordered = np.sort(np.abs(values))
    n = len(ordered)
    if n < 2 or ordered.sum() <= 0:
        return 0.0
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float((weights * ordered).sum() / (ordered.mean() * n * (n - 1)))
