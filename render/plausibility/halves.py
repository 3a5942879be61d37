"""The two-model test: two models that learned from disjoint halves, asked with the same random numbers.

Models that have learned what the pictures have in common draw nearly the same picture from the same noise though they
share no training picture; models that remember theirs draw different ones, each near to its own (Kadkhodaie et al.
2024, arXiv:2310.02557). How alike two pictures are is the correlation of their pixels.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.plausibility.pictures import Pictures, maker
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.weights import Card, load_card

Floats = npt.NDArray[np.float32]
SIDE = 32
"""Pixels a side, at least, at which pictures are compared: noise in single pixels is nobody's memory."""
PERCENT = (5, 50, 95)


@dataclass(frozen=True)
class Halves:
    """What came of it. figures: by name the quantiles of a likeness, -1 to 1, see `compare`; the pictures for a sheet:
    the models' (n, 3, h, w) each, and the nearest of each one's own half.
    """

    figures: dict[str, Any]
    one: Pictures
    other: Pictures
    nearest_one: Pictures
    nearest_other: Pictures
    mapping: DisplayMapping


def split(training_set: Path, one: Path, other: Path) -> tuple[int, int]:
    """Deal the training pictures of a set into two sets, by their names; both keep folds 1 and 2. Returns how many
    training pictures each has. Raises NonesuchError where one of the folders is there already.
    """
    home = TrainingSet.open(training_set)
    for folder in (one, other):
        if folder.exists():
            raise NonesuchError(f"{folder} exists already: choose another folder, or delete it first.")
    mine = np.array([hashlib.sha256(row["file"].encode()).digest()[0] % 2 == 0 for row in home.rows])
    shared = np.isin(home.folds, (TEST_FOLD, TUNE_FOLD))
    counts = []
    for folder, keep in ((one, mine | shared), (other, ~mine | shared)):
        _write(home, folder, np.flatnonzero(keep))
        counts.append(int((keep & ~shared).sum()))
    return counts[0], counts[1]


def _write(home: TrainingSet, folder: Path, rows: npt.NDArray[np.int64]) -> None:
    """A set of some of the pictures; the folder appears when it is whole."""
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    images = np.lib.format.open_memmap(partial / "images.npy", "w+", np.uint8, (len(rows), *home.images.shape[1:]))
    for place, row in enumerate(rows):
        images[place] = home.images[row]
    images.flush()
    with (partial / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(home.rows[0]))
        writer.writeheader()
        writer.writerows(home.rows[row] for row in rows)
    (partial / "prepared.toml").write_text(f"size = {home.size}\ncount = {len(rows)}\n", encoding="utf-8")
    partial.rename(folder)


def compare(
    weights: tuple[Path, Path], sets: tuple[Path, Path], n: int, progress: Callable[[int], None] = lambda count: None
) -> Halves:
    """Draw `n` pictures with each of two models from the same seeds, and see how alike they are.

    figures: `same_seed`, a picture and the other model's from the same seed; `other_seed`, and the other model's of the
    same class from another seed; `nearest`, and the nearest training picture of its own half, in eight orientations;
    `real_nearest`, a real picture of fold 1 and its nearest of the first half; `nearer_to_the_other`, the share of
    pictures that are more like the other model's than like any picture of their own half.

    Raises NonesuchError for models that did not learn from these two sets, or sets that share training pictures.
    """
    cards = (load_card(weights[0]), load_card(weights[1]))
    homes = (TrainingSet.open(sets[0]), TrainingSet.open(sets[1]))
    _check(weights, cards, homes)
    names = cards[0].classes or ["picture"]
    counts = {name: n // len(names) + (place < n % len(names)) for place, name in enumerate(names)}
    drawn = [_drawn(folder, counts, progress) for folder in weights]
    mapping = cards[0].mapping
    learned = [home.data(home.training(), mapping).astype(np.float32) for home in homes]
    near = [_nearest(pictures, known) for pictures, known in zip(drawn, learned, strict=True)]
    real = homes[0].data(np.flatnonzero(homes[0].folds == TEST_FOLD)[:n], mapping).astype(np.float32)
    same = _alike(drawn[0], drawn[1])
    turned = np.concatenate([np.roll(part, 1) for part in _parts(counts)])
    own = np.stack([likeness for _, likeness in near])
    figures = {
        "n": n,
        "training_pictures": [len(one) for one in learned],
        "same_seed": _quantiles(same),
        "other_seed": _quantiles(_alike(drawn[0], drawn[1][turned])),
        "nearest": _quantiles(own.ravel()),
        "real_nearest": _quantiles(_nearest(real, learned[0])[1]),
        "nearer_to_the_other": round(float((same > own).mean()), 4),
    }
    return Halves(figures, drawn[0], drawn[1], learned[0][near[0][0]], learned[1][near[1][0]], mapping)


def _check(weights: tuple[Path, Path], cards: tuple[Card, Card], homes: tuple[TrainingSet, TrainingSet]) -> None:
    for folder, card, home in zip(weights, cards, homes, strict=True):
        if card.training.pictures_sha256 != home.identity():
            raise NonesuchError(f"{folder} did not learn from {home.folder}: name each model's own half, in order.")
        if card.size != home.size:
            raise NonesuchError(
                f"{folder} draws {card.size} px and {home.folder} holds {home.size}: they must be alike."
            )
    if (cards[0].family, cards[0].size, cards[0].classes) != (cards[1].family, cards[1].size, cards[1].classes):
        raise NonesuchError("the two models are of different families, sizes or classes: train them alike.")
    one, other = ({home.rows[row]["file"] for row in home.training()} for home in homes)
    if shared := len(one & other):
        raise NonesuchError(
            f"the two sets share {shared} training pictures; `nonesuch halves split` makes disjoint ones."
        )


def _drawn(folder: Path, counts: dict[str, int], progress: Callable[[int], None]) -> Pictures:
    make = maker(folder, progress)
    return np.stack([picture for name, count in counts.items() for picture in make(name, count)]).astype(np.float32)


def _parts(counts: dict[str, int]) -> list[npt.NDArray[np.int64]]:
    """The places of each class among all pictures."""
    ends = np.cumsum(list(counts.values()))
    return [np.arange(end - count, end) for end, count in zip(ends, counts.values(), strict=True)]


def _alike(one: Pictures, other: Pictures) -> Floats:
    """The correlation of pixels, picture by picture, (n, 3, h, w) twice to (n,), both seen small."""
    return np.asarray((_unit(_small(one)) * _unit(_small(other))).sum(axis=1))


def _unit(pictures: Pictures) -> Floats:
    """Pictures as rows without mean and of length 1; a picture of nothing stays nothing."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _nearest(pictures: Pictures, known: Pictures) -> tuple[npt.NDArray[np.int64], Floats]:
    """For each picture the most alike of the known ones, as they lie or turned and mirrored, and how alike it is."""
    seen, asked = _unit(_small(known)), _small(pictures)
    views = [np.rot90(asked, k, (2, 3)) for k in range(4)]
    best = np.stack([_unit(view) @ seen.T for view in (*views, *(view[..., ::-1] for view in views))]).max(axis=0)
    return np.asarray(best.argmax(axis=1)), np.asarray(best.max(axis=1))


def _small(pictures: Pictures) -> Pictures:
    """Squares of pixels by their mean, so that at least `SIDE` are left a side."""
    step = max(1, pictures.shape[-1] // SIDE)
    side = pictures.shape[-1] // step
    cut = pictures[..., : side * step, : side * step]
    return np.asarray(cut.reshape(*cut.shape[:2], side, step, side, step).mean(axis=(3, 5)))


def _quantiles(values: Floats) -> dict[str, float]:
    return {str(p): round(float(v), 4) for p, v in zip(PERCENT, np.percentile(values, PERCENT), strict=True)}
