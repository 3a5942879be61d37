"""The report as a whole: look at everything, measure every distance, and the floor of each between real halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from render.display import DisplayMapping
from render.plausibility import twosample
from render.plausibility.distances import distances, kernel, quantiles
from render.plausibility.looks import Eye, Looks
from render.plausibility.pictures import Pictures, Sample, splits
from render.plausibility.twosample import Answers

SPLITS = 100
TREE_SPLITS = 20
"""Of the splits, so many are also put before the trees, which learn for a second each."""
FARTHEST = ("elliptical", "spiral_late")
"""The two classes that the kernel distance is also told for, where a set has them: a distance that anybody can see."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Report:
    """figures: what the card keeps under quality.plausibility; the rest is for the plots."""

    figures: dict[str, Any]
    generated: Looks
    real: Looks
    floors: dict[str, list[float]]
    trees: Answers
    trees_floor: Answers


def report(
    sample: Sample,
    mapping: DisplayMapping,
    detector: Path | None = None,
    count: int = SPLITS,
    tree_splits: int = TREE_SPLITS,
    network: bool = True,
    progress: Progress = lambda what, done, of: None,
) -> Report:
    """Measure a sample. detector: a copy detector whose features are a space; network: whether the small CNN judges.

    count: random real halves; tree_splits: how many of them the trees are taught on, too.
    """
    eye = Eye(sample.pool, mapping, detector)
    generated, real, pool = (
        _looked(eye, pictures, name, progress)
        for name, pictures in (("generated", sample.generated), ("real", sample.real), ("floor", sample.pool))
    )
    found = distances(real, generated)
    pairs = splits(sample.pool_classes, sample.classes, count)
    floors: dict[str, list[float]] = {name: [] for name in found}
    for done, (one, other) in enumerate(pairs):
        for name, value in distances(pool[one], pool[other]).items():
            floors[name].append(value)
        progress("real halves", done + 1, count)
    judged = [twosample.trees(pool[one].table(), pool[other].table()) for one, other in pairs[:tree_splits]]
    trees = twosample.trees(real.table(), generated.table())
    figures: dict[str, Any] = {
        "generated": len(sample.generated),
        "real": len(sample.real),
        "splits": count,
        "spaces": eye.spaces,
        "distances": {name: _beside(value, floors[name]) for name, value in found.items()},
        "trees": trees.told() | {"floor": quantiles([one.accuracy for one in judged]), "floor_splits": len(judged)},
    }
    if classes := _apart(sample, pool):
        figures["between_classes"] = classes
    if network:
        figures["network"] = _network(sample, pairs[0] if pairs else None, progress)
    return Report(figures, generated, real, floors, trees, judged[0] if judged else trees)


def _looked(eye: Eye, pictures: Pictures, name: str, progress: Progress) -> Looks:
    seen = 0

    def step(more: int) -> None:
        nonlocal seen
        seen += more
        progress(f"looking ({name})", seen, len(pictures))

    return eye.look(pictures, step)


def _beside(value: float, floor: list[float]) -> dict[str, Any]:
    """A figure, its floor, and the share of real halves that lie at least as far apart."""
    if not np.isfinite(value):
        return {}
    above = float(np.mean(np.array(floor) >= value)) if floor else 0.0
    return {"generated": round(value, 6), "real": quantiles(floor), "real_as_far": round(above, 4)}


def _apart(sample: Sample, pool: Looks) -> dict[str, Any]:
    """Kernel distances between real pictures of two classes, in every space; empty where the set has not both."""
    one, other = (np.flatnonzero(sample.pool_classes == name) for name in FARTHEST)
    if min(len(one), len(other)) < 2:
        return {}
    told = {name: round(kernel(values[one], values[other]), 6) for name, values in pool.spaces.items()}
    return {"classes": list(FARTHEST), "pictures": [len(one), len(other)], "kernel": told}


def _network(sample: Sample, pair: Any, progress: Progress) -> dict[str, Any]:
    """The small CNN on generated beside real, and on the first pair of real halves."""
    progress("small network", 0, 2)
    told = twosample.pixels(sample.real, sample.generated).told()
    progress("small network", 1, 2)
    if pair is not None:
        one, other = pair
        floor = twosample.pixels(sample.pool[one], sample.pool[other])
        told["floor"] = {"right": round(floor.accuracy, 4), "splits": 1}
    progress("small network", 2, 2)
    return told
