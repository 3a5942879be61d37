"""How good the classifier is, in figures: confusion, recall, balanced accuracy, calibration error, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from render.classify.classes import CLASS_OF_STAGE, CLASSES, FOUR, FOUR_OF_CLASS

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def confusion(truth: Integers, found: Integers, count: int) -> Integers:
    """Rows are the experts' classes, columns the found ones, (count, count)."""
    table = np.zeros((count, count), dtype=np.int64)
    np.add.at(table, (truth, found), 1)
    return table


def accuracy(table: Integers) -> float:
    return float(np.trace(table) / max(table.sum(), 1))


def recalls(table: Integers) -> Floats:
    """The share of each class that was found, (count,); nan where the class does not occur."""
    n = table.sum(axis=1)
    return np.where(n > 0, np.diag(table) / np.maximum(n, 1), np.nan)


def precisions(table: Integers) -> Floats:
    """The share of what was named so that is so, (count,); nan where nothing was named so."""
    return recalls(table.T)


def reliability(probabilities: Floats, truth: Integers, bins: int = 10) -> list[dict[str, float]]:
    """The reliability diagram of the most probable class (Niculescu-Mizil & Caruana 2005, ICML): for each tenth in
    which a probability fell, its mean there (`said`), the share that was right, and n.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    which = np.minimum((sure * bins).astype(int), bins - 1)
    inside = [which == b for b in range(bins)]
    return [
        {"said": round(float(sure[i].mean()), 4), "right": round(float(right[i].mean()), 4), "n": int(i.sum())}
        for i in inside
        if i.any()
    ]


def balanced_accuracy(table: Integers) -> float:
    """The mean recall over the classes that occur."""
    return float(np.nanmean(recalls(table)))


def calibration_error(probabilities: Floats, truth: Integers, bins: int = 15) -> float:
    """Expected calibration error of the most probable class (Guo et al. 2017, arXiv:1706.04599), 0 to 1."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    which = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(float(sure[which == b].sum()) - float(right[which == b].sum())) for b in range(bins)]
    return sum(gaps) / len(truth)


def four(probabilities: Floats) -> Floats:
    """Probabilities of the seven classes to those of the four coarse ones, (n, 7) -> (n, 4)."""
    groups = np.array(FOUR_OF_CLASS)
    return np.stack([probabilities[:, groups == g].sum(axis=1) for g in range(len(FOUR))], axis=1)


def intervals(truth: Integers, found: Integers, count: int, draws: int = 1000) -> dict[str, list[float]]:
    """95 % bootstrap intervals of accuracy and balanced accuracy, by drawing the pictures again."""
    random = np.random.default_rng(0)
    drawn = (random.integers(0, len(truth), len(truth)) for _ in range(draws))
    tables = [confusion(truth[i], found[i], count) for i in drawn]
    return {
        name: [round(float(q), 4) for q in np.percentile([figure(t) for t in tables], (2.5, 97.5))]
        for name, figure in (("accuracy", accuracy), ("balanced_accuracy", balanced_accuracy))
    }


def figures(truth: Integers, found: Integers, names: tuple[str, ...]) -> dict[str, Any]:
    """The figures of one judgement, as the card keeps them."""
    table = confusion(truth, found, len(names))
    spread = intervals(truth, found, len(names))
    return {
        "pictures": len(truth),
        "accuracy": round(accuracy(table), 4),
        "accuracy_interval_95": spread["accuracy"],
        "balanced_accuracy": round(balanced_accuracy(table), 4),
        "balanced_accuracy_interval_95": spread["balanced_accuracy"],
        "recall": {
            name: {"recall": round(float(r), 4), "n": int(n)}
            for name, r, n in zip(names, recalls(table), table.sum(axis=1), strict=True)
            if n
        },
        "precision": {
            name: {"precision": round(float(p), 4), "n": int(n)}
            for name, p, n in zip(names, precisions(table), table.sum(axis=0), strict=True)
            if n
        },
        "confusion": table.tolist(),
    }


def coarse_figures(probabilities: Floats, truth: Integers, clean: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The four-class figures, on pictures without a contaminating star or neighbour."""
    groups = np.array(FOUR_OF_CLASS)
    return figures(groups[truth[clean]], four(probabilities[clean]).argmax(axis=1), FOUR)


def range_figures(
    probabilities: Floats, truth: Integers, accepted: npt.NDArray[np.bool_], clean: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """How far experts' own doubt explains the four-class figures. accepted: (n, 18), the stages that they would accept.

    `accepted` is the share of answers in a class that holds such a stage; `sure` and `unsure` are the accuracies where
    all of those stages lie in one class, and where they do not.
    """
    of_stage = np.array(FOUR_OF_CLASS)[np.array(CLASS_OF_STAGE)]
    classes = np.stack([accepted[clean][:, of_stage == g].any(axis=1) for g in range(len(FOUR))], axis=1)
    found, wanted = four(probabilities[clean]).argmax(axis=1), np.array(FOUR_OF_CLASS)[truth[clean]]
    right, unsure = found == wanted, classes.sum(axis=1) > 1
    told: dict[str, Any] = {"accepted": round(float(classes[np.arange(len(found)), found].mean()), 4)}
    for name, those in (("sure", ~unsure), ("unsure", unsure)):
        if those.any():
            told[name] = {"n": int(those.sum()), "accuracy": round(float(right[those].mean()), 4)}
    return told


def seven_figures(probabilities: Floats, truth: Integers) -> dict[str, Any]:
    """The figures of all seven classes, with the calibration error and the diagram behind it."""
    told = figures(truth, probabilities.argmax(axis=1), CLASSES)
    return told | {
        "calibration_error": round(calibration_error(probabilities, truth), 4),
        "reliability": reliability(probabilities, truth),
    }


def attribute_figures(strengths: Floats, wanted: Floats, names: tuple[str, ...]) -> dict[str, Any]:
    """Of each attribute: Spearman's rank correlation and the mean error, where the experts could tell, (n, a) each."""
    told = {}
    for column, name in enumerate(names):
        known = wanted[:, column] >= 0
        mine, theirs = strengths[known, column], wanted[known, column]
        if len(np.unique(theirs)) < 2 or len(np.unique(mine)) < 2:
            continue  # nothing to rank
        told[name] = {
            "n": int(known.sum()),
            "rank_correlation": round(float(np.corrcoef(ranks(mine), ranks(theirs))[0, 1]), 4),
            "mean_error": round(float(np.abs(mine - theirs).mean()), 4),
        }
    return told


def ranks(values: Floats) -> Floats:
    """Ranks, ties sharing their mean, (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray(((2 * ends - counts - 1) / 2)[inverse], dtype=np.float64)
