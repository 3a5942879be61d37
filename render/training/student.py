"""A student: a network that learns from finished weights instead of from pictures alone.

It answers in one pass what they answer in two, guidance included (Meng et al. 2023, arXiv:2210.03142). It is a small
one that a browser loads in a moment, or one that begins as its teacher and needs no second pass. A teacher's answer is
an average over all that a noisy picture might become, so a student is told with each picture what it would otherwise
have to average out of many.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from render.generators.building import autocast
from render.generators.flow import GUIDED, FlowGenerator
from render.generators.network import FlowNetwork, NetworkSettings
from render.training.examples import Example
from render.training.expert import BELOW, beside
from render.training.samples import DEFAULT_SAMPLING
from render.weights import Sampling

SHAPE: dict[str, Any] = {"fold": 3, "channels": (48, 96, 128), "below": BELOW}
"""How a student differs from its teacher: 3.8 M parameters and 1.4 GFLOP a pass at 96 px. Its pictures are a multiple
of 12 px wide. `below` is where its steps grow denser, as its teacher's do; it has no expert there.
"""
SAMPLING = Sampling(sampler="ab2", steps=6, guidance=1.0)
"""Eight passes a picture: five steps begin above `below`, three under it."""


def unguided(sampling: Sampling) -> Sampling:
    """The same sampling for a network of its teacher's shape, which has learned its guidance."""
    return sampling.model_copy(update={"guidance": 1.0, "away": None})


def student_settings(teacher: NetworkSettings, data: Tensor) -> NetworkSettings:
    """Of a student for pictures like these, (n, 3, h, w) in data space."""
    return beside(teacher, data, **SHAPE)


class Teacher:
    """Finished weights that say what a student should answer; they know the classes and sources of its pictures."""

    def __init__(self, generator: FlowGenerator, compiled: bool = False) -> None:
        self._generator = generator
        sampling = generator.card.sampling or DEFAULT_SAMPLING
        self._guidance = sampling.guidance
        self._twin = generator.twin if sampling.away else generator.network
        if compiled:
            for network in {generator.network, self._twin}:
                network.unet.compile(dynamic=False)

    @property
    def settings(self) -> NetworkSettings:
        return self._generator.network.settings

    @torch.no_grad()
    def taught(self, given: Example) -> Example:
        """The example with the teacher's guided velocity in place of its own picture's."""
        network, t = self._generator.network, given.times
        velocity = self._answer(network, given)
        guided = (t >= GUIDED[0]) & (t <= GUIDED[1])
        if self._guidance != 1 and guided.any():
            nothing = torch.zeros_like(given.classes)
            nothing[:, -1] = 1
            free = self._answer(self._twin, replace(given, classes=nothing))
            velocity[guided] += (self._guidance - 1) * (velocity - free)[guided]
        if network.expert is not None and (late := t < network.expert.settings.below).any():
            velocity[late] = self._answer(network.expert, given, late)
        return replace(given, velocity=velocity)

    def _answer(self, network: FlowNetwork, given: Example, those: Tensor | slice = slice(None)) -> Tensor:
        """Of all pictures at once, wanted or not, because a compiled network has one shape; of `those` by an expert."""
        parts = (given.mixed, given.times, given.classes, given.sources, given.drawing, given.drawn)
        with autocast(self._generator.device, self._generator.precision):
            velocity: Tensor = network(*(part[those] for part in parts))
        return velocity.float()
