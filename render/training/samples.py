"""Pictures of a generator as it stands: what sheets show and figures are measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from render.generators.flow import Conditioning, FlowGenerator
from render.noise import normals
from render.weights import Sampling

PER_CLASS = 8
DEFAULT_SAMPLING = Sampling(sampler="ancestral", steps=16, guidance=2.0)


def pictures_of_class(generator: FlowGenerator, index: int, seeds: Sequence[int]) -> npt.NDArray[np.float32]:
    """Pictures of one class by the card's own sampling, one for each seed, (seeds, 3, h, w) in data space."""
    card, n = generator.card, len(seeds)
    sampling = card.sampling or DEFAULT_SAMPLING
    noise = torch.from_numpy(np.stack([normals(seed, generator.noise_shape) for seed in seeds]))
    conditioning = Conditioning(
        classes=nn.functional.one_hot(torch.full((n,), index), len(card.classes) + 1).float(),
        sources=nn.functional.one_hot(torch.zeros(n, dtype=torch.long), len(card.sources) + 1).float(),
        sketch=torch.zeros(n, 1, card.size, card.size),
        drawn=torch.zeros(n),
        sampler=sampling.sampler,
        steps=sampling.steps,
        guidance=sampling.guidance,
    )
    return np.asarray(generator.images(conditioning.to(generator.device), noise).cpu().numpy())


def samples(generator: FlowGenerator, per_class: int = PER_CLASS) -> npt.NDArray[np.float32]:
    """`per_class` pictures of every class, (classes * per_class, 3, h, w): the same noise in every row."""
    rows = [pictures_of_class(generator, index, range(per_class)) for index in range(len(generator.card.classes))]
    return np.concatenate(rows)
