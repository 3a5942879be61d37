"""Stars around galaxies: how many there are and how wide.

They are counted by how far they rise above the picture's own grain, faint, middling and bright ones apart: a field of
faint ones alone gives generated pictures away.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

Floats = npt.NDArray[np.float64]
SIGMAS = (6, 12, 25)
"""By how many standard deviations of its surroundings a faint, a middling and a bright star stands out."""
SHARP, SOFT, APART = 0.7, 2.0, 5
"""A star is what is left of a picture blurred by the first after it was blurred by the second, in pixels, and higher
than all else in a square of the third."""
CORE, EDGE = 1 / 6, 3
"""The share of a picture's side around its middle, and the pixels at its edge, where no star is looked for."""
DARK = 0.125
"""The share of the display's range that counts as sky: light on a galaxy may be a knot of its own."""
BOX = 7
"""Pixels to each side of a star within which its light and the sky's are told apart."""


def stars(pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """How many points of light each picture, (n, 3, h, w) in data space, has in its sky, (n, 3): beyond 6, 12 and 25
    standard deviations of its grain, which is told from the median, for stars are rare.
    """
    found = [[int((height > sigmas).sum()) for sigmas in SIGMAS] for _, height in _fields(pictures)]
    return np.array(found, dtype=np.int64).reshape(-1, len(SIGMAS))


def widths(pictures: npt.NDArray[np.float32]) -> Floats:
    """Of each middling star in pictures (n, 3, h, w) how much light it has, on average, in the pixels one and two away
    from its middle, the two added up, over that in its middle: (stars,). What lies around it is taken off before.
    """
    y, x = np.mgrid[-BOX : BOX + 1, -BOX : BOX + 1]
    away = np.hypot(y, x).round()
    found = []
    for light, height in _fields(pictures):
        side = len(light)
        for row, column in np.argwhere((height > SIGMAS[1]) & (height <= SIGMAS[2])):
            if min(row, column) >= BOX and max(row, column) < side - BOX:
                box = light[row - BOX : row + BOX + 1, column - BOX : column + BOX + 1]
                middle, near, far = (box[away == r].mean() - np.median(box[away >= BOX - 1]) for r in range(3))
                found.append((near + far) / middle)
    return np.array(found)


def _fields(pictures: npt.NDArray[np.float32]) -> Iterator[tuple[Floats, Floats]]:
    """The light of each picture, (h, w), and the height of each star in it: standard deviations of its grain where a
    star has its middle, nought elsewhere.
    """
    side = pictures.shape[-1]
    across = np.arange(side) - (side - 1) / 2
    sought = np.hypot(across[:, None], across[None, :]) > CORE * side
    sought &= np.maximum.outer(abs(across), abs(across)) < side / 2 - EDGE
    for light in pictures.mean(axis=1, dtype=np.float64):
        points = gaussian_filter(light, SHARP) - gaussian_filter(light, SOFT)
        grain = 1.4826 * np.median(np.abs(points - np.median(points)))
        lone = sought & (points == maximum_filter(points, APART)) & (median_filter(light, 9) < 2 * DARK - 1)
        yield light, np.where(lone, points / max(grain, 1e-9), 0.0)
