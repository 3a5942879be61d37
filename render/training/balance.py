"""By how much generated galaxies are more uneven about their nucleus than real ones, at each distance from it.

What is compared is the median over a class's pictures, and in each the median over the pixels between two distances,
so that neither a star nor a companion counts.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch

from render.generators import Generator
from render.generators.balance import EDGES, uneven
from render.training.dataset import TrainingSet
from render.training.quality import Pictures, of_the_look
from render.training.samples import AT_ONCE, pictures_of_class

PER_CLASS = 48
REAL_PER_CLASS = 150
FIRST_SEED = 120_000
"""Seeds of their own, so that what is measured later is measured on other pictures."""


def fitting_balance(generator: Generator, training_set: TrainingSet, per_class: int = PER_CLASS) -> list[list[float]]:
    """A row for each class: the share of what is uneven, between each two of `EDGES`, that leaves as much as real
    galaxies have, fold 1 left out; 1 where they have no less, empty where no picture has a label. The generator is one
    that keeps all of it yet.
    """
    names = generator.card.classes or ["picture"]
    rows = of_the_look(training_set, generator.card)
    if not rows:
        return []
    kept = []
    for index, name in enumerate(names):
        some = np.random.default_rng(0).permutation(rows.get(name, np.empty(0, np.int64)))[:REAL_PER_CLASS]
        if not len(some):
            kept.append([1.0] * (len(EDGES) - 1))
            continue
        first = FIRST_SEED + 1_000 * index
        wanted = unevenness(training_set.data(some, generator.card.mapping).astype(np.float32))
        drawn = [
            pictures_of_class(generator, index, range(begin, min(begin + AT_ONCE, first + per_class)))
            for begin in range(first, first + per_class, AT_ONCE)
        ]
        found = unevenness(np.concatenate(drawn))
        shares = (np.median(wanted, axis=0) / np.maximum(np.median(found, axis=0), 1e-9)).clip(0, 1)
        kept.append([round(float(share), 2) for share in shares])
    return kept


def unevenness(pictures: Pictures) -> npt.NDArray[np.float64]:
    """Of each picture, (n, 3, h, w) in data space, the median of what is uneven in its light between each two of
    `EDGES`: (n, distances).
    """
    told = []
    for picture in torch.from_numpy(pictures).double():
        odd, away = uneven(picture)
        light, edges = odd.mean(dim=0).abs().numpy(), np.array(EDGES) * picture.shape[-1]
        told.append([_median(light, away, near, far) for near, far in pairwise(edges)])
    return np.array(told)


def _median(light: npt.NDArray[np.float64], away: npt.NDArray[np.float64], near: float, far: float) -> float:
    """Of what lies between two distances; of the nearest pixel where a small picture has none between them."""
    ring = light[(away >= near) & (away < far)]
    return float(np.median(ring) if ring.size else light.flat[np.abs(away - (near + far) / 2).argmin()])
