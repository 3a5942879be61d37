"""Pictures of a generator as it stands: what sheets show and figures are measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from render.generators import Generator
from render.noise import normals
from render.recipe import Recipe
from render.weights import Sampling

PER_CLASS = 8
DEFAULT_SAMPLING = Sampling(sampler="ancestral", steps=16, guidance=1.5, away="attention")
AT_ONCE = 20
UNSAVED = "0" * 64
"""In the place of the weights' hash, in recipes of weights that are no file yet."""


def pictures_of_class(generator: Generator, index: int, seeds: Sequence[int]) -> npt.NDArray[np.float32]:
    """Pictures of one class by the card's own sampling, one for each seed, (seeds, 3, h, w) in data space.

    index: of the card's classes; of a generator without classes it says nothing.
    """
    card = generator.card
    sampling = card.sampling or DEFAULT_SAMPLING
    recipes = [
        Recipe(
            family=card.family,
            weights=UNSAVED,
            seed=seed,
            sampler=sampling.sampler,
            steps=sampling.steps,
            guidance=sampling.guidance,
            size=card.size,
            class_name=card.classes[index] if card.classes else None,
            source=card.sources[0] if card.sources else None,
            symmetry=sampling.symmetry,
            away=sampling.away,
        )
        for seed in seeds
    ]
    noise = torch.from_numpy(np.stack([normals(seed, generator.noise_shape) for seed in seeds]))
    return np.asarray(generator.images(generator.condition(recipes), noise).cpu().numpy())


def samples(generator: Generator, per_class: int = PER_CLASS) -> npt.NDArray[np.float32]:
    """`per_class` pictures of every class, (classes * per_class, 3, h, w): the same noise in every row.

    Of a generator without classes four rows, each with noise of its own.
    """
    if not generator.card.classes:
        return pictures_of_class(generator, 0, range(4 * per_class))
    rows = [pictures_of_class(generator, index, range(per_class)) for index in range(len(generator.card.classes))]
    return np.concatenate(rows)


def drawn(generator: Generator, seeds: range) -> npt.NDArray[np.float32]:
    """The pictures of some seeds, (seeds, 3, h, w): as many of every class as of any other, a few at a time."""
    names = max(1, len(generator.card.classes))
    parts = []
    for index in range(names):
        own = seeds[index::names]
        parts += [pictures_of_class(generator, index, own[i : i + AT_ONCE]) for i in range(0, len(own), AT_ONCE)]
    return np.concatenate(parts)
