"""What a galaxy shows, step by step, and how sure that is: smooth or featured, edge-on, bar, ring, arms, bulge, dust.

The ensemble's heads learned the strengths that EFIGI's experts gave (Baillard et al. 2011, A&A 532, A74), from 0 (not
there) to 1 (as strong as it gets). How far such an answer usually is from the expert's was fitted on fold 2 and checked
on fold 1; the card keeps both. The Hubble stage is a distribution: the calibrated class, times how the stages of that
class share it; its targets were the experts' stage with the range from T_inf to T_sup that they would accept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from render.classify.classes import CLASS_OF_STAGE, STAGES

NODES = {"edge_on": 1, "bar": 0, "ring": 2, "arm_strength": 5, "bulge": 4, "dust": 3}
"""The steps after "featured", and the network's head for each."""
FIRST_DISC, DWARF = 0, 11
"""Stages from S0/a on are featured; dwarf ellipticals, which stand apart, are smooth."""


@dataclass(frozen=True)
class Step:
    """How strong something is, 0 to 1, and the standard deviation of that about an expert's answer."""

    strength: float
    uncertainty: float


@dataclass(frozen=True)
class Calibration:
    """What the card's ``[network.path]`` holds: the temperature within a class, and the three terms of each step's
    variance: constant, times s (1 - s), times the variance between members.
    """

    temperature: float
    variance: dict[str, tuple[float, float, float]]

    @classmethod
    def of(cls, network: dict[str, Any]) -> Calibration | None:
        """None for a card that has none."""
        told = network.get("path")
        if told is None:
            return None
        return cls(float(told["temperature"]), {name: _terms(told["variance"][name]) for name in NODES})

    def as_card(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "variance": {name: list(terms) for name, terms in self.variance.items()},
        }


def stage_probabilities(classes: Tensor, stages: Tensor, temperature: float) -> Tensor:
    """Calibrated class probabilities (n, 7) and stage logits (n, 18) to the distribution over T, (n, 18)."""
    of = torch.tensor(CLASS_OF_STAGE)
    within = torch.zeros_like(stages)
    for index in range(classes.shape[1]):
        mine = of == index
        within[:, mine] = (stages[:, mine] / temperature).softmax(dim=1)
    return within * classes[:, of]


def featured(distribution: Tensor) -> Tensor:
    """The probability that a galaxy has a disc or knots to look at, (n, 18) to (n,)."""
    return distribution[:, torch.tensor([FIRST_DISC <= stage < DWARF for stage in STAGES])].sum(dim=1)


def steps(strengths: Tensor, calibration: Calibration) -> dict[str, Step]:
    """The members' answers of all heads for one picture, (members, 13), to every node of the path."""
    found = {}
    for name, head in NODES.items():
        strength = float(strengths[:, head].mean())
        spread = float(strengths[:, head].var(correction=0))
        constant, middle, members = calibration.variance[name]
        variance = constant + middle * strength * (1 - strength) + members * spread
        found[name] = Step(strength, max(variance, 0.0) ** 0.5)
    return found


def _terms(values: Any) -> tuple[float, float, float]:
    constant, middle, members = (float(value) for value in values)
    return constant, middle, members
