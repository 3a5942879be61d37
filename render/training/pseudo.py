"""Pseudo-labels: calibrated class probabilities for pictures that no expert labelled.

The generator draws a class from them each time it sees such a picture, so an uncertain picture teaches several classes
a little and none wrongly for certain (Lee 2013, "Pseudo-label", with the whole distribution kept).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from render.classify import CLASSES, Classifier
from render.display import DisplayMapping
from render.training.dataset import TrainingSet

CHUNK = 64


def pseudo_labels(
    training_set: TrainingSet, classifier: Path, mapping: DisplayMapping, kept: Path
) -> npt.NDArray[np.float32]:
    """(n, classes) probabilities; rows of labelled pictures stay 0. Kept in the file `kept`, and read from there."""
    if kept.is_file():
        return np.asarray(np.load(kept, allow_pickle=False), dtype=np.float32)
    model = Classifier.load(classifier, "cpu")
    out = np.zeros((len(training_set.rows), len(CLASSES)), dtype=np.float32)
    unlabelled = np.flatnonzero(np.array([not label for label in training_set.column("label")]))
    for start in range(0, len(unlabelled), CHUNK):
        indices = unlabelled[start : start + CHUNK]
        data = torch.from_numpy(training_set.data(indices, mapping).astype(np.float32))
        for index, found in zip(indices, model.classify(data), strict=True):
            out[index] = [found.probabilities[name] for name in CLASSES]
    temporary = kept.with_name(f".{kept.name}")
    with temporary.open("wb") as file:
        np.save(file, out)
    temporary.replace(kept)
    return out
