"""What a classifier's word is worth, as its card tells it: precision and recall of every class, and how far its
probabilities can be believed. Everything was measured on real pictures that it never saw.
"""

from __future__ import annotations

from typing import Any

from render.bake.tongue import _, per_cent
from render.bake.words import class_name, in_order, percent
from render.weights import Card

SIDE = 200.0  # of the diagram, in its own units
LEAST, MOST = 2.0, 9.0  # radius of a dot; its area goes by the pictures that it stands for


def tested(card: Card | None) -> dict[str, Any]:
    """The figures of all classes on the test fold; empty where the card has none."""
    test = card.quality.get("test", {}) if card else {}
    found: dict[str, Any] = test.get("seven") or test.get("classes") or {}
    return found


def calibrated(card: Card | None) -> bool:
    """Whether a classifier's probabilities were held against real pictures here; those of a graph from elsewhere are
    its own.
    """
    return card is not None and card.network.get("format") != "onnx"


def judged(card: Card | None) -> dict[str, Any] | None:
    """What the template's table and diagram show; None where the card says nothing of precision."""
    found = tested(card)
    if card is None or not found.get("precision"):
        return None
    names = in_order(found.get("recall", {}).keys() | found["precision"].keys())
    return {
        "rows": [_row(name, found) for name in names],
        "pictures": found.get("pictures", 0),
        "dots": _dots(found.get("reliability", [])),
        "label": _label(found.get("reliability", [])),
    }


def _row(name: str, found: dict[str, Any]) -> dict[str, str]:
    recall, precision = found.get("recall", {}).get(name), found["precision"].get(name)
    return {
        "name": class_name(name),
        "precision": _counted(precision["precision"]) if precision else _("none"),
        "named": str(precision["n"]) if precision else "0",
        "recall": _counted(recall["recall"]) if recall else _("none"),
        "real": str(recall["n"]) if recall else "0",
    }


def _counted(share: float) -> str:
    """A share of a number that stands beside it: three of three are 100 %."""
    return per_cent(share)


def _dots(bins: list[dict[str, float]]) -> list[dict[str, float]]:
    """Places in the diagram: what was said goes to the right, what came true upwards."""
    most = max((one["n"] for one in bins), default=1)
    return [
        {
            "x": round(SIDE * one["said"], 1),
            "y": round(SIDE * (1 - one["right"]), 1),
            "r": round(max(LEAST, MOST * (one["n"] / most) ** 0.5), 1),
        }
        for one in bins
    ]


def _label(bins: list[dict[str, float]]) -> str:
    """The same for those who cannot see it."""
    told = _("said %(said)s, right %(right)s of %(n)s")
    return "; ".join(
        told % {"said": percent(one["said"]), "right": percent(one["right"]), "n": f"{one['n']:.0f}"} for one in bins
    )
