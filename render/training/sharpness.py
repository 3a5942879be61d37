"""How many times narrower stars of finished pictures must be drawn anew to be as narrow as those of real ones."""

from __future__ import annotations

import numpy as np
import torch

from render.generators import Generator
from render.generators.sharpness import sharpened
from render.training.dataset import TrainingSet
from render.training.quality import of_the_look
from render.training.samples import pictures_of_class
from render.training.stars import widths

AMOUNTS = tuple(step / 20 for step in range(20, 35))
"""By the first stars become round and no narrower."""
PER_CLASS = 24
REAL_PER_CLASS = 150
ENOUGH = 12
"""Stars whose median is more than chance."""
FIRST_SEED = 80_000
"""Seeds of their own, so that what is measured later is measured on other pictures."""


def fitting_sharpness(generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS) -> float:
    """The amount after which the median width of stars is nearest to that of real ones, fold 1 left out; 0 where too
    few stars are found to tell. The generator is one that does not draw them anew yet.
    """
    card = generator.card
    rows = of_the_look(training_set, card)
    if not rows:
        return 0.0
    some = [np.random.default_rng(0).permutation(of_class)[:REAL_PER_CLASS] for of_class in rows.values()]
    wanted = np.concatenate([widths(training_set.data(one, card.mapping).astype(np.float32)) for one in some])
    if len(wanted) < ENOUGH:
        return 0.0
    names = card.classes or ["picture"]
    firsts = {index: FIRST_SEED + 1_000 * index for index, name in enumerate(names) if name in rows}
    drawn = [pictures_of_class(generator, index, range(first, first + per_class)) for index, first in firsts.items()]
    made = torch.from_numpy(np.concatenate(drawn))

    def off(amount: float) -> float:
        found = widths(sharpened(made, amount).numpy())
        return abs(float(np.median(found) - np.median(wanted))) if len(found) >= ENOUGH else np.inf

    distances = {amount: off(amount) for amount in AMOUNTS}
    best = min(AMOUNTS, key=distances.__getitem__)
    return best if distances[best] < np.inf else 0.0
