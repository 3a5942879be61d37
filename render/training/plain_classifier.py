"""Training of a classifier on anybody's labelled pictures, by the machinery of the galaxies': an ensemble, each member
without a group of folds, calibrated on fold 2 and tested on fold 1.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

from render.classify.classifier import packed
from render.classify.network import ClassifierSettings
from render.classify.plain import PlainClassifier, PlainNetwork, mean_logits
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.training.classifier import fitted_temperature, fold_groups
from render.training.classifier_figures import calibration_error, figures, reliability
from render.training.classifier_member import ClassifierTraining, Progress, Task, TrainedMember, train_member
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.weights import MODEL, Card, Credit, Training, load_card, save_card

Indices = npt.NDArray[np.int64]
FEWEST = 8
"""Training pictures of a class: fewer teach nothing that folds could test."""


@dataclass(frozen=True)
class NamedPictures:
    """The labelled pictures of a training set; pictures (n, 3, s, s) float16 in data space, classes (n,)."""

    pictures: Tensor
    classes: Tensor
    names: list[str]
    folds: Indices
    indices: Indices  # rows of the training set
    turns: str = "all"  # which orientations are as good as a picture's own

    @classmethod
    def load(cls, home: TrainingSet, mapping: DisplayMapping, turns: str) -> NamedPictures:
        """Raises NonesuchError for a set whose labels cannot be learned and tested."""
        labels = home.column("label")
        indices = np.array([i for i, label in enumerate(labels) if label], dtype=np.int64)
        names = sorted({labels[i] for i in indices})
        if len(names) < 2:
            raise NonesuchError(f"{home.folder} has {len(names)} labels: a classifier needs two or more.")
        folds = home.folds[indices]
        learned = [labels[i] for i, fold in zip(indices, folds, strict=True) if fold not in (TEST_FOLD, TUNE_FOLD)]
        if few := [name for name in names if learned.count(name) < FEWEST]:
            raise NonesuchError(
                f"{home.folder} has fewer than {FEWEST} training pictures of {', '.join(few)}: add some, or take the "
                "label away."
            )
        for fold, use in ((TUNE_FOLD, "calibration"), (TEST_FOLD, "the card's figures")):
            if not (folds == fold).any():
                raise NonesuchError(f"{home.folder} has no labelled picture in fold {fold}, which {use} need.")
        classes = torch.tensor([names.index(labels[i]) for i in indices])
        return cls(torch.from_numpy(home.data(indices, mapping)), classes, names, folds, indices, turns)

    def task(self, train: Indices, settings: ClassifierTraining) -> Task[PlainNetwork]:
        """The classes alone, balanced by their shares."""
        prior = settings.balance * self.log_share()

        def loss(network: PlainNetwork, pictures: Tensor, rows: Tensor) -> Tensor:
            return cross_entropy(network.logits(pictures) + prior, self.classes[rows], label_smoothing=0.05)

        return Task(self.pictures, lambda: PlainNetwork(settings.network.width, len(self.names)), loss, self.turns)

    def of_folds(self, folds: tuple[int, ...]) -> Indices:
        return np.flatnonzero(np.isin(self.folds, folds))

    def log_share(self) -> Tensor:
        """Of the classes among the training pictures, (classes,)."""
        rows = np.flatnonzero(~np.isin(self.folds, (TEST_FOLD, TUNE_FOLD)))
        share = torch.bincount(self.classes[rows], minlength=len(self.names)).clamp_min(1).float()
        return (share / share.sum()).log()


def train_plain(
    training_set: Path,
    out: Path,
    settings: ClassifierTraining,
    mapping: DisplayMapping,
    turns: str = "all",
    title: str = "",
    progress: Progress | None = None,
) -> Card:
    """Train and write the weights folder `out`; a run that was killed goes on from its checkpoints beside it.

    turns: which orientations are as good as a picture's own: "all", "mirror" or "none".
    """
    home = TrainingSet.open(training_set)
    data = NamedPictures.load(home, mapping, turns)
    there = [fold for fold in np.unique(data.folds) if fold not in (TEST_FOLD, TUNE_FOLD)]
    size = min(settings.network.size, home.size - home.size % 8)
    network = replace(settings.network, members=min(settings.network.members, len(there)), size=size)
    settings = replace(settings, network=network, small=min(settings.small, size))
    trained = _trained(data, out.with_name(f"{out.name}-training"), settings, progress)
    out.mkdir(parents=True, exist_ok=True)
    save_file(packed([member.network for member in trained]), out / MODEL)
    card = _described(home, data, out.name, settings, mapping, title, trained)
    save_card(out, card)
    members = PlainClassifier.load(out).members  # what is measured is what is shipped: half precision
    bias = settings.balance * data.log_share()
    tuned = _judged(members, data, (TUNE_FOLD,), settings.network)
    temperature = fitted_temperature(tuned[0] + bias, tuned[1])
    quality = _quality(members, data, settings, bias, temperature)
    told = card.network | {"temperature": temperature, "bias": [round(b, 6) for b in bias.tolist()]}
    save_card(out, card.model_copy(update={"network": told, "quality": quality}))
    return load_card(out)


def _trained(
    data: NamedPictures, folder: Path, settings: ClassifierTraining, progress: Progress | None
) -> list[TrainedMember[PlainNetwork]]:
    groups = fold_groups(data.folds, settings.network.members)
    members = []
    for index, group in enumerate(groups):
        train = data.of_folds(tuple(fold for other in groups if other != group for fold in other))
        members.append(train_member(data, train, folder / str(index), settings, index, progress))
    return members


@torch.inference_mode()
def _judged(
    members: list[PlainNetwork],
    data: NamedPictures,
    folds: tuple[int, ...],
    network: ClassifierSettings,
) -> tuple[Tensor, Tensor]:
    """Mean logits (n, classes) and true classes (n,) of the pictures of some folds."""
    rows = data.of_folds(folds)
    parts = torch.split(data.pictures[rows], 16)
    answers = [torch.cat([mean_logits(m, part.float(), network.size, data.turns) for part in parts]) for m in members]
    return torch.stack(answers).mean(dim=0), data.classes[rows]


def _quality(
    members: list[PlainNetwork],
    data: NamedPictures,
    settings: ClassifierTraining,
    bias: Tensor,
    temperature: float,
) -> dict[str, Any]:
    groups = fold_groups(data.folds, len(members))
    parts = [_judged([m], data, group, settings.network) for m, group in zip(members, groups, strict=True)]
    crossed = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    test = _judged(members, data, (TEST_FOLD,), settings.network)
    return {
        "cross_validation": {"groups": [list(g) for g in groups], "classes": _told(*crossed, data, bias, temperature)},
        "test": {"fold": TEST_FOLD, "classes": _told(*test, data, bias, temperature)},
    }


def _told(logits: Tensor, truth: Tensor, data: NamedPictures, bias: Tensor, temperature: float) -> dict[str, Any]:
    shares, right = ((logits + bias) / temperature).softmax(dim=1).double().numpy(), truth.numpy()
    return figures(right, shares.argmax(axis=1), tuple(data.names)) | {
        "calibration_error": round(calibration_error(shares, right), 4),
        "reliability": reliability(shares, right),
    }


def _described(
    home: TrainingSet,
    data: NamedPictures,
    name: str,
    settings: ClassifierTraining,
    mapping: DisplayMapping,
    title: str,
    trained: list[TrainedMember[PlainNetwork]],
) -> Card:
    rows = np.flatnonzero(~np.isin(data.folds, (TEST_FOLD, TUNE_FOLD)))
    steps = sum(member.steps for member in trained)
    flat = {"format": "plain", "turns": data.turns, "temperature": 1.0, "bias": [0.0] * len(data.names)}
    return Card(
        name=name,
        family="classifier",
        title=title or f"Classes of {home.folder.name}",
        size=settings.network.size,
        parameters=sum(p.numel() for member in trained for p in member.network.parameters()),
        classes=data.names,
        network=settings.network.as_dict() | flat,
        display=mapping.settings(),
        licence="unknown",
        training=Training(
            data=home.folder.name,
            folds=sorted({int(fold) for fold in data.folds[rows]}),
            pictures=len(rows),
            images_seen=steps * settings.batch,
            steps=steps,
            seconds=round(sum(member.seconds for member in trained), 1),
            device=f"CPU ({platform.machine()})",
            credits=[
                Credit(name=credit, text=f"{count} pictures", licence=licence)
                for (credit, licence), count in home.credits(data.indices[rows]).items()
            ],
        ),
    )
