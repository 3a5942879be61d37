"""How like itself, turned by half a circle, noise must be for galaxies to come out as large and as even as real ones.

A network that has learned for hours draws blots where arms should be, on one side and not on the other, and what is
blotted is also smaller. How much of that symmetric noise takes away is measured, and no more is asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from render.generators import Generator
from render.plausibility.shape import MEASURES, shapes
from render.training.dataset import TrainingSet
from render.training.quality import of_the_look
from render.training.samples import DEFAULT_SAMPLING, pictures_of_class

AMOUNTS = (0.0, 0.2, 0.4, 0.6)
PER_CLASS = 48
REAL_PER_CLASS = 150
JUDGED = [MEASURES.index(name) for name in ("concentration", "asymmetry", "gini", "half_light_radius")]
"""All that tells of shape: by two of them alone the medians of so few pictures decide by chance."""


def fitting_symmetry(generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS) -> float | None:
    """The amount at which the shapes of generated pictures are nearest to those of real ones of their look, fold 1 left
    out; None where no picture has a label. The generator's card is left as it was.

    How far the medians of a class lie apart is added up over classes, each weighing as much as it is common, before its
    sign is dropped: what is too small here and too large there is chance.
    """
    card, wanted, common = generator.card, {}, {}
    for name, rows in of_the_look(training_set, card).items():
        some = np.random.default_rng(0).permutation(rows)[:REAL_PER_CLASS]
        wanted[name] = shapes(training_set.data(some, card.mapping).astype(np.float32), card.mapping)[:, JUDGED]
        common[name] = len(rows)
    if not wanted:
        return None

    def off(amount: float) -> float:
        sampling = (card.sampling or DEFAULT_SAMPLING).model_copy(update={"symmetry": amount or None})
        generator.card = card.model_copy(update={"sampling": sampling})
        away = np.zeros(len(JUDGED))
        for index, name in enumerate(card.classes):
            if name in wanted:
                made = pictures_of_class(generator, index, range(100 * index, 100 * index + per_class))
                found = shapes(made, card.mapping)[:, JUDGED]
                away += common[name] / sum(common.values()) * _away(found, wanted[name])
        return float(np.abs(away).mean())

    try:
        return min(AMOUNTS, key=off)
    finally:
        generator.card = card


def _away(made: npt.NDArray[np.float64], real: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By how much the median of each measure is larger than in real pictures, in their standard deviations; as far as
    one can be where nothing is found.
    """
    with np.errstate(all="ignore"):
        gone = [not np.isfinite(values).any(axis=0).all() for values in (made, real)]
        if gone[1]:
            return np.zeros(real.shape[1])
        if gone[0]:
            return np.full(real.shape[1], np.inf)
        return np.asarray((np.nanmedian(made, 0) - np.nanmedian(real, 0)) / np.maximum(np.nanstd(real, 0), 1e-6))
