"""Making a weights folder of the copy detector: network, reference set, thumbnails, and what was measured of them.

The threshold is set on fold 2 and the figures are measured on fold 1; neither was trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file

from render.display import DisplayMapping
from render.evidence.check import Evidence, Verdict, authenticity, rounded
from render.evidence.copies import ATTACKS, plant_copies
from render.evidence.network import CopyNetwork
from render.evidence.reference import gather
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.weights import MODEL, Card, Credit, Training, load_card, save_card

ALARMS_ON_FOLD_2 = 0.0025
"""The share of fold 2 that may reach the threshold: a quarter of the 1 % that is promised of pictures never seen, since
the largest of a thousand likenesses vary by luck (1 % of fold 2 was 1.9 % of fold 1)."""

Progress = Callable[[str], None]


def build_reference(
    training_set: Path,
    out: Path,
    network: CopyNetwork,
    *,
    name: str = "copydetector",
    mapping: DisplayMapping | None = None,
    training: Training | None = None,
    threshold: float | None = None,
    checks: int = 1200,
    planted: int = 200,
    progress: Progress = lambda text: None,
) -> Card:
    """Write a whole weights folder for any training set and return its card.

    threshold: used as it is; without one it is set on fold 2. checks: pictures of folds 1 and 2 that are checked at
    most; planted: altered copies of reference pictures, a third as many for each alteration alone.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures, mapping = TrainingSet.open(training_set), mapping or DisplayMapping()
    save_file({key: value.half().contiguous() for key, value in network.state_dict().items()}, out / MODEL)
    network.load_state_dict({key: value.half().float() for key, value in network.state_dict().items()})
    progress("reference set")
    gather(network, pictures, mapping, out).save(out)
    card = Card(
        name=name,
        family="copydetector",
        title="Copy detector with the reference set",
        size=network.settings.size,
        parameters=sum(one.numel() for one in network.parameters()),
        network=network.settings.as_card(),
        display=mapping.settings(),
        training=(training or Training()).model_copy(update=origin(pictures)),
    )
    save_card(out, card)
    return measure_reference(out, pictures, mapping, threshold, checks, planted, progress)


def measure_reference(
    folder: Path,
    pictures: TrainingSet,
    mapping: DisplayMapping,
    threshold: float | None = None,
    checks: int = 1200,
    planted: int = 200,
    progress: Progress = lambda text: None,
) -> Card:
    """Set the threshold of a finished weights folder and measure it; the card's quality is replaced."""
    evidence = Evidence.load(folder)
    if threshold is None:
        progress("fold 2")
        threshold = threshold_of(evidence.check(sample(pictures, TUNE_FOLD, checks, mapping)))
    quality: dict[str, Any] = {"real_distances": evidence.scale()}
    if threshold is not None:
        quality["threshold"] = threshold
    evidence = evidence.with_threshold(threshold)
    progress("fold 1")
    quality |= of_fold_1(evidence.check(sample(pictures, TEST_FOLD, checks, mapping)))
    quality["caught"] = caught(evidence, pictures, mapping, planted, progress)
    save_card(folder, evidence.card.model_copy(update={"quality": quality}))
    return load_card(folder)


def origin(pictures: TrainingSet) -> dict[str, Any]:
    """What the card says of the training data."""
    chosen = pictures.training()
    credits = [Credit(name=who, text=who, licence=terms) for who, terms in pictures.credits(chosen) if who]
    folds = sorted(set(pictures.folds[chosen].tolist()))
    return {
        "data": pictures.folder.name,
        "pictures_sha256": pictures.identity(),
        "folds": folds,
        "pictures": len(chosen),
        "credits": credits,
    }


def sample(pictures: TrainingSet, fold: int, most: int, mapping: DisplayMapping) -> torch.Tensor:
    """Pictures of a fold in data space."""
    chosen = np.flatnonzero(pictures.folds == fold)
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(fold).choice(chosen, most, replace=False))
    return torch.from_numpy(pictures.data(chosen, mapping))


def threshold_of(verdicts: list[Verdict]) -> float | None:
    """The likeness that few real pictures of fold 2 reach; None (nothing is a copy) without them."""
    found = [one.likeness for one in verdicts if one.likeness is not None]
    return rounded(np.quantile(found, 1 - ALARMS_ON_FOLD_2)) if found else None


def of_fold_1(verdicts: list[Verdict]) -> dict[str, Any]:
    """False alarms and authenticity on real pictures that nothing was trained on."""
    if not verdicts:
        return {}
    return {
        "false_alarms": rounded(np.mean([one.near_copy for one in verdicts])),
        "authentic": authenticity(verdicts),
    }


def caught(
    evidence: Evidence, pictures: TrainingSet, mapping: DisplayMapping, planted: int, progress: Progress
) -> dict[str, Any]:
    """The share of planted copies found, for each alteration alone and for all at once."""
    chosen = pictures.training()
    random = np.random.default_rng(4)
    rates: dict[str, Any] = {}
    for attack, how in ATTACKS.items():
        progress(f"copies: {attack}")
        count = min(len(chosen), planted if attack == "everything" else max(1, planted // 3))
        picked = random.choice(chosen, count, replace=False)
        shown: list[npt.NDArray[np.uint8]] = [mapping.to_display(mapping.to_data(pictures.images[i])) for i in picked]
        verdicts = evidence.check(torch.from_numpy(plant_copies(shown, how, seed=5)))
        rates[attack] = {"copies": count, "caught": rounded(np.mean([one.near_copy for one in verdicts]))}
    return rates
