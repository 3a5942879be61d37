"""Watermarks: an overlay at one place, found as what many pictures share.

What one picture shows there differs from what the next one does; an overlay does not (Dekel et al. 2017, "On the
effectiveness of visible watermarks"). Pictures of one kind share smooth light too, such as a bright middle, so only
fine detail is compared: 128 px with the blur subtracted. A pixel belongs to the overlay when the mean of its detail
lies many standard errors from nought; a picture carries it when its own detail there follows the mean. What stays
the same when the picture is turned and mirrored is taken out first, and the very middle is not looked at: every galaxy
has a core there. So an overlay that is as regular, or lies in the middle alone, is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import binary_dilation, gaussian_filter

SIDE = 128
SAMPLE = 400
"""Pictures that are looked at to find an overlay."""
LEAST = 24
"""Fewer than so many pictures share nothing that could be told from chance."""
ERRORS = 7.0
"""Standard errors from nought: among 16,384 pixels, chance reaches 5."""
GREYS = 2.0
"""Grey levels of shared detail that can be seen."""
PIXELS = 12
MIDDLE = 0.12
"""Shares of a side around the middle that are not looked at."""
ALIKE = 0.5
"""Correlation of a picture's detail with the overlay's, where it carries it; others lie about 0."""
DEEPEST = 0.2
"""Shares of a side that are cut off at most; an overlay that reaches deeper cannot be cropped away."""

Detail = npt.NDArray[np.float32]


def detail(picture: Image.Image) -> Detail:
    """(SIDE, SIDE) of a square RGB picture, in grey levels; single bright pixels count little."""
    grey = np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
    fine = np.clip(grey - gaussian_filter(grey, 2.0), -40, 40)
    turned = [np.rot90(side, turns) for side in (fine, fine.T) for turns in range(4)]
    return np.asarray(fine - np.mean(turned, axis=0), dtype=np.float32)


@dataclass(frozen=True)
class Overlay:
    """What many pictures share. pattern (SIDE, SIDE): its detail; place: where it lies; share: of the pictures that
    carry it.
    """

    pattern: Detail
    place: npt.NDArray[np.bool_]
    share: float = 0.0

    @property
    def margin(self) -> float:
        """The share of a side that has to be cut off on every side to be rid of it."""
        row, column = np.nonzero(self.place)
        depth = np.minimum.reduce([row, column, SIDE - 1 - row, SIDE - 1 - column]) + 2
        return float(depth.max()) / SIDE

    def carried(self, picture: Image.Image) -> bool:
        """Whether a square RGB picture carries it."""
        return _alike(detail(picture), self.pattern, self.place) > ALIKE


def shared(details: Sequence[Detail]) -> Overlay | None:
    """The overlay of a sample of pictures, or None where there is none that can be told from chance."""
    if len(details) < LEAST:
        return None
    stack = np.stack(details)
    mean, error = stack.mean(axis=0), stack.std(axis=0) / np.sqrt(len(stack))
    found = (np.abs(mean) > ERRORS * np.maximum(error, 1e-3)) & (np.abs(mean) > GREYS)
    row, column = np.indices(found.shape) - (SIDE - 1) / 2
    found &= np.hypot(row, column) > MIDDLE * SIDE
    if found.sum() < PIXELS:
        return None
    place = binary_dilation(found, iterations=2)
    carrying = [one for one in stack if _alike(one, mean, place) > ALIKE]
    if len(carrying) < LEAST // 2:
        return None
    return Overlay(np.mean(carrying, axis=0, dtype=np.float32), place, len(carrying) / len(stack))


def _alike(one: Detail, other: Detail, place: npt.NDArray[np.bool_]) -> float:
    a, b = one[place] - one[place].mean(), other[place] - other[place].mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6))
