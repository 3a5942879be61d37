"""The pictures of a training, in memory: how often each is drawn, in which orientation, and as which class."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from render.classify import CLASSES
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.training.dataset import TrainingSet

Turns = Literal["all", "mirror", "none"]
TURNS: dict[Turns, tuple[int, ...]] = {"all": tuple(range(8)), "mirror": (0, 4), "none": (0,)}
"""Orientations of a picture that are as good as its own: all 8 of a galaxy, which has no up, a mirror's two, or one."""


@dataclass(frozen=True)
class Pictures:
    """A training set in memory, ready to be drawn from."""

    data: npt.NDArray[np.float16]  # (n, 3, h, w) data space
    classes: npt.NDArray[np.float32]  # (n, classes) one-hot where labelled, else calibrated pseudo-labels
    sources: npt.NDArray[np.int64]  # (n,)
    chance: npt.NDArray[np.float64]  # (n,) how often each is drawn
    class_names: list[str]
    source_names: list[str]
    turns: Turns = "all"

    @classmethod
    def load(
        cls,
        training_set: TrainingSet,
        mapping: DisplayMapping,
        pseudo: npt.NDArray[np.float32] | None,
        names: list[str],
        turns: Turns = "all",
    ) -> Pictures:
        """names: of the classes; one name is that of all pictures, whatever their labels. pseudo: (whole set, classes)
        probabilities for pictures without a label; they are never the null class.
        """
        keep = training_set.training()
        if len(keep) == 0:
            raise NonesuchError(f"{training_set.folder} has no picture to train on: all are in the folds 1 and 2.")
        labels = training_set.column("label")
        source_names = sorted(set(training_set.column("source")))
        classes = np.zeros((len(keep), len(names)), dtype=np.float32)
        for row, index in enumerate(keep):
            if len(names) == 1:
                classes[row, 0] = 1
            elif labels[index]:
                classes[row, names.index(labels[index])] = 1
            elif pseudo is not None:
                classes[row] = pseudo[index] / pseudo[index].sum()
            else:
                raise NonesuchError(
                    f"{training_set.folder}: '{training_set.rows[index]['file']}' has no label; name a classifier "
                    "with --classifier so that unlabelled pictures get calibrated pseudo-labels, or label it."
                )
        sources = np.array([source_names.index(training_set.column("source")[i]) for i in keep])
        data = training_set.data(keep, mapping)
        return cls(data, classes, sources, chances(classes, sources), names, source_names, turns)

    def favouring(self, source: str, times: float) -> Pictures:
        """The same pictures, one source's drawn several times as often, or with infinite `times` no others. Raises
        NonesuchError when there are none.
        """
        if source not in self.source_names:
            raise NonesuchError(f"no picture comes from '{source}'; sources are {', '.join(self.source_names)}.")
        weights = (1.0, 0.0) if times == math.inf else (times, 1.0)
        chance = self.chance * np.where(self.sources == self.source_names.index(source), *weights)
        return replace(self, chance=chance / chance.sum())

    def some(self, n: int, which: int | None = None) -> npt.NDArray[np.float16]:
        """(n, 3, h, w): pictures from all over the set; of one class those that are surely so, if there are as many."""
        sure = self.classes[:, which] if which is not None else np.ones(len(self.data), dtype=np.float32)
        those = np.flatnonzero(sure > 0.99)
        those = those if len(those) >= n else np.sort(np.argsort(-sure, kind="stable")[:n])
        return self.data[those[np.arange(n) * len(those) // n]]

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """n pictures, each in one of its orientations, their class (sampled from its probabilities) and source."""
        chance = torch.from_numpy(self.chance)
        chosen = torch.multinomial(chance, n, replacement=True, generator=generator).numpy()
        possible = TURNS[self.turns]
        turns = [possible[i] for i in torch.randint(len(possible), (n,), generator=generator).tolist()]
        data = torch.stack(
            [orient(torch.from_numpy(self.data[i]).float(), turn) for i, turn in zip(chosen, turns, strict=True)]
        )
        classes = torch.multinomial(torch.from_numpy(self.classes[chosen]), 1, generator=generator)[:, 0]
        return data, classes, torch.from_numpy(self.sources[chosen])


def orient(picture: Tensor, turn: int) -> Tensor:
    """One of the 8 rotations and mirrors of (3, h, w)."""
    picture = torch.rot90(picture, turn % 4, (1, 2))
    return picture.flip(2) if turn >= 4 else picture


def chances(classes: npt.NDArray[np.float32], sources: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How often each picture is drawn: rare classes and small sources more often than their share, by a square root."""
    per_class = np.maximum(classes.sum(0), 1)
    per_source = np.bincount(sources)
    weight = (classes / np.sqrt(per_class)).sum(1) / np.sqrt(per_source[sources])
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def class_names(training_set: TrainingSet) -> list[str]:
    """The labels of a set: Hubble's order where they are Hubble's classes, else the alphabet's."""
    found = {label for label in training_set.column("label") if label} or {"picture"}
    return [name for name in CLASSES if name in found] if found <= set(CLASSES) else sorted(found)
