"""Stars around galaxies, counted by how far they rise above the picture's own grain: faint, middling and bright ones
apart, for a field of faint ones alone is what gives generated pictures away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

SIGMAS = (6, 12, 25)
"""By how many standard deviations of its surroundings a faint, a middling and a bright star stands out."""
SHARP, SOFT, APART = 0.7, 2.0, 5
"""A star is what is left of a picture blurred by the first after it was blurred by the second, in pixels, and higher
than all else in a square of the third."""
CORE, EDGE = 1 / 6, 3
"""The share of a picture's side around its middle, and the pixels at its edge, where no star is looked for."""
DARK = 0.125
"""The share of the display's range that counts as sky: light on a galaxy may be a knot of its own."""


def stars(pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """How many points of light each picture, (n, 3, h, w) in data space, has in its sky, (n, 3): beyond 6, 12 and 25
    standard deviations of its grain, which is told from the median, for stars are rare.
    """
    side = pictures.shape[-1]
    across = np.arange(side) - (side - 1) / 2
    sought = np.hypot(across[:, None], across[None, :]) > CORE * side
    sought &= np.maximum.outer(abs(across), abs(across)) < side / 2 - EDGE
    found = []
    for light in pictures.mean(axis=1, dtype=np.float64):
        points = gaussian_filter(light, SHARP) - gaussian_filter(light, SOFT)
        grain = 1.4826 * np.median(np.abs(points - np.median(points)))
        lone = sought & (points == maximum_filter(points, APART)) & (median_filter(light, 9) < 2 * DARK - 1)
        found.append([int((lone & (points > sigmas * grain)).sum()) for sigmas in SIGMAS])
    return np.array(found, dtype=np.int64).reshape(-1, len(SIGMAS))
