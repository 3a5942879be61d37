"""Training the autoencoder: a picture must come back, its edges too, through a grid of few numbers.

The loss is the mean absolute difference of pixels and of the steps between neighbouring pixels, which a squared error
would blur; a slight pull of the latents towards the standard normal keeps them of one size (Rombach et al. 2022,
arXiv:2112.10752, section 3.1). There is no judge: what is lost is fine grain, not shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from render.display import DisplayMapping
from render.errors import UsageError
from render.generators import Generator
from render.generators.autoencoder import FAMILY, Autoencoder, AutoencoderSettings
from render.training.one_pass import OnePass
from render.training.pool import Pictures, Turns
from render.training.run import Losses, Report, mean_gradients, train
from render.training.sheets import sample_sheet
from render.training.shipping import Description, card_of, gather, look, write_weights
from render.training.vae import unseen
from render.weights import Card

PULL = 1e-6
"""The weight of the divergence from the standard normal, of a latent number."""
MEASURED = 256
"""Pictures on which the mean and the spread of the latents are measured."""


@dataclass(frozen=True)
class AutoencoderTrainingSettings:
    """Everything that a person chooses of a run; see `AutoencoderSettings` for the last three."""

    steps: int = 10_000
    batch: int = 8
    rate: float = 3e-4
    average: float = 0.999
    checkpoint_every: int = 500
    seed: int = 0
    latent: int = 4
    reduce: int = 4
    width: int = 32


class AutoencoderTraining(OnePass):
    """One run in a folder of its own: build, resume, step, checkpoint. shown: pictures for the sheet."""

    family = FAMILY
    losses: tuple[str, ...] = ("absolute error", "of edges", "divergence from the normal")
    settings: AutoencoderTrainingSettings

    def __init__(
        self, pictures: Pictures, run: Path, settings: AutoencoderTrainingSettings, shown: npt.NDArray[np.float16]
    ) -> None:
        torch.manual_seed(settings.seed)
        super().__init__(
            pictures, run, settings, Autoencoder(AutoencoderSettings(settings.latent, settings.reduce, settings.width))
        )
        self.classes = []  # it knows none
        self.optimiser = torch.optim.AdamW(self.network.parameters(), settings.rate, (0.9, 0.99), weight_decay=0.0)
        self.shown = torch.from_numpy(shown.astype(np.float32)).clamp(-1, 1)
        self.resume(optimiser=self.optimiser)

    def advance(self) -> Losses:
        """One optimiser step; returns its three losses."""
        random = self.random()
        data, _ = self.drawn(random)
        found = self.network.distribution(data)
        noise = torch.randn(found.mean.shape, generator=random).to(self.device)
        again = self.network.network.decode(found.mean + found.std * noise).sample
        error = (again - data).abs().mean()
        edges = sum(((again - data).diff(dim=axis)).abs().mean() for axis in (2, 3))
        nats = 0.5 * (found.mean.square() + found.var - 1 - found.logvar).mean()
        self.optimiser.zero_grad()
        self.accelerator.backward(error + edges + PULL * nats)
        mean_gradients(self.accelerator, self.network.parameters())
        self.optimiser.step()
        self.advanced()
        return float(error.detach()), float(edges.detach()), float(nats.detach())

    @torch.inference_mode()
    def normalise(self) -> None:
        """Measure mean and spread of the averaged network's latents, on pictures that it was trained on."""
        random = torch.Generator().manual_seed(self.settings.seed)
        data = self.pictures.draw(MEASURED, random)[0].clamp(-1, 1)
        self.average.mean.zero_()
        self.average.spread.fill_(1)
        latents = torch.cat([self.average.encode(some.to(self.device)) for some in torch.split(data, 8)])
        self.average.mean.copy_(latents.mean((0, 2, 3)))
        self.average.spread.copy_(latents.std((0, 2, 3)).clamp_min(1e-4))

    @torch.inference_mode()
    def again(self) -> Tensor:
        """The pictures that are shown, (n, 3, h, w), as they come back."""
        back: Tensor = self.average.decode(self.average.encode(self.shown.to(self.device))).cpu()
        return back

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        """Pictures that it never saw, and under each what came back."""
        rows = torch.cat([self.shown, self.again()]).numpy()
        return {"sheet": sample_sheet(rows, card.mapping, len(self.shown))}

    def generator(self, card: Card) -> Generator:
        raise UsageError(f"'{card.name}' draws no pictures: `nonesuch train flow --autoencoder` draws in its latents.")


def train_autoencoder(
    source: Path,
    run: Path,
    out: Path,
    settings: AutoencoderTrainingSettings,
    about: Description,
    mapping: DisplayMapping,
    turns: Turns = "none",
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Card:
    """Train on the prepared set `source` and write the weights folder `out`; goes on exactly where it was killed.

    Raises UsageError when the pictures cannot be reduced so far.
    """
    training_set, pictures = gather(source, run, mapping, None, turns, labelled=False)
    if training_set.size % (4 * settings.reduce):
        raise UsageError(f"pictures of {training_set.size} px cannot be reduced {settings.reduce} times: choose less.")
    shown, _ = unseen(training_set, mapping, pictures)
    training = AutoencoderTraining(pictures, run, settings, shown)

    def told(state: AutoencoderTraining) -> Card:
        return card_of(state, training_set, mapping, about).model_copy(update={"sampling": None})

    train(training, report, lambda state: look(state, told(state)), stop)
    card = told(training)
    if training.accelerator.is_main_process:
        training.normalise()
        card = card.model_copy(update={"quality": _quality(training)})
        write_weights(out, training, card)
    return card


def _quality(training: AutoencoderTraining) -> dict[str, Any]:
    """What comes back of pictures that were never seen, in data space, whose range is 2."""
    off = training.again() - training.shown
    error = float(off.square().mean())
    return {
        "unseen": len(training.shown),
        "absolute_error": round(float(off.abs().mean()), 5),
        "decibels": round(float(10 * np.log10(4 / max(error, 1e-12))), 2),
    }
