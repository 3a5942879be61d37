"""A galaxy's answers in the words of Galaxy10 DECaLS, as far as those go.

Galaxy10 (Leung & Bovy 2019, github.com/henrysky/Galaxy10) sorts pictures into ten classes by the votes of Galaxy Zoo's
volunteers (Walmsley et al. 2022, MNRAS 509, 3966); our classifier learned what EFIGI's experts said (Baillard et al.
2011, A&A 532, A74). So a word of Galaxy10's is derived here, by rules in the order of Galaxy Zoo's questions: smooth or
featured, how round, edge-on and with a bulge, arms, a bar, how tightly they are wound. Where a rule needs a cut, it is
fitted on fold 2 of EFIGI (`render.training.classifier_galaxy10`). What it comes to was never compared with the labels
of Galaxy10 itself. "Disturbed" and "merging" cannot be told by these answers and are never given; nor is any class to
what is featured without arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

GALAXY10 = (
    "disturbed",
    "merging",
    "round_smooth",
    "in_between_round_smooth",
    "cigar_shaped_smooth",
    "barred_spiral",
    "unbarred_tight_spiral",
    "unbarred_loose_spiral",
    "edge_on_without_bulge",
    "edge_on_with_bulge",
)
"""The ten classes of Galaxy10 DECaLS, in its order."""
LAST_OF_SEQUENCE = 10
"""Stages beyond stand beside the Hubble sequence (dwarf ellipticals) and enter no mean."""


@dataclass(frozen=True)
class Shown:
    """What a galaxy shows. featured: rather than smooth. edge_on, bulge, arms, bar: strengths, 0 to 1. stage: its mean
    Hubble stage. axis_ratio: minor by major axis, 1 is round; None where no object was found.
    """

    featured: bool
    edge_on: float
    bulge: float
    arms: float
    bar: float
    stage: float
    axis_ratio: float | None


@dataclass(frozen=True)
class Cuts:
    """From where on something is there; stage: from where on arms are loose; round, cigar: axis ratios from which on a
    smooth galaxy is round, and below which it is a cigar.
    """

    edge_on: float
    bulge: float
    arms: float
    bar: float
    stage: float
    round: float
    cigar: float

    @classmethod
    def of(cls, network: Mapping[str, Any]) -> Cuts | None:
        """What a card's ``[network.galaxy10]`` holds; None for a card that has none."""
        told = network.get("galaxy10")
        return None if told is None else cls(**{name: float(told[name]) for name in cls.__dataclass_fields__})

    def as_card(self) -> dict[str, float]:
        return asdict(self)


def galaxy10(shown: Shown, cuts: Cuts) -> str | None:
    """The class of Galaxy10 DECaLS that these answers come to; None where they come to none of them."""
    if not shown.featured:
        return _smooth(shown.axis_ratio, cuts)
    if shown.edge_on >= cuts.edge_on:
        return "edge_on_with_bulge" if shown.bulge >= cuts.bulge else "edge_on_without_bulge"
    if shown.arms < cuts.arms:
        return None
    if shown.bar >= cuts.bar:
        return "barred_spiral"
    return "unbarred_loose_spiral" if shown.stage >= cuts.stage else "unbarred_tight_spiral"


def _smooth(axis_ratio: float | None, cuts: Cuts) -> str | None:
    if axis_ratio is None:
        return None
    if axis_ratio >= cuts.round:
        return "round_smooth"
    return "cigar_shaped_smooth" if axis_ratio < cuts.cigar else "in_between_round_smooth"


def shown_by(classes: Mapping[str, Any], measurements: Mapping[str, Any]) -> Shown | None:
    """From what the catalogue keeps of an exhibit; None where its classifier answers no path."""
    path, stages = classes.get("path"), classes.get("stages")
    if not path or not stages or not {"edge_on", "bulge", "arm_strength", "bar"} <= set(path):
        return None
    return Shown(
        featured=classes["featured"] > 0.5,
        edge_on=path["edge_on"][0],
        bulge=path["bulge"][0],
        arms=path["arm_strength"][0],
        bar=path["bar"][0],
        stage=mean_stage({int(stage): share for stage, share in stages.items()}),
        axis_ratio=measurements.get("axis_ratio") if measurements.get("detected") else None,
    )


def mean_stage(shares: Mapping[int, float]) -> float:
    """The mean of a distribution over Hubble stages, without what stands beside the sequence."""
    of = {stage: share for stage, share in shares.items() if stage <= LAST_OF_SEQUENCE}
    whole = sum(of.values())
    return sum(stage * share for stage, share in of.items()) / whole if whole > 0 else 0.0
