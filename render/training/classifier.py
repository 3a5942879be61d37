"""Training of the galaxy classifier: a cross-validated ensemble that never sees folds 1 and 2.

The training folds are dealt into as many groups as the ensemble has members; each member is trained without one group.
So every training picture is judged by a member that never saw it (that is the cross-validation), all pictures teach the
ensemble, and nothing is trained twice. A single member judges there, taught by three quarters of the pictures, so the
cross-validated figures are those of a somewhat weaker classifier than the one that ships. Fold 2 calibrates; fold 1 is
looked at once, for the card.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

from render.classify.classes import ATTRIBUTES, CLASSES
from render.classify.classifier import packed, unpacked
from render.classify.network import ClassifierNetwork, ClassifierSettings, class_logits, resized, symmetries
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.training.classifier_figures import attribute_figures, coarse_figures, range_figures, seven_figures
from render.training.classifier_galaxy10 import axis_ratios, cuts_and_figures
from render.training.classifier_member import (
    ClassifierTraining,
    LabelledPictures,
    Progress,
    TrainedMember,
    train_member,
)
from render.training.classifier_path import Answers, fit_path, path_figures
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.measured import measured_figures
from render.weights import MODEL, Card, Credit, Training, load_card, load_tensors, save_card

Indices = npt.NDArray[np.int64]


def train_classifier(
    training_set: Path,
    out: Path,
    *,
    settings: ClassifierTraining | None = None,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> Card:
    """Train the ensemble and write the weights folder `out`; a run that was killed goes on from its checkpoints.

    Checkpoints lie beside `out`, in a folder of the same name with "-training" added, unless another is given.
    Raises NonesuchError when the training set lacks labels or folds.
    """
    settings = settings or ClassifierTraining()
    home = TrainingSet.open(training_set)
    data = LabelledPictures.load(home, DisplayMapping())
    for fold, use in ((TUNE_FOLD, "calibration"), (TEST_FOLD, "the card's figures")):
        if not len(data.of_folds((fold,))):
            raise NonesuchError(f"{training_set} has no labelled picture in fold {fold}, which {use} need.")
    folder = checkpoints or out.with_name(f"{out.name}-training")
    trained = trained_members(data, folder, settings, progress)
    out.mkdir(parents=True, exist_ok=True)
    tensors = packed([member.network for member in trained])
    save_file(tensors, out / MODEL)
    members = unpacked(tensors, settings.network)  # what is measured is what is shipped: half precision
    bias = class_bias(data, settings.balance)
    tuned = judged(members, data, (TUNE_FOLD,), settings, bias)
    temperature = fitted_temperature(tuned.logits, tuned.truth)
    quality = {"cross_validation": cross_validated(members, data, settings), "measured": measured_figures(data)}
    test = judged(members, data, (TEST_FOLD,), settings, bias)
    steps, quality["test"] = tested(tuned, test, data, temperature)
    network = settings.network.as_dict() | {
        "temperature": temperature,
        "bias": [round(b, 6) for b in bias.tolist()],
        **steps,
    }
    effort = (sum(m.steps for m in trained), sum(m.seconds for m in trained))
    save_card(out, described(out.name, home, data, settings, effort, network, quality))
    return load_card(out)


def cross_validate(
    training_set: Path,
    checkpoints: Path,
    *,
    settings: ClassifierTraining | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The cross-validated figures alone: every training picture judged by the member that never saw its fold."""
    settings = settings or ClassifierTraining()
    data = LabelledPictures.load(TrainingSet.open(training_set), DisplayMapping())
    trained = trained_members(data, checkpoints, settings, progress)
    return cross_validated([member.network for member in trained], data, settings)


def measure_again(training_set: Path, folder: Path) -> dict[str, Any]:
    """The figures of a classifier that is there, renewed in its card: cross-validation, test, the path's calibration.

    The set must be the one that it was trained on, with the same folds: then each member judges what it never saw.
    """
    card = load_card(folder)
    shape = ClassifierSettings(**{k: card.network[k] for k in ("width", "size", "members")})
    settings = ClassifierTraining(network=shape)
    data = LabelledPictures.load(TrainingSet.open(training_set), DisplayMapping())
    members = unpacked(load_tensors(folder), shape)
    bias, temperature = torch.tensor(card.network["bias"]), float(card.network["temperature"])
    tuned, test = (judged(members, data, (fold,), settings, bias) for fold in (TUNE_FOLD, TEST_FOLD))
    steps, figures = tested(tuned, test, data, temperature)
    told = {"cross_validation": cross_validated(members, data, settings), "test": figures}
    save_card(folder, card.model_copy(update={"quality": card.quality | told, "network": card.network | steps}))
    return told


def has_stages(home: TrainingSet) -> bool:
    """Whether a set's labels are EFIGI's, with stages and attributes."""
    return any("T_inf" in row and row.get("label") in CLASSES for row in home.rows)


def fold_groups(folds: Indices, members: int) -> list[tuple[int, ...]]:
    """The training folds dealt into groups: the member of the same number is trained without its group."""
    usable = [int(f) for f in np.unique(folds) if f not in (TEST_FOLD, TUNE_FOLD)]
    if len(usable) < members or members < 2:
        raise NonesuchError(f"{len(usable)} training folds cannot be dealt into {members} groups: use other folds.")
    return [tuple(int(f) for f in part) for part in np.array_split(usable, members)]


def trained_members(
    data: LabelledPictures, folder: Path, settings: ClassifierTraining, progress: Progress | None
) -> list[TrainedMember[ClassifierNetwork]]:
    """All members, one after the other, each from its own folder of checkpoints."""
    groups = fold_groups(data.folds, settings.network.members)
    everything = tuple(fold for group in groups for fold in group)
    members = []
    for index, group in enumerate(groups):
        train = data.of_folds(tuple(fold for fold in everything if fold not in group))
        members.append(train_member(data, train, folder / str(index), settings, index, progress))
    return members


@torch.inference_mode()
def predict(network: ClassifierNetwork, pictures: Tensor, size: int, chunk: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Class logits (n, 7), strengths of all heads (n, 13) and stage logits (n, 18), means over the eight symmetries."""
    network.eval()
    found: list[tuple[Tensor, ...]] = []
    for part in torch.split(pictures, chunk):
        stages, heads = network(symmetries(resized(part.float(), size)).flatten(0, 1))
        each = (class_logits(stages), heads.sigmoid(), stages)
        found.append(tuple(one.view(8, len(part), -1).mean(dim=0) for one in each))
    logits, strengths, stages = (torch.cat(column) for column in zip(*found, strict=True))
    return logits, strengths, stages


def class_bias(data: LabelledPictures, balance: float) -> Tensor:
    """What turns the balanced logits back into those of EFIGI's own class shares, (7,): see `balance_prior`."""
    everything = np.flatnonzero(~np.isin(data.folds, (TEST_FOLD, TUNE_FOLD)))
    share = torch.bincount(data.classes[everything], minlength=len(CLASSES)).clamp_min(1).float()
    return balance * (share / share.sum()).log()


@dataclass(frozen=True)
class Judged:
    """What members say of the pictures of some folds.

    logits: biased means (n, 7); truth: the experts' classes (n,); heads: strengths (m, n, 13); stages: mean logits
    (n, 18); rows: which pictures they are.
    """

    logits: Tensor
    truth: Tensor
    heads: Tensor
    stages: Tensor
    rows: Indices

    def answers(self, data: LabelledPictures, temperature: float) -> Answers:
        """The same as the path's calibration wants it."""
        classes = (self.logits / temperature).softmax(dim=1)
        return Answers(classes, self.stages, self.heads, data.stages[self.rows], data.strengths[self.rows])


def judged(
    members: list[ClassifierNetwork],
    data: LabelledPictures,
    folds: tuple[int, ...],
    settings: ClassifierTraining,
    bias: Tensor,
) -> Judged:
    """The members' answers about the pictures of some folds."""
    rows = data.of_folds(folds)
    found = [predict(member, data.pictures[rows], settings.network.size) for member in members]
    logits, heads, stages = (torch.stack(column) for column in zip(*found, strict=True))
    return Judged(logits.mean(dim=0) + bias, data.classes[rows], heads, stages.mean(dim=0), rows)


def fitted_temperature(logits: Tensor, truth: Tensor) -> float:
    """The temperature of least log loss (Guo et al. 2017, arXiv:1706.04599), on a grid fine enough to be exact."""
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 321))
    return round(float(min(grid, key=lambda t: float(cross_entropy(logits / float(t), truth)))), 4)


def cross_validated(
    members: list[ClassifierNetwork], data: LabelledPictures, settings: ClassifierTraining
) -> dict[str, Any]:
    """Four and seven classes over all training folds, each picture judged by the one member that never saw it.

    The temperature is fitted, for each group, on the other groups' judgements.
    """
    bias = class_bias(data, settings.balance)
    groups = fold_groups(data.folds, len(members))
    parts = [judged([m], data, group, settings, bias) for m, group in zip(members, groups, strict=True)]
    probabilities = []
    for index, part in enumerate(parts):
        others = [p for i, p in enumerate(parts) if i != index]
        temperature = fitted_temperature(torch.cat([p.logits for p in others]), torch.cat([p.truth for p in others]))
        probabilities.append((part.logits / temperature).softmax(dim=1).double().numpy())
    truth, rows = torch.cat([p.truth for p in parts]).numpy(), np.concatenate([p.rows for p in parts])
    clean, found = ~data.contaminated[rows], np.concatenate(probabilities)
    return {
        "groups": [list(group) for group in groups],
        "judged_by": "one member, trained without the picture's folds",
        "four": coarse_figures(found, truth, clean),
        "range": range_figures(found, truth, data.accepted(rows), clean),
        "seven": seven_figures(found, truth),
    }


def tested(
    tuned: Judged, judgement: Judged, data: LabelledPictures, temperature: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The path's calibration and the cuts of Galaxy10's words by fold 2, for ``[network]``; and the figures of the
    shipped ensemble on fold 1, which nothing was trained on or chosen by.
    """
    before, answers = tuned.answers(data, temperature), judgement.answers(data, temperature)
    path = fit_path(before)
    cuts, words = cuts_and_figures(
        (before, axis_ratios(data, tuned.rows)), (answers, axis_ratios(data, judgement.rows)), path
    )
    found, truth = answers.classes.double().numpy(), judgement.truth.numpy()
    strengths = judgement.heads.mean(dim=0)[:, : len(ATTRIBUTES)]
    wanted = answers.wanted[:, : len(ATTRIBUTES)].double().numpy()
    clean = ~data.contaminated[judgement.rows]
    figures = {
        "fold": TEST_FOLD,
        "four": coarse_figures(found, truth, clean),
        "range": range_figures(found, truth, data.accepted(judgement.rows), clean),
        "seven": seven_figures(found, truth),
        "attributes": attribute_figures(strengths.double().numpy(), wanted, ATTRIBUTES),
        "path": path_figures(answers, path),
        "galaxy10": words,
    }
    return {"path": path.as_card(), "galaxy10": cuts.as_card()}, figures


def described(
    name: str,
    home: TrainingSet,
    data: LabelledPictures,
    settings: ClassifierTraining,
    effort: tuple[int, float],
    network: dict[str, Any],
    quality: dict[str, Any],
) -> Card:
    """The card of the trained ensemble; `effort` is steps and seconds of all members together."""
    groups = fold_groups(data.folds, settings.network.members)
    folds = tuple(fold for group in groups for fold in group)
    rows = data.of_folds(folds)
    return Card(
        name=name,
        family="classifier",
        title="Hubble classes and attributes of galaxies",
        size=settings.network.size,
        parameters=settings.network.members
        * sum(p.numel() for p in ClassifierNetwork(settings.network.width).parameters()),
        classes=list(CLASSES),
        network=network,
        display=DisplayMapping().settings(),
        training=Training(
            data="EFIGI",
            folds=sorted(folds),
            pictures=len(rows),
            images_seen=effort[0] * settings.batch,
            steps=effort[0],
            seconds=round(effort[1], 1),
            device=f"CPU ({platform.machine()})",
            credits=[
                Credit(name=text, text=f"{count} pictures and the experts' labels", licence=licence)
                for (text, licence), count in home.credits(data.indices[rows]).items()
            ],
        ),
        quality=quality,
    )
