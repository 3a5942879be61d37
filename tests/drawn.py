"""A training set of pictures that were drawn: what last touches are measured on where the truth must be known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from render.generators.flow import FlowGenerator
from render.training.dataset import TrainingSet


def drawn_set(folder: Path, drawn: npt.NDArray[np.float32], labels: list[str], generator: FlowGenerator) -> TrainingSet:
    """A training set of pictures in data space, (n, 3, h, w), none of fold 1."""
    card, sky = generator.card, np.full(3, 0.08, np.float32)
    np.save(folder / "images.npy", np.stack([card.mapping.to_file(one, sky) for one in drawn]))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "source", "label", "fold", "licence", "attribution"])
        for row, label in enumerate(labels):
            writer.writerow([f"{row}.png", card.sources[0], label, 2 + row % 6, "CC0-1.0", "nobody"])
    return TrainingSet.open(folder)
