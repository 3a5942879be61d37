"""The last touches to a finished flow network: what is wrong with all of its pictures alike, measured and undone.

In this order, for each is measured with the one before it: how far colour is blurred, how symmetric the noise is, in
how many galaxies experts saw spiral arms, how far peaks of the noise are raised, how much narrower stars are drawn, how
even galaxies are about their nucleus, and how strongly each spatial frequency is shown. None of them needs a step of
training, and none looks at fold 1.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from render.classify import Classifier
from render.display import SKY
from render.errors import NonesuchError, UsageError
from render.finished import finish
from render.generators.flow import FlowGenerator
from render.training.arms import arms_seen
from render.training.balance import fitting_balance
from render.training.colour import fitting_blur
from render.training.dataset import TrainingSet
from render.training.equaliser import fitting_gains
from render.training.peaks import fitting_peaks
from render.training.pool import Pictures, Turns
from render.training.quality import generator_quality
from render.training.samples import DEFAULT_SAMPLING, PER_CLASS, samples
from render.training.sharpness import fitting_sharpness
from render.training.sheets import compared_sheet, save_sheet
from render.training.symmetry import fitting_symmetry
from render.weights import Card, Sampling, load_card, save_card


def touched(generator: FlowGenerator, training_set: TrainingSet, turns: Turns) -> tuple[Any, Sampling]:
    """The network's settings and the sampling with which its pictures are most like real ones. turns: orientations as
    good as a picture's own; only what has no up is alike from both ends. The generator is left with those settings.
    """
    network, card = generator.network, generator.card
    sampling = (card.sampling or DEFAULT_SAMPLING).model_copy(update={"symmetry": None})
    generator.card = card.model_copy(update={"sampling": sampling})
    network.settings = network.settings.untouched()
    if network.settings.colours == 1:
        return network.settings, sampling  # there is no colour, and what is drawn are distances
    network.settings = replace(network.settings, colour=fitting_blur(generator, training_set))
    if card.mapping.name == SKY and turns == "all":
        sampling = sampling.model_copy(update={"symmetry": fitting_symmetry(generator, training_set) or None})
        generator.card = card.model_copy(update={"sampling": sampling})
        network.settings = replace(network.settings, arms=arms_seen(training_set, card))
    network.settings = replace(network.settings, gains=fitting_gains(generator, training_set))
    if card.mapping.name == SKY:
        peaks = fitting_peaks(generator, training_set)  # stars are counted against the grain that is shown
        network.settings = replace(network.settings, peaks=peaks)
        sharpness = fitting_sharpness(generator, training_set)  # raised peaks grow into narrower stars than others
        network.settings = replace(network.settings, sharpness=sharpness)
        balance = fitting_balance(generator, training_set) if turns == "all" else []
        network.settings = replace(network.settings, balance=balance)
        if peaks or sharpness or balance:
            network.settings = replace(network.settings, gains={})
            network.settings = replace(network.settings, gains=fitting_gains(generator, training_set))
    return network.settings, sampling


def touch_again(training_set: TrainingSet, folder: Path, turns: Turns, classifier: Path | None = None) -> Card:
    """Measure the last touches of finished weights again and write them into their card, with the sheet and the figures
    of the pictures that come of them; what a report or a blind sheet had found was of others, and goes. Raises
    UsageError for another family, NonesuchError for another training set.
    """
    card = load_card(folder)
    if card.family != "flow":
        raise UsageError(f"{folder} is of the family '{card.family}': only 'flow' has last touches.")
    if card.training.pictures_sha256 != training_set.identity():
        raise NonesuchError(f"{folder} did not learn from {training_set.folder}: name the set that its card describes.")
    generator = FlowGenerator.load(folder, "cpu", "fp32")
    settings, sampling = touched(generator, training_set, turns)
    judge = Classifier.load(classifier) if classifier else None
    card = generator.card.model_copy(update={"network": settings.as_card(), "sampling": sampling})
    card = card.model_copy(update={"quality": generator_quality(generator, training_set, judge)})
    names = card.classes or ["picture"]
    unsure = np.full((len(training_set.rows), len(names)), 1 / len(names), np.float32)  # where there is no label
    real = Pictures.load(training_set, card.mapping, unsure, names, turns)
    save_sheet(folder, "sheet", compared_sheet(samples(generator), real, card.mapping, PER_CLASS))
    finish(folder, card)
    save_card(folder, card)
    return card
