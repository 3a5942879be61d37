"""Training the stylegan2 family: StyleGAN2 with adaptive augmentation (Karras et al. 2020, arXiv:2006.06676).

The logistic loss, a penalty on the judge's gradient at real pictures (R1: Mescheder et al. 2018, arXiv:1801.04406) and
one on uneven path lengths (arXiv:1912.04958, section 3.2), both only every few steps with Adam's rates corrected for it
(the same, appendix B); mixed styles, a mean w for truncation, and a moving average of the generator, which is what
ships. R1 is taken at the pictures as the judge sees them, after augmentation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from render.errors import NonesuchError
from render.generators.stylegan2 import StyleGan2Generator
from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network, plan
from render.training.augment import Amount, augmented
from render.training.one_pass import OnePass, coarsest
from render.training.pool import Pictures
from render.training.run import Losses, mean_gradients
from render.training.stylegan2_judge import Judge

R1_EVERY, PATH_EVERY = 16, 4
W_MEAN = 0.995
"""How much of the mean w is kept at every step."""
PATH_MEAN = 0.01
"""How fast the mean path length follows."""


@dataclass(frozen=True)
class StyleGan2Settings:
    """Everything that a person chooses of a run.

    base, most: channels at a size are min(base / size, most). gamma: R1's weight; 0 takes the original's rule of thumb,
    0.0002 size^2 / batch. target: of the judge's mean sign on real pictures, 0 for no augmentation; adjust: thousands
    of pictures in which p can go from 0 to 1. mixing: the share of pictures with two styles.
    """

    steps: int = 25_000
    batch: int = 16
    rate: float = 0.0025
    average: float = 0.998
    checkpoint_every: int = 500
    seed: int = 0
    latent: int = 512
    depth: int = 2
    base: int = 16384
    most: int = 512
    gamma: float = 0.0
    target: float = 0.6
    adjust: float = 500.0
    mixing: float = 0.9
    path: float = 2.0


class StyleGan2Training(OnePass):
    """One run in a folder of its own: build, resume, step, checkpoint."""

    family = "stylegan2"
    losses: tuple[str, ...] = ("generator", "judge", "augmentation p")
    generator_class = StyleGan2Generator
    settings: StyleGan2Settings

    def __init__(self, pictures: Pictures, run: Path, settings: StyleGan2Settings) -> None:
        size, classes = int(pictures.data.shape[-1]), len(pictures.class_names)
        if size & (size - 1) or coarsest(size) != 4 or size < 8:
            raise NonesuchError(
                f"the stylegan2 family draws sizes that are powers of two, and these pictures have {size} px: "
                "prepare them with --size 64, 128, 256 or 512."
            )
        network = NetworkSettings(
            latent=settings.latent,
            styles=settings.latent,
            depth=settings.depth,
            channels=plan(size, settings.base, settings.most),
            classes=classes if classes > 1 else 0,
        )
        torch.manual_seed(settings.seed)
        super().__init__(pictures, run, settings, StyleGan2Network(network))
        self.judge = Judge(network).to(self.device)
        self.optimiser = lazy_adam(self.network, settings.rate, PATH_EVERY)
        self.judge_optimiser = lazy_adam(self.judge, settings.rate, R1_EVERY)
        self.gamma = settings.gamma or 0.0002 * size**2 / settings.batch
        self.amount = Amount(settings.target, 1 / (settings.adjust * 1000))
        self.length = Length()
        self.resume(
            judge=self.judge,
            optimiser=self.optimiser,
            judge_optimiser=self.judge_optimiser,
            amount=self.amount,
            length=self.length,
        )

    def advance(self) -> Losses:
        """One step of the generator, one of the judge, and now and then their penalties."""
        random = self.random()
        real, classes = self.drawn(random)
        made = self._made(classes, random)
        convinced = softplus(-self.judge(augmented(made, self.amount.p, random), classes)).mean()
        self._update(convinced, self.network, self.optimiser)
        if self.step % PATH_EVERY == 0:
            half = classes[: max(1, len(classes) // 2)]
            self._update(self._path_penalty(half, random) * PATH_EVERY, self.network, self.optimiser)
        wrong = self._judged(real, made.detach(), classes, random)
        if self.step % R1_EVERY == 0:
            self._update(self._r1(real, classes, random) * R1_EVERY, self.judge, self.judge_optimiser)
        self.advanced()
        return float(convinced.detach()), float(wrong.detach()), self.amount.p

    def _made(self, classes: Tensor, random: torch.Generator) -> Tensor:
        made: Tensor = self.network.synthesis(self._ws(classes, random), self._noise(len(classes), random))
        return made

    def _ws(self, classes: Tensor, random: torch.Generator) -> Tensor:
        """(n, layers, styles), some rows with the finer layers from another w; the mean w follows."""
        n, layers = len(classes), self.network.settings.layers
        z, other = torch.randn(2, n, self.settings.latent, generator=random).to(self.device)
        w = self.network.mapping(z, classes)
        mean = self.accelerator.reduce(w.detach().mean(0), "mean")
        self.network.mapping.w_avg.copy_(torch.lerp(mean, self.network.mapping.w_avg, W_MEAN))
        begin = torch.randint(1, layers, (n,), generator=random)
        begin[torch.rand(n, generator=random) >= self.settings.mixing] = layers
        finer = (torch.arange(layers) >= begin[:, None])[:, :, None].to(self.device)
        return torch.where(finer, self.network.mapping(other, classes)[:, None], w[:, None])

    def _noise(self, n: int, random: torch.Generator) -> list[Tensor]:
        sizes = [layer.size for layer in self.network.synthesis.styled()]
        return [torch.randn(n, 1, size, size, generator=random).to(self.device) for size in sizes]

    def _judged(self, real: Tensor, made: Tensor, classes: Tensor, random: torch.Generator) -> Tensor:
        """One step of the judge; its loss. How sure it is of real pictures moves the augmentation."""
        p = self.amount.p
        verdicts = self.judge(augmented(real, p, random), classes)
        wrong: Tensor = softplus(-verdicts).mean()
        wrong = wrong + softplus(self.judge(augmented(made, p, random), classes)).mean()
        self._update(wrong, self.judge, self.judge_optimiser)
        together = self.accelerator.gather(verdicts.detach())
        self.amount.observe(together, self.step, len(together))
        return wrong

    def _r1(self, real: Tensor, classes: Tensor, random: torch.Generator) -> Tensor:
        shown = augmented(real, self.amount.p, random).detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.judge(shown, classes).sum(), shown, create_graph=True)
        return slope.square().sum((1, 2, 3)).mean() * (self.gamma / 2)

    def _path_penalty(self, classes: Tensor, random: torch.Generator) -> Tensor:
        """How far a step in w moves the picture should be alike everywhere: (length - its mean)^2."""
        ws = self._ws(classes, random)
        pictures = self.network.synthesis(ws, self._noise(len(classes), random))
        noise = torch.randn(pictures.shape, generator=random).to(self.device) / math.sqrt(pictures[0, 0].numel())
        (slope,) = torch.autograd.grad((pictures * noise).sum(), ws, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        mean = self.length.follow(self.accelerator.reduce(lengths.detach().mean(), "mean"))
        return (lengths - mean).square().mean() * self.settings.path

    def _update(self, loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        parameters = list(network.parameters())
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = torch.zeros_like(parameter) if gradient is None else gradient
        mean_gradients(self.accelerator, parameters)
        optimiser.step()


class Length(nn.Module):
    """The mean path length so far."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def follow(self, length: Tensor) -> Tensor:
        """The mean after this length was seen."""
        self.mean.lerp_(length.to(self.mean.device), PATH_MEAN)
        return self.mean.to(length.device)


def lazy_adam(network: nn.Module, rate: float, every: int) -> torch.optim.Adam:
    """Adam for a network that takes a step more, for a penalty, every so many steps (appendix B)."""
    share = every / (every + 1)
    return torch.optim.Adam(network.parameters(), rate * share, (0.0, 0.99**share))
