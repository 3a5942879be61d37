"""From maps to a weights folder of the surface family: the run, its sheets, its card."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from render.display import DisplayMapping
from render.generators.surface import SurfaceGenerator
from render.generators.zones import zonal_share
from render.noise import normals
from render.recipe import Recipe
from render.training.flow import FlowSettings, FlowTraining
from render.training.run import Report, train
from render.training.samples import UNSAVED
from render.training.sheets import contact_sheet
from render.training.shipping import Description, look, write_weights
from render.training.surface import HEIGHT, NEAR, SIZE, WIDE, Body, Surfaces, credits, identity, load_bodies
from render.weights import Card, Sampling, Surface, Training

SAMPLING = Sampling(sampler="ab2", steps=10, guidance=1.0, batch=1)
COLOUR = 2.0
"""Pixels of a narrow view by which colour is blurred: bodies have few colours, and a little trained network many."""
SETTINGS = FlowSettings(batch=24, rate=8e-4, channels=(64, 64, 128), drop_class=0.1, drop_source=0.15, time_mean=0.0)


class SurfaceTraining(FlowTraining):
    """A run whose pool is a set of maps."""

    family = "surface"
    sampling = SAMPLING

    def generator(self, card: Card) -> SurfaceGenerator:  # type: ignore[override]  # another generator, the same protocol
        return SurfaceGenerator(card, self.average, str(self.accelerator.device), "fp32")

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        """Two real maps of each class, then generated ones, a class in each row."""
        generator, made = self.generator(card), max(1, per_class // 2 - 1)
        assert isinstance(self.pictures, Surfaces)
        tiles: list[np.ndarray] = []
        for name in card.classes:
            real = [body.sharp for body in self.pictures.bodies if body.label == name][:2]
            tiles += real + [np.zeros_like(real[0])] * (2 - len(real))
            tiles += [card.mapping.to_display(one) for one in maps_of(generator, name, range(made))]
        return {"sheet": contact_sheet(tiles, 2 + made).reduce(3)}


def maps_of(generator: SurfaceGenerator, name: str, seeds: Sequence[int]) -> list[np.ndarray]:
    """Maps of one class by the card's own sampling, each (3, height, 2 height) in data space."""
    card = generator.card
    choice = card.sampling or SAMPLING
    found = []
    for seed in seeds:
        settings = (choice.sampler, choice.steps, choice.guidance, card.size)
        recipe = Recipe("surface", UNSAVED, seed, *settings, class_name=name)
        noise = torch.from_numpy(normals(seed, generator.noise_shape))[None]
        found.append(generator.images(generator.condition([recipe]), noise)[0].numpy())
    return found


def card_of(training: SurfaceTraining, bodies: Sequence[Body], about: Description) -> Card:
    """The card of a run as it stands."""
    learned = [body for body in bodies if not body.held]
    network = training.average.settings
    return Card(
        name=about.name,
        family="surface",
        title=about.title,
        size=SIZE,
        parameters=sum(p.numel() for p in training.average.parameters()),
        classes=training.classes,
        network=network.as_card(),
        display=DisplayMapping.plain().settings(),
        sampling=SAMPLING,
        surface=Surface(
            bodies={body.name: body.label for body in learned},
            height=HEIGHT,
            wide=WIDE,
            near=NEAR,
            zonal={body.name: round(zonal_share(body.sharp, body.north, body.south), 3) for body in learned},
        ),
        training=Training(
            data=about.data,
            pictures_sha256=identity(learned),
            folds=sorted({body.fold for body in learned}),
            pictures=len(learned),
            images_seen=training.step * training.settings.batch * training.accelerator.num_processes,
            steps=training.step,
            seconds=round(training.seconds, 1),
            device=f"{training.accelerator.device.type}, {platform.machine()}, threads: {torch.get_num_threads()}",
            credits=credits(learned),
        ),
    )


def train_surface(
    source: Path,
    labels: Path,
    run: Path,
    out: Path,
    settings: FlowSettings,
    about: Description,
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Card:
    """Train on the maps that `labels` names in `source` and write the weights folder `out`.

    Goes on exactly where a killed run left off. Bodies in folds 1 and 2 are kept out.
    """
    bodies = load_bodies(source, labels)
    training = SurfaceTraining(Surfaces(bodies), run, settings)
    training.average.settings = replace(training.average.settings, colour=COLOUR)
    train(training, report, lambda state: look(state, card_of(state, bodies, about)), stop)
    card = card_of(training, bodies, about)
    if training.accelerator.is_main_process:
        write_weights(out, training, card)
    return card
