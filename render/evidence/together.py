"""What is known of a collection as a whole: its share of authentic exhibits, and exhibits that are nearly the same.

A generator that has collapsed draws the same galaxy again and again, each of them far from every real one; only a look
from exhibit to exhibit finds that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.evidence.check import LIKENESS, Evidence, rounded
from render.evidence.neighbours import nearest_others
from render.evidence.network import features, shrink
from render.evidence.register import agreements

RESAMPLES = 2000
SUSPICIOUS = "1"
"""Exhibits are laid upon each other when they are nearer than so many per cent of real pictures to their nearest."""


@dataclass(frozen=True)
class Twins:
    """Two exhibits, by their place in the sequence, that can be laid upon each other as a copy upon its original."""

    one: int
    other: int
    distance: float
    likeness: float


def bootstrap(answers: Sequence[bool], seed: int = 0) -> dict[str, Any]:
    """A share with a 95 % bootstrap interval (Efron 1979, percentiles); without answers there is no share."""
    if not answers:
        return {"pictures": 0}
    known = np.array(answers, dtype=float)
    random = np.random.default_rng(seed)
    drawn = [known[random.integers(0, len(known), len(known))].mean() for _ in range(RESAMPLES)]
    interval = [rounded(np.quantile(drawn, q)) for q in (0.025, 0.975)]
    return {"pictures": len(known), "authentic": rounded(known.mean()), "interval": interval}


def twins(evidence: Evidence, count: int, picture: Callable[[int], Tensor]) -> list[Twins]:
    """Pairs among `count` pictures, which `picture` gives in data space, (3, h, w), by their place.

    Empty when the detector has no reference set or no threshold: then nobody knows how near is too near.
    """
    nearer = evidence.scale().get(SUSPICIOUS)
    if evidence.threshold is None or nearer is None or count < 2:
        return []
    found = torch.cat([features(evidence.network, picture(place)[None]) for place in range(count)])
    distances, which = nearest_others(found)
    pairs = {(min(a, int(which[a])), max(a, int(which[a]))) for a in range(count) if distances[a] < nearer}
    own = evidence.usual_distance()
    kept = []
    for one, other in sorted(pairs):
        distance = float((1 - found[one] @ found[other]).clamp_min(0))
        size = evidence.network.settings.size
        first, second = (shrink(picture(place)[None], size) for place in (one, other))
        agreed = agreements(first[0], second, evidence.network.settings)[0]
        likeness = float(torch.cat([agreed, torch.tensor([distance / own])]) @ torch.tensor(LIKENESS))
        if likeness >= evidence.threshold:
            kept.append(Twins(one, other, rounded(distance), rounded(likeness)))
    return kept
