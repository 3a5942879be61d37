"""The cuts behind Galaxy10's words (`render.galaxy10`): fitted on fold 2, tested on fold 1, kept in the card.

No picture here has a label of Galaxy10's. What EFIGI's experts said is put into its words by the same rules, and each
cut is where our answers call as many of fold 2 so as the experts do: no word is given more often than theirs give it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from render.classify import measure
from render.classify.classes import STAGES
from render.classify.path import DWARF, FIRST_DISC, NODES, Calibration, featured, stage_probabilities
from render.display import DisplayMapping
from render.galaxy10 import GALAXY10, Cuts, Shown, galaxy10, mean_stage
from render.training.classifier_figures import accuracy, balanced_accuracy, confusion, recalls
from render.training.classifier_member import LabelledPictures
from render.training.classifier_path import Answers

CURVATURE, INCLINATION = 6, 10
"""Heads that only teach; see `render.training.classifier_member.TEACHERS`."""
THERE, STRONG, TIGHT = 0.25, 0.5, 0.5
"""From which of the experts' steps (0, 0.25 ... 1) on a bulge or arms are there, a bar is one, arms are tight."""
LONG = 0.75
"""From which inclination or elongation on a smooth galaxy is a cigar; 0 is round."""
JUST = 1e-6
EXPERTS = Cuts(0.5, bulge=THERE, arms=THERE, bar=STRONG, stage=1 - TIGHT + JUST, round=1.0, cigar=1 - LONG + JUST)
"""The same for the experts' answers, with 1 - curvature for the stage and 1 - elongation for the axis ratio."""
NONE = len(GALAXY10)


def shown_by_ensemble(answers: Answers, temperature: float, ratios: list[float | None]) -> list[Shown]:
    """What the ensemble and the ruler say of every picture."""
    over = stage_probabilities(answers.classes, answers.stages, temperature)
    disc, heads = featured(over) > 0.5, answers.heads.mean(dim=0)
    stages = [mean_stage(dict(zip(STAGES, row, strict=True))) for row in over.tolist()]
    return [_shown(heads[i].tolist(), bool(disc[i]), stages[i], ratios[i]) for i in range(len(over))]


def shown_by_experts(answers: Answers) -> list[Shown | None]:
    """What the experts said, or None where an answer that a rule needs was left undetermined."""
    stages = torch.tensor(STAGES)[answers.wanted_stages.argmax(dim=1)]
    disc = (stages >= FIRST_DISC) & (stages < DWARF)
    return [_told(row, bool(is_disc)) for row, is_disc in zip(answers.wanted.tolist(), disc, strict=True)]


def axis_ratios(data: LabelledPictures, rows: npt.NDArray[np.int64]) -> list[float | None]:
    """By the ruler that measures exhibits too; None where nothing was found."""
    mapping = DisplayMapping()
    found = (measure(data.pictures[row].float().numpy(), mapping) for row in rows)
    return [one.axis_ratio if one.detected else None for one in found]


def fit_cuts(ours: list[Shown], theirs: list[Shown | None]) -> Cuts:
    """The seven cuts, each over the galaxies that its rule asks about."""
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if b is not None]
    discs = [(a, b) for a, b in pairs if b.featured]
    flat = [(a, b) for a, b in discs if b.edge_on >= EXPERTS.edge_on]
    open_ = [(a, b) for a, b in discs if b.edge_on < EXPERTS.edge_on]
    armed = [(a, b) for a, b in open_ if b.arms >= EXPERTS.arms]
    plain = [(a, b) for a, b in armed if b.bar < EXPERTS.bar]
    smooth = [(a.axis_ratio, b) for a, b in pairs if not b.featured and a.axis_ratio is not None]
    ratios = [ratio for ratio, _ in smooth]
    return Cuts(
        edge_on=_cut([a.edge_on for a, _ in discs], [b.edge_on >= EXPERTS.edge_on for _, b in discs]),
        bulge=_cut([a.bulge for a, _ in flat], [b.bulge >= EXPERTS.bulge for _, b in flat]),
        arms=_cut([a.arms for a, _ in open_], [b.arms >= EXPERTS.arms for _, b in open_]),
        bar=_cut([a.bar for a, _ in armed], [b.bar >= EXPERTS.bar for _, b in armed]),
        stage=_cut([a.stage for a, _ in plain], [b.stage >= EXPERTS.stage for _, b in plain]),
        round=_cut(ratios, [(b.axis_ratio or 0) >= EXPERTS.round for _, b in smooth]),
        cigar=_cut(ratios, [(b.axis_ratio or 0) >= EXPERTS.cigar for _, b in smooth]),
    )


def galaxy10_figures(ours: list[Shown], theirs: list[Shown | None], cuts: Cuts) -> dict[str, Any]:
    """For the card: how often our word is the one that the experts' answers come to by the same rules."""
    pairs = [(galaxy10(a, cuts), galaxy10(b, EXPERTS)) for a, b in zip(ours, theirs, strict=True) if b is not None]
    if not pairs:
        return {}
    found, truth = (np.array([_place(pair[side]) for pair in pairs]) for side in (0, 1))
    table = confusion(truth, found, NONE + 1)
    named = found < NONE
    share = recalls(table)
    return {
        "n": len(pairs),
        "accuracy": round(accuracy(table), 4),
        "balanced_accuracy": round(balanced_accuracy(table), 4),
        "named": round(float(named.mean()), 4),
        "recall": {
            name: {"recall": round(float(share[place]), 4), "n": int(table[place].sum())}
            for place, name in enumerate((*GALAXY10, "none"))
            if table[place].sum()
        },
    }


def cuts_and_figures(
    tune: tuple[Answers, list[float | None]], test: tuple[Answers, list[float | None]], path: Calibration
) -> tuple[Cuts, dict[str, Any]]:
    """From the answers about folds 2 and 1, with the axis ratios of their pictures."""
    ours = [shown_by_ensemble(answers, path.temperature, ratios) for answers, ratios in (tune, test)]
    cuts = fit_cuts(ours[0], shown_by_experts(tune[0]))
    return cuts, galaxy10_figures(ours[1], shown_by_experts(test[0]), cuts)


def _shown(heads: list[float], disc: bool, stage: float, ratio: float | None) -> Shown:
    edge_on, bulge, arms, bar = (heads[NODES[name]] for name in ("edge_on", "bulge", "arm_strength", "bar"))
    return Shown(disc, edge_on, bulge, arms, bar, stage, ratio)


def _told(wanted: list[float], disc: bool) -> Shown | None:
    edge_on, bulge, arms, bar = (wanted[NODES[name]] for name in ("edge_on", "bulge", "arm_strength", "bar"))
    needed = [wanted[INCLINATION]]
    if disc and edge_on >= EXPERTS.edge_on:
        needed = [bulge]
    elif disc:
        needed = [edge_on, arms]
        needed += [bar] if arms >= EXPERTS.arms else []
        needed += [wanted[CURVATURE]] if arms >= EXPERTS.arms and bar < EXPERTS.bar else []
    if min(needed) < 0:
        return None
    return Shown(disc, edge_on, bulge, arms, bar, 1 - wanted[CURVATURE], 1 - wanted[INCLINATION])


def _cut(values: list[float], truth: list[bool]) -> float:
    """Reached by as many values as are so: half-way to the next lower one."""
    ordered, many = sorted(values, reverse=True), sum(truth)
    if many == 0:
        return ordered[0] + 1 if ordered else 1.0
    return round((ordered[many - 1] + ordered[min(many, len(ordered) - 1)]) / 2, 4)


def _place(name: str | None) -> int:
    return NONE if name is None else GALAXY10.index(name)
