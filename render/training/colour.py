"""How far colour must be blurred in finished pictures to be as fine as in real ones, and no finer.

Surveys' colour pictures reach us as JPEGs with colour at half the resolution of light. A network that folds pixels into
channels and learned from them for hours, not weeks, draws light as fine as theirs, but colour noise where they have
none. That is measured, and blurred away by as much as is needed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from render.generators import Generator
from render.generators.colour import blurred_colour
from render.training.dataset import TUNE_FOLD, TrainingSet
from render.training.quality import real_pictures
from render.training.samples import pictures_of_class

BLURS = (0.0, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0, 1.2)  # standard deviations in pixels
PER_CLASS = 4


def colour_grain(pictures: Tensor) -> float:
    """Standard deviation of the finest structure (a Laplacian) of the colours R - G and B - G; (n, 3, h, w)."""
    colour = pictures[:, [0, 2]] - pictures[:, 1:2]
    inner = colour[..., 1:-1, 1:-1]
    around = colour[..., 2:, 1:-1] + colour[..., :-2, 1:-1] + colour[..., 1:-1, 2:] + colour[..., 1:-1, :-2]
    return float((inner - around / 4).std())


def fitting_blur(generator: Generator, training_set: TrainingSet) -> float:
    """The blur after which generated colour is nearest to fold 2's in fineness; 0 without a fold 2."""
    card = generator.card
    real = real_pictures(training_set, card.classes, TUNE_FOLD, card.mapping)
    if not real:
        return 0.0
    wanted = np.mean([colour_grain(torch.from_numpy(some)) for some in real.values()])
    indices = [card.classes.index(name) for name in real]
    made = [torch.from_numpy(pictures_of_class(generator, i, range(100 * i, 100 * i + PER_CLASS))) for i in indices]

    def off(blur: float) -> float:
        grain = np.mean([colour_grain(blurred_colour(some, blur)) for some in made])
        return abs(float(np.log((grain + 1e-6) / (wanted + 1e-6))))

    return min(BLURS, key=off)
