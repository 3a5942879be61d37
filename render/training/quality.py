"""What can be measured of a generator beside real pictures that it never saw: grain, spectrum, stars, and its classes.

The generated pictures are compared with fold 1; how far fold 2 lies from fold 1 is the floor that even real pictures
have. Every class weighs the same on both sides, so that no figure depends on how many spirals a catalogue holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from render.classify import Classifier
from render.display import SKY, DisplayMapping
from render.generators import Generator
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.samples import pictures_of_class
from render.training.stars import stars
from render.weights import Card

Pictures = npt.NDArray[np.float32]  # (n, 3, h, w), data space
ByClass = dict[str, Pictures]
REAL_PER_CLASS = 60  # enough for a mean spectrum


def real_pictures(training_set: TrainingSet, names: list[str], fold: int, mapping: DisplayMapping) -> ByClass:
    """The labelled pictures of a fold by class; a set without labels is one class."""
    labels, found = training_set.column("label"), {}
    for name in names:
        rows = [i for i in np.flatnonzero(training_set.folds == fold) if labels[i] == name or len(names) == 1]
        if rows:
            found[name] = training_set.data(np.array(rows[:REAL_PER_CLASS]), mapping).astype(np.float32)
    return found


def of_the_look(training_set: TrainingSet, card: Card) -> dict[str, npt.NDArray[np.int64]]:
    """Rows of each class that are of the look that is asked of exhibits, the card's first source; fold 1 left out."""
    here = training_set.folds != TEST_FOLD
    if card.sources:
        here &= np.array(training_set.column("source")) == card.sources[0]
    labels = np.array(training_set.column("label"))
    found = {name: np.flatnonzero(here & (labels == name)) for name in card.classes or ["picture"]}
    return {name: rows for name, rows in found.items() if len(rows)}


def spectra(pictures: Pictures) -> npt.NDArray[np.float64]:
    """Each picture's power of the light at every spatial frequency, (n, w / 2); windowed, so that no border rings."""
    light = pictures.mean(axis=1, dtype=np.float64)
    size = light.shape[-1]
    window = np.outer(np.hanning(size), np.hanning(size))
    light = (light - np.median(light, axis=(1, 2), keepdims=True)) * window
    frequency = np.fft.fftfreq(size, 1 / size)
    radius = np.hypot(frequency[:, None], frequency[None, :]).round().astype(int).ravel()
    powers = (np.abs(np.fft.fft2(light)) ** 2).reshape(len(light), -1)
    total = np.stack([np.bincount(radius, power) for power in powers]) / np.bincount(radius)
    return np.asarray(total[:, 1 : size // 2 + 1])


def spectrum(pictures: Pictures) -> npt.NDArray[np.float64]:
    """Mean power of the light at each spatial frequency, (w / 2,)."""
    return np.asarray(spectra(pictures).mean(axis=0))


def spectrum_error(one: ByClass, other: ByClass) -> dict[str, float]:
    """Mean |log10| of the ratio of two sets' spectra: at all frequencies, and above half the Nyquist frequency."""
    both = sorted(one.keys() & other.keys())
    mine, theirs = (np.mean([spectrum(pictures[name]) for name in both], axis=0) for pictures in (one, other))
    error = np.abs(np.log10(np.maximum(mine, 1e-12) / np.maximum(theirs, 1e-12)))
    return {"all": round(float(error.mean()), 4), "fine": round(float(error[len(error) // 2 :].mean()), 4)}


def grain(pictures: ByClass) -> float:
    """Mean absolute difference of neighbouring pixels in data space."""
    return round(float(np.mean([np.abs(np.diff(p, axis=-1)).mean() for p in pictures.values()])), 4)


def stars_a_picture(pictures: ByClass) -> dict[str, float]:
    """Mean number of stars in a picture's sky: all, those that are at least middling, and bright ones."""
    means = np.mean([stars(some).mean(axis=0) for some in pictures.values()], axis=0)
    return {name: round(float(mean), 2) for name, mean in zip(("all", "middling", "bright"), means, strict=True)}


def agreement(pictures: ByClass, classifier: Classifier) -> float:
    """The share of pictures whose found class is the one they are filed under, classes weighing alike."""
    shares = []
    for name, some in pictures.items():
        found = classifier.classify(torch.from_numpy(some))
        shares.append(np.mean([one.found == name for one in found]))
    return round(float(np.mean(shares)), 4)


def generator_quality(
    generator: Generator, training_set: TrainingSet, classifier: Classifier | None = None, per_class: int = 16
) -> dict[str, Any]:
    """The figures for a card; empty when the set keeps no fold 1. None says whether one likes the pictures."""
    card = generator.card
    names = card.classes or ["picture"]
    real = real_pictures(training_set, names, TEST_FOLD, card.mapping)
    if not real:
        return {}
    seeds = {name: range(10_000 + 100 * i, 10_000 + 100 * i + per_class) for i, name in enumerate(names)}
    made = {name: pictures_of_class(generator, names.index(name), seeds[name]) for name in real}
    floor = real_pictures(training_set, names, TUNE_FOLD, card.mapping)
    told: dict[str, Any] = {
        "compared_with": f"fold {TEST_FOLD}",
        "generated": per_class * len(made),
        "real": sum(len(some) for some in real.values()),
        "grain": {"generated": grain(made), "real": grain(real)},
        "spectrum_error": {"generated": spectrum_error(made, real)},
    }
    if floor.keys() & real.keys():
        told["spectrum_error"]["real"] = spectrum_error(floor, real)
    if card.mapping.name == SKY:
        told["stars"] = {"generated": stars_a_picture(made), "real": stars_a_picture(real)}
    if classifier is not None and len(card.classes) > 1:
        told["class_agreement"] = {"generated": agreement(made, classifier), "real": agreement(real, classifier)}
    return told
