"""An expert for the last steps: a second network beside finished weights, on a finer grid.

The network that draws a galaxy's shape works on a coarse grid, because a pass must be cheap; stars, dust and grain it
can only guess at. They are decided last, where a picture is nearly there (Balaji et al. 2022, arXiv:2211.01324), in few
of a sampler's steps; so a network of its own takes these, learns nothing else, and costs little more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from render.generators.flow import GUIDED
from render.generators.network import FlowNetwork, Folding, NetworkSettings
from render.weights import Sampling

BELOW, STEPS = GUIDED[0], 12
SHAPE: dict[str, Any] = {"fold": 2, "channels": (48, 64, 96), "attention": 1, "below": BELOW}
"""How an expert differs from the network beside it: below the time at which guidance ends, so it is asked once a step.
It needs pictures of a multiple of 8 px."""


def beside(whole: NetworkSettings, data: Tensor, **shape: Any) -> NetworkSettings:
    """Of a network of another shape for the same noisy pictures, (n, 3, h, w) in data space."""
    settings = replace(whole.untouched(), **shape, spreads=(1.0,), expert={})
    folded = Folding(settings).grid((data[:, : whole.colours] - whole.shift) / whole.scale)
    spreads = folded.square().mean(dim=(0, 2, 3)).sqrt().tolist()
    return replace(settings, spreads=tuple(round(max(one, 0.005), 4) for one in spreads))


def expert_settings(whole: NetworkSettings, data: Tensor) -> dict[str, Any]:
    """Of an expert beside a network with the settings `whole`, for pictures like these, (n, 3, h, w) in data space.

    It meets the same noisy pictures, so shift and scale are the same; how fine structure fades is measured for it.
    """
    return beside(whole, data, **SHAPE).as_card()


def sampling_with_expert(sampling: Sampling) -> Sampling:
    """Other weights' sampling for the same ones with an expert: the path is followed to its end, for where what a
    network expects is right, no noise needs renewing; and fewer steps are taken before the expert's own.
    """
    return sampling.model_copy(update={"sampler": "ab2", "steps": STEPS})


def learning(network: FlowNetwork, expert: bool) -> FlowNetwork:
    """The part of a network that a training is about: its expert, or all of it."""
    if expert:
        assert network.expert is not None
        return network.expert
    return network
