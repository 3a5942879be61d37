"""What an equaliser has to undo: how strongly generated and real pictures show each spatial frequency.

Real pictures are those of the look that is asked of exhibits, fold 1 left out, so that it stays unseen. Mean powers are
compared, as the spectrum error is one of means; classes weigh as much as they are frequent.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from render.generators import Generator
from render.training.dataset import TrainingSet
from render.training.quality import Pictures, of_the_look, spectra
from render.training.samples import AT_ONCE, pictures_of_class

PER_CLASS = 40
REAL_PER_CLASS = 150
FIRST_SEED = 40_000
"""Seeds of their own, so that what is measured later is measured on other pictures."""
COARSE = 4
"""Below so many cycles a picture is its shape, which is left alone."""
LEAST, MOST = 0.4, 2.5
"""Gains beyond would hide what is wrong with weights, not mend it."""


def fitting_gains(
    generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS
) -> dict[str, list[float]]:
    """Gains of light and of colour at 0, 1, ... cycles a picture, by which the mean powers of generated pictures become
    those of real ones; empty where no picture has a label. The generator is one that has no equaliser yet.
    """
    names = generator.card.classes or ["picture"]
    real, shares = {}, {}
    for name, rows in of_the_look(training_set, generator.card).items():
        some = np.random.default_rng(0).permutation(rows)[:REAL_PER_CLASS]
        real[name] = training_set.data(some, generator.card.mapping).astype(np.float32)
        shares[name] = len(rows)
    if not real:
        return {}
    made = {name: _drawn(generator, names.index(name), per_class) for name in real}
    return {part: _gains(made, real, shares, part) for part in ("light", "colour")}


def _drawn(generator: Generator, index: int, count: int) -> Pictures:
    first = FIRST_SEED + 1_000 * index
    parts = [
        pictures_of_class(generator, index, range(begin, min(begin + AT_ONCE, first + count)))
        for begin in range(first, first + count, AT_ONCE)
    ]
    return np.concatenate(parts)


def _gains(made: dict[str, Pictures], real: dict[str, Pictures], shares: dict[str, int], part: str) -> list[float]:
    ours, theirs = (sum(shares[name] * _power(pictures[name], part) for name in shares) for pictures in (made, real))
    gains = np.sqrt(np.maximum(theirs, 1e-12) / np.maximum(ours, 1e-12)).clip(LEAST, MOST)
    gains[: COARSE - 1] = 1.0  # the first of them is one cycle
    return [1.0, *(round(float(gain), 3) for gain in gains)]


def _power(pictures: Pictures, part: str) -> npt.NDArray[np.float64]:
    """Mean power at 1, 2, ... cycles a picture, of the light or of what deviates from it."""
    light = pictures.mean(axis=1, keepdims=True)
    if part == "light":
        return np.asarray(spectra(light).mean(axis=0))
    return np.asarray(
        np.mean([spectra(channel).mean(axis=0) for channel in np.split(pictures - light, 3, axis=1)], axis=0)
    )
