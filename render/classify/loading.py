"""Whichever classifier a weights folder holds: this project's ensemble, one of a person's own, or an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import Tensor

from render.classify.classifier import Classification, Classifier
from render.classify.foreign import ForeignClassifier
from render.classify.plain import PlainClassifier
from render.errors import NonesuchError
from render.weights import Card, load_card


class Judge(Protocol):
    """Pictures in data space to classes."""

    card: Card

    def classify(self, images: Tensor) -> list[Classification]:
        """Of pictures (n, 3, h, w), each judged by itself."""


def load_classifier(folder: Path) -> Judge:
    """Raises NonesuchError when the folder holds something else, or a file that its card does not describe."""
    card = load_card(folder)
    if card.family != "classifier":
        raise NonesuchError(f"{folder} holds a {card.family}, not a classifier: name other weights under [classify].")
    form = card.network.get("format")
    if form == "onnx":
        return ForeignClassifier.load(folder)
    return PlainClassifier.load(folder) if form == "plain" else Classifier.load(folder)
