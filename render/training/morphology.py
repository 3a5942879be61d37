"""How real galaxies' morphology is distributed on the very path that exhibits go: what theirs is read against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from render.classify.morphology import Morphology, load, morphology, quantiles
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.training.dataset import TrainingSet
from render.weights import load_card, save_card

CONTAMINATED = 0.75
"""Pictures on which a star or a neighbour lies, as EFIGI's experts grade it, are left out from here on."""


def keep_reference(
    folder: Path, training_set: Path, pictures: int, tick: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Measure so many labelled pictures of the training folds, drawn at random, and keep the quantiles in the card of a
    classifier. tick: told after every picture.

    Raises NonesuchError when `folder` holds no classifier, the set no such pictures, or statmorph is not here.
    """
    load()
    card = load_card(folder)
    if card.family != "classifier":
        raise NonesuchError(f"{folder} holds a {card.family}; morphology is kept in the card of a classifier.")
    home = TrainingSet.open(training_set)
    mapping = DisplayMapping(**card.display) if card.display else DisplayMapping()
    rows = _usable(home, card.classes)
    if len(rows) < 20:
        raise NonesuchError(f"{training_set} has {len(rows)} labelled pictures in its training folds: 20 are needed.")
    drawn = np.random.default_rng(0).permutation(rows)[:pictures]
    measured: list[Morphology] = []
    for row in drawn:
        measured.append(morphology(mapping.to_data(np.asarray(home.images[row])), mapping))
        if tick:
            tick(1)
    told = {"size": home.size, **quantiles(measured)}
    save_card(folder, card.model_copy(update={"quality": card.quality | {"morphology": told}}))
    return told


def _usable(home: TrainingSet, classes: list[str]) -> list[int]:
    return [
        int(row)
        for row in home.training()
        if home.rows[row].get("label") in classes and float(home.rows[row].get("contamination") or 0) < CONTAMINATED
    ]
