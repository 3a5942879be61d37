"""What an equaliser has to undo: how strongly generated and real pictures of a class show each spatial frequency, and
how differently strongly.

Real pictures are those of the look that is asked of exhibits, fold 1 left out, so that it stays unseen. What is
compared is the mean amplitude: the mean power is that of a few pictures with a bright star in them. By how much
pictures of a class differ from each other is told in logarithms, for the same reason.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from render.display import SKY, DisplayMapping
from render.generators import Generator
from render.training.dataset import TrainingSet
from render.training.quality import Pictures, of_the_look, spectra
from render.training.samples import AT_ONCE, pictures_of_class

Floats = npt.NDArray[np.float64]
PER_CLASS = 96
REAL_PER_CLASS = 150
FIRST_SEED = 40_000
"""Seeds of their own, so that what is measured later is measured on other pictures."""
KNOTS = 17
"""Gains from 0 cycles a picture to Nyquist's."""
COARSE = 0.08
"""Up to this share of Nyquist's frequency it is a picture's shape, which is left alone."""
LEAST = 0.5
MOST = {"light": 2.0, "colour": 1.0, "spread": 0.5}
"""Gains beyond would hide what is wrong with weights, not mend it. Colour is only taken away: where real galaxies have
more of it, they have it in places, and a gain would make coloured grain everywhere.
"""


def fitting_gains(
    generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS
) -> dict[str, list[list[float]]]:
    """Gains of light and of colour, a row for each class, by which the mean amplitudes of generated pictures become
    those of real ones, and one row "spread", by which they vary as real ones do; empty where no picture has a label.
    The generator is one that has no equaliser yet. Spread is of the sky alone: other pictures differ in sharpness
    because they show other things.
    """
    names = generator.card.classes or ["picture"]
    rows = of_the_look(training_set, generator.card)
    if not rows:
        return {}
    gains: dict[str, list[list[float]]] = {"light": [], "colour": []}
    more: list[Floats] = []
    sky = generator.card.mapping.name == SKY
    for index, name in enumerate(names):
        some = np.random.default_rng(0).permutation(rows.get(name, np.empty(0, np.int64)))[:REAL_PER_CLASS]
        if not len(some):
            for rows_of in gains.values():
                rows_of.append([1.0] * KNOTS)
            continue
        real = training_set.data(some, generator.card.mapping).astype(np.float32)
        made = _drawn(generator, index, per_class)
        for part, rows_of in gains.items():
            rows_of.append(_gains(made, real, part))
        if sky and min(len(made), len(real)) > 1:
            more.append(_variance(real) - _variance(made))
    return gains | _spread(more)


def gains_between(made: Pictures, real: Pictures, mapping: DisplayMapping) -> dict[str, list[list[float]]]:
    """The same of pictures without classes that are there already, and real ones."""
    more = [_variance(real) - _variance(made)] if mapping.name == SKY and min(len(made), len(real)) > 1 else []
    return {part: [_gains(made, real, part)] for part in ("light", "colour")} | _spread(more)


def _spread(more: list[Floats]) -> dict[str, list[list[float]]]:
    """more: by how much real pictures vary more than generated ones, of each class."""
    if not more:
        return {}
    spread = _at_knots(np.sqrt(np.maximum(np.mean(more, axis=0), 0))).clip(0, MOST["spread"])
    return {"spread": [_told(spread, 0)]}


def _drawn(generator: Generator, index: int, count: int) -> Pictures:
    first = FIRST_SEED + 1_000 * index
    parts = [
        pictures_of_class(generator, index, range(begin, min(begin + AT_ONCE, first + count)))
        for begin in range(first, first + count, AT_ONCE)
    ]
    return np.concatenate(parts)


def _gains(made: Pictures, real: Pictures, part: str) -> list[float]:
    ratio = np.maximum(_amplitude(real, part), 1e-6) / np.maximum(_amplitude(made, part), 1e-6)
    return _told(np.exp(_at_knots(np.log(ratio))).clip(LEAST, MOST[part]), 1)


def _at_knots(values: Floats) -> Floats:
    """What was measured at 1, 2, ... cycles a picture, at the knots: each is a mean over the cycles around it, as a
    tent that is nought at its neighbours.
    """
    cycles, places = np.arange(1, len(values) + 1), np.linspace(0, len(values), KNOTS)
    tents = np.maximum(0, 1 - np.abs(cycles[None] - places[:, None]) / places[1]) + 1e-9
    return np.asarray((tents * values).sum(1) / tents.sum(1))


def _told(knots: Floats, unchanged: float) -> list[float]:
    coarse = np.linspace(0, 1, KNOTS) <= COARSE
    return [round(float(value), 3) for value in np.where(coarse, unchanged, knots)]


def _variance(pictures: Pictures) -> Floats:
    """Of the logarithm of amplitude, from picture to picture, at 1, 2, ... cycles."""
    light = pictures.mean(axis=1, keepdims=True)
    return np.asarray((np.log(np.maximum(spectra(light), 1e-12)) / 2).var(axis=0, ddof=1))


def _amplitude(pictures: Pictures, part: str) -> Floats:
    """Mean amplitude at 1, 2, ... cycles a picture, of the light or of what deviates from it."""
    light = pictures.mean(axis=1, keepdims=True)
    if part == "light":
        return np.asarray(np.sqrt(spectra(light)).mean(axis=0))
    power = sum(spectra(channel) for channel in np.split(pictures - light, 3, axis=1))
    return np.asarray(np.sqrt(power).mean(axis=0))
