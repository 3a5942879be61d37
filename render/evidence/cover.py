"""A copy detector for a part of its pictures: whoever knows all of a set knows what learned from some of it.

A generator that left out a source, or drew the same pictures at another size, has learned from a set of its own, and a
detector is asked only about generators whose set it knows. That a set is a part is not taken on trust: each of its
training pictures must be in the reference set under its name, and look the same to the detector.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from render.errors import NonesuchError
from render.evidence.check import LEAST, Evidence
from render.evidence.network import features
from render.training.dataset import TrainingSet
from render.weights import Card, load_card, save_card

AT_ONCE = 100


def cover(detector: Path, pictures: TrainingSet, progress: Callable[[int, int], None] = lambda done, of: None) -> Card:
    """Write into the card of a copy detector that it knows all training pictures of this set; returns the card.

    Raises NonesuchError, and writes nothing, when it has no reference set or a picture is not among its own.
    """
    evidence = Evidence.load(detector)
    reference, card = evidence.reference, evidence.card
    if reference is None:
        raise NonesuchError(f"{detector} has no reference pictures: it can cover no set.")
    places = {one["file"]: place for place, one in enumerate(reference.pictures)}
    chosen = pictures.training()
    for begin in range(0, len(chosen), AT_ONCE):
        rows = chosen[begin : begin + AT_ONCE]
        files = [pictures.rows[row]["file"] for row in rows]
        if missing := [file for file in files if file not in places]:
            raise NonesuchError(f"{detector} does not know '{missing[0]}' of {pictures.folder}: it covers no such set.")
        looks = features(evidence.network, torch.from_numpy(pictures.data(rows, card.mapping)).float())
        far = 1 - (looks * reference.features[[places[file] for file in files]]).sum(dim=1)
        if float(far.max()) > LEAST:
            raise NonesuchError(
                f"'{files[int(far.argmax())]}' of {pictures.folder} is not the picture that {detector} knows by that"
                f" name (distance {float(far.max()):.3f}): it covers no such set."
            )
        progress(begin + len(rows), len(chosen))
    parts = sorted({*card.training.parts, pictures.identity()})
    save_card(detector, card.model_copy(update={"training": card.training.model_copy(update={"parts": parts})}))
    return load_card(detector)
