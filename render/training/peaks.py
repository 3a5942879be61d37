"""How far peaks of the noise must be raised for as many stars to stand around galaxies as around real ones."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from render.generators.flow import FlowGenerator
from render.generators.peaks import Peaks
from render.training.dataset import TrainingSet
from render.training.quality import of_the_look
from render.training.samples import pictures_of_class
from render.training.stars import SIGMAS, stars

CANDIDATES = (
    None,
    Peaks(0.8, 3.0, 0.4),
    Peaks(0.8, 2.75, 0.4),
    Peaks(0.8, 2.5, 0.4),
)
"""None leaves the noise alone. Wider peaks grow into blots, and more or higher ones cost grain: the equaliser, which
comes after, takes from the sky what stars have too much of.
"""
PER_CLASS = 32
REAL_PER_CLASS = 150
FIRST_SEED = 60_000
"""Seeds of their own: by those of the equaliser's pictures the same chance would speak twice."""


def fitting_peaks(generator: FlowGenerator, training_set: TrainingSet, per_class: int = PER_CLASS) -> dict[str, float]:
    """The settings with which generated pictures have as many stars of each brightness as real ones of their look, fold
    1 left out, classes weighing as they are common; empty where the noise is best left alone, or no picture has a
    label. The generator's settings are left as they were.
    """
    card, settings = generator.card, generator.network.settings
    rows = of_the_look(training_set, card)
    if not rows:
        return {}
    common = {name: len(of_class) / sum(map(len, rows.values())) for name, of_class in rows.items()}
    real = np.zeros(len(SIGMAS))
    for name, of_class in rows.items():
        some = np.random.default_rng(0).permutation(of_class)[:REAL_PER_CLASS]
        real += common[name] * stars(training_set.data(some, card.mapping).astype(np.float32)).mean(axis=0)

    def off(peaks: Peaks | None) -> float:
        generator.network.settings = replace(settings, peaks=asdict(peaks) if peaks else {})
        made = np.zeros(len(SIGMAS))
        for index, name in enumerate(card.classes or ["picture"]):
            if name in rows:
                first = FIRST_SEED + 1_000 * index
                drawn = pictures_of_class(generator, index, range(first, first + per_class))
                made += common[name] * stars(drawn).mean(axis=0)
        few = 1 / (per_class * len(rows))  # one star in all: what is nought may be by chance
        return float(np.abs(np.log((made + few) / (real + few))).mean())

    try:
        best = min(CANDIDATES, key=off)
    finally:
        generator.network.settings = settings
    return asdict(best) if best else {}
