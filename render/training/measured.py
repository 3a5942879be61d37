"""Quantiles of what is measured of real galaxies: what an exhibit's own measurements are read against.

The pictures are those that the classifier learned from, put through the very same function as exhibits are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from render.classify import measure
from render.display import DisplayMapping
from render.training.classifier_member import LabelledPictures
from render.training.dataset import TEST_FOLD, TUNE_FOLD

NAMES = ("axis_ratio", "half_light_radius", "concentration", "colour")
PERCENT = (5, 25, 50, 75, 95)


def measured_figures(data: LabelledPictures) -> dict[str, Any]:
    """For the card: `n`, and each measurement's quantiles by percent, over pictures in which a galaxy is found."""
    rows = np.flatnonzero(~np.isin(data.folds, (TEST_FOLD, TUNE_FOLD)) & ~data.contaminated)
    mapping = DisplayMapping()
    found = [one for i in rows if (one := measure(data.pictures[i].float().numpy(), mapping)).detected]
    figures: dict[str, Any] = {"n": len(found)}
    for name in NAMES if found else ():
        values = np.percentile([getattr(one, name) for one in found], PERCENT)
        figures[name] = {str(p): round(float(v), 4) for p, v in zip(PERCENT, values, strict=True)}
    return figures
