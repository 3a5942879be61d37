"""Training the dcgan family: two networks against each other (Goodfellow et al. 2014, arXiv:1406.2661).

As Radford et al. 2016 (arXiv:1511.06434) did it: Adam at 2e-4 with a first momentum of 0.5, batch normalisation,
weights from a normal of 0.02. Added since: smoothed labels of real pictures (Salimans et al. 2016, arXiv:1606.03498),
spectral normalisation of the judge instead of its batch normalisation (Miyato et al. 2018, arXiv:1802.05957), classes
by projection (Miyato & Koyama 2018, arXiv:1802.05637), and a moving average of the generator, which is what ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.parametrizations import spectral_norm

from render.generators.dcgan import DcganGenerator, DcganNetwork, NetworkSettings, stages
from render.training.one_pass import OnePass, doublings_only
from render.training.pool import Pictures
from render.training.run import Losses, mean_gradients

WIDTHS = (64, 96)
"""Channels before the last stage: 16 or 36 million parameters at 512 px."""


@dataclass(frozen=True)
class DcganSettings:
    """Everything that a person chooses of a run. smoothing: how far below 1 the label of a real picture is."""

    steps: int = 20_000
    batch: int = 64
    rate: float = 2e-4
    average: float = 0.999
    checkpoint_every: int = 500
    seed: int = 0
    latent: int = 100
    width: int = 64
    smoothing: float = 0.1
    spectral: bool = False


class Judge(nn.Module):
    """Real or made? The generator's plan backwards."""

    def __init__(self, plan: NetworkSettings, spectral: bool) -> None:
        super().__init__()

        def convolution(before: int, after: int, stride: int = 2, padding: int = 1) -> nn.Module:
            layer = nn.Conv2d(before, after, 4, stride, padding, bias=False)
            nn.init.normal_(layer.weight, std=0.02)
            return spectral_norm(layer) if spectral else layer

        channels = plan.channels[::-1]
        layers: list[nn.Module] = [convolution(plan.colours, channels[0]), nn.LeakyReLU(0.2)]
        for before, after in pairwise(channels):
            layers += [convolution(before, after), *([] if spectral else [normalised(after)]), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers)
        self.verdict = convolution(channels[-1], 1, 1, 0)
        self.classes = nn.Parameter(torch.zeros(plan.classes, channels[-1]))

    def forward(self, pictures: Tensor, classes: Tensor) -> Tensor:
        """(n, 3, h, w) and (n, classes) to logits, (n,)."""
        features = self.trunk(pictures)  # (n, channels, 4, 4)
        projected = (features.mean((2, 3)) * (classes @ self.classes)).sum(1)
        logits: Tensor = self.verdict(features).flatten() + projected
        return logits


def normalised(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation that begins as the paper's."""
    layer = nn.BatchNorm2d(channels)
    nn.init.normal_(layer.weight, 1.0, 0.02)
    return layer


def begun(network: DcganNetwork) -> DcganNetwork:
    """The generator with the paper's first weights."""
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return network


class DcganTraining(OnePass):
    """One run in a folder of its own: build, resume, step, checkpoint."""

    family = "dcgan"
    losses: tuple[str, ...] = ("generator", "judge")
    generator_class = DcganGenerator
    settings: DcganSettings

    def __init__(self, pictures: Pictures, run: Path, settings: DcganSettings) -> None:
        size = int(pictures.data.shape[-1])
        doublings_only(size, self.family)
        classes = len(pictures.class_names)
        plan = NetworkSettings(settings.latent, stages(size, settings.width), 3, classes if classes > 1 else 0)
        torch.manual_seed(settings.seed)
        super().__init__(pictures, run, settings, begun(DcganNetwork(plan)))
        self.judge = Judge(plan, settings.spectral).to(self.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), settings.rate, (0.5, 0.999))
        self.judge_optimiser = torch.optim.Adam(self.judge.parameters(), settings.rate, (0.5, 0.999))
        self.resume(judge=self.judge, optimiser=self.optimiser, judge_optimiser=self.judge_optimiser)

    def advance(self) -> Losses:
        """One step of the judge, then one of the generator on the same latents; their losses."""
        random = self.random()
        real, classes = self.drawn(random)
        z = torch.randn(len(real), self.settings.latent, generator=random).to(self.device)
        made = self.network(z, classes)
        judged, made_up = self.judge(real, classes), self.judge(made.detach(), classes)
        wrong = towards(judged, 1 - self.settings.smoothing) + towards(made_up, 0)
        self._update(wrong, self.judge, self.judge_optimiser)
        told = towards(self.judge(made, classes), 1)
        self._update(told, self.network, self.optimiser)
        self.advanced()
        return float(told.detach()), float(wrong.detach())

    def _update(self, loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        parameters = list(network.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        mean_gradients(self.accelerator, parameters)
        optimiser.step()


def towards(logits: Tensor, label: float) -> Tensor:
    """The mean cross-entropy of logits with one label."""
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
