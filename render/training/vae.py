"""Training the vae family: the evidence lower bound, with a weight on its second term.

The likelihood is a Gaussian whose width is the best one for the batch (Rybkin et al. 2021, arXiv:2006.13202, eq. 6), so
that no weight between the two terms has to be found by hand; beta weighs the divergence from the prior (Higgins et al.
2017), and grows from 0 over the first steps, so that the latent is used before it is asked to be the prior's
(Bowman et al. 2016, arXiv:1511.06349).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.vae import NetworkSettings, VaeGenerator, VaeNetwork
from render.training.dataset import TEST_FOLD, TrainingSet
from render.training.one_pass import OnePass, coarsest
from render.training.pool import Pictures
from render.training.run import Losses, mean_gradients
from render.training.sheets import sample_sheet
from render.weights import Card

BESIDE = 8
"""Pictures that are shown beside their reconstructions."""


@dataclass(frozen=True)
class VaeSettings:
    """Everything that a person chooses of a run. anneal: steps over which beta grows to its value."""

    steps: int = 20_000
    batch: int = 64
    rate: float = 5e-4
    average: float = 0.999
    checkpoint_every: int = 500
    seed: int = 0
    latent: int = 64
    width: int = 32
    beta: float = 1.0
    anneal: int = 2_000


class VaeTraining(OnePass):
    """One run in a folder of its own: build, resume, step, checkpoint.

    unseen: (n, 3, h, w) pictures for the sheet of reconstructions, and their classes, (n,) numbers.
    """

    family = "vae"
    losses: tuple[str, ...] = ("squared error", "divergence from the prior (nats)")
    generator_class = VaeGenerator
    settings: VaeSettings

    def __init__(
        self,
        pictures: Pictures,
        run: Path,
        settings: VaeSettings,
        unseen: tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]],
    ) -> None:
        size, classes = int(pictures.data.shape[-1]), len(pictures.class_names)
        grid = coarsest(size)
        if grid > 7:
            raise NonesuchError(f"the vae family halves pictures to 4 to 7 px, and {size} px cannot be halved so far.")
        if not 2 <= settings.latent <= 512:
            raise NonesuchError(f"a latent of {settings.latent} numbers is not what the vae family has: 2 to 512.")
        plan = NetworkSettings.of(size, grid, settings.latent, settings.width, classes if classes > 1 else 0)
        torch.manual_seed(settings.seed)
        super().__init__(pictures, run, settings, VaeNetwork(plan))
        self.optimiser = torch.optim.Adam(self.network.parameters(), settings.rate)
        self.unseen = unseen
        self.resume(optimiser=self.optimiser)

    def advance(self) -> Losses:
        """One optimiser step; returns the mean squared error and the divergence."""
        random = self.random()
        data, classes = self.drawn(random)
        mean, spread = self.network.encode(data)
        z = mean + torch.exp(spread / 2) * torch.randn(mean.shape, generator=random).to(self.device)
        error = (self.network(z, classes) - data).square().mean()
        nats = divergence(mean, spread).mean()
        loss = torch.log(error + 1e-6) / 2 + self.beta() * nats / data[0].numel()
        self.optimiser.zero_grad()
        self.accelerator.backward(loss)
        mean_gradients(self.accelerator, self.network.parameters())
        self.optimiser.step()
        self.advanced()
        return float(error.detach()), float(nats.detach())

    def beta(self) -> float:
        """The weight of the divergence at this step."""
        return self.settings.beta * min(1.0, self.step / max(1, self.settings.anneal))

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        """Samples of the prior; and real pictures, each row with its reconstructions under it."""
        return super().sheets(card, per_class) | {"reconstructions": self.reconstructions(card)}

    @torch.inference_mode()
    def reconstructions(self, card: Card) -> Image.Image:
        data, classes = self.unseen
        real = torch.from_numpy(data.astype(np.float32)).clamp(-1, 1).to(self.device)
        again = self.average(self.average.encode(real)[0], self.steering(torch.from_numpy(classes)))
        rows = torch.stack([real, again]).cpu().numpy()  # (2, n, 3, h, w)
        return sample_sheet(rows.reshape(-1, *rows.shape[2:]), card.mapping, len(data))


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Kullback-Leibler divergence of N(mean, exp(spread)) from N(0, I) in nats, (n,)."""
    return 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1)


def unseen(
    training_set: TrainingSet, mapping: DisplayMapping, pictures: Pictures
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]]:
    """Some pictures of fold 1 with their classes; of those that are trained on where that fold is empty."""
    labels, names = training_set.column("label"), pictures.class_names
    known = [i for i in np.flatnonzero(training_set.folds == TEST_FOLD) if len(names) == 1 or labels[i] in names]
    if not known:
        return pictures.data[:BESIDE], pictures.classes[:BESIDE].argmax(1)
    chosen = np.array(known[:BESIDE])
    classes = np.array([names.index(labels[i]) if len(names) > 1 else 0 for i in chosen])
    return training_set.data(chosen, mapping), classes
