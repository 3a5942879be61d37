"""The judge of StyleGAN2 (Karras et al. 2020, arXiv:1912.04958, section 4.1): residual blocks that halve the picture.

At 4 pixels it sees how much the pictures of its batch differ (Karras et al. 2018, arXiv:1710.10196, section 3); classes
enter by projection (Miyato & Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from render.generators.stylegan2_layers import Convolution, Dense, unit
from render.generators.stylegan2_network import Mapping, NetworkSettings

GROUP = 4
"""Pictures whose differences are looked at together."""


class Halving(nn.Module):
    """One size down."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = Convolution(inputs, outputs, 1, bias=False, active=False, resize="down")
        self.conv0 = Convolution(inputs, inputs, 3)
        self.conv1 = Convolution(inputs, outputs, 3, resize="down")

    def forward(self, x: Tensor) -> Tensor:
        half: float = math.sqrt(0.5)
        smaller: Tensor = self.skip(x, half) + self.conv1(self.conv0(x), half)
        return smaller


class Judge(nn.Module):
    """(n, 3, size, size) and (n, classes) to logits, (n,)."""

    def __init__(self, plan: NetworkSettings) -> None:
        super().__init__()
        channels = plan.channels[::-1]  # from full size down to 4 pixels
        self.fromrgb = Convolution(plan.colours, channels[0], 1)
        self.blocks = nn.Sequential(*(Halving(a, b) for a, b in pairwise(channels)))
        last = channels[-1]
        self.conv = Convolution(last + 1, last, 3)
        self.fc = Dense(last * 16, last, active=True)
        self.out = Dense(last, last if plan.classes else 1)
        self.mapping = Mapping(0, plan.classes, last, plan.depth, average=False) if plan.classes else None

    def forward(self, pictures: Tensor, classes: Tensor) -> Tensor:
        x = self.blocks(self.fromrgb(pictures))
        x = self.conv(torch.cat([x, differences(x)], 1))
        verdict: Tensor = self.out(self.fc(x.flatten(1)))
        if self.mapping is None:
            return verdict[:, 0]
        asked = unit(self.mapping(x.new_zeros(len(x), 0), classes))
        return (verdict * asked).sum(1) / math.sqrt(verdict.shape[1])


def differences(x: Tensor) -> Tensor:
    """(n, 1, h, w): the mean standard deviation of the features within the group that a picture belongs to."""
    n, c, h, w = x.shape
    group = max(size for size in range(1, GROUP + 1) if n % size == 0)
    spread = x.view(group, n // group, c, h, w)
    spread = (spread.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # (n / group,)
    return spread.view(1, -1, 1, 1, 1).expand(group, -1, 1, h, w).reshape(n, 1, h, w)
