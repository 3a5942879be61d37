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
PER_CLASS = 32
REAL_PER_CLASS = 150
JUDGED = [MEASURES.index(name) for name in ("asymmetry", "half_light_radius")]


def fitting_symmetry(generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS) -> float | None:
    """The amount at which asymmetry and half-light size of generated pictures are nearest to those of real ones of
    their look, class by class, fold 1 left out; None where no picture has a label. The generator's card is left as it
    was.
    """
    card, wanted = generator.card, {}
    for name, rows in of_the_look(training_set, card).items():
        some = np.random.default_rng(0).permutation(rows)[:REAL_PER_CLASS]
        wanted[name] = shapes(training_set.data(some, card.mapping).astype(np.float32), card.mapping)[:, JUDGED]
    if not wanted:
        return None

    def off(amount: float) -> float:
        sampling = (card.sampling or DEFAULT_SAMPLING).model_copy(update={"symmetry": amount or None})
        generator.card = card.model_copy(update={"sampling": sampling})
        away = [
            _away(shapes(pictures_of_class(generator, index, range(100 * index, 100 * index + per_class)), card.mapping)
                  [:, JUDGED], wanted[name])
            for index, name in enumerate(card.classes) if name in wanted
        ]  # fmt: skip
        return float(np.nanmean(away)) if np.isfinite(away).any() else float("inf")

    try:
        return min(AMOUNTS, key=off)
    finally:
        generator.card = card


def _away(made: npt.NDArray[np.float64], real: npt.NDArray[np.float64]) -> float:
    """How far the medians of two sets lie apart, in standard deviations of the real one; nan where there is none."""
    measured = [
        abs(float(np.median(a)) - float(np.median(b))) / max(float(np.std(b)), 1e-6)
        for a, b in ((_found(made[:, k]), _found(real[:, k])) for k in range(len(JUDGED)))
        if len(a) and len(b)
    ]
    return float(np.mean(measured)) if measured else float("nan")


def _found(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[np.isfinite(values)]
