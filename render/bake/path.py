"""A galaxy's path as a page shows it: step by step how strong, how sure, and what that was worth on real galaxies."""

from __future__ import annotations

from typing import Any

from render.bake.source import Row
from render.bake.tongue import N_, _, decimal
from render.bake.words import percent
from render.weights import Card

NAMES = {
    "edge_on": N_("Seen edge-on"),
    "bar": N_("Bar"),
    "ring": N_("Ring"),
    "arm_strength": N_("Arms"),
    "bulge": N_("Bulge"),
    "dust": N_("Dust"),
}
WORTH = 0.5
"""A step is shown where its rank correlation with the experts, on real galaxies never seen, is at least this."""
STAGES = {
    -6: "cE",
    -5: "E",
    -4: "cD",
    -3: "S0−",
    -2: "S0",
    -1: "S0+",
    0: "S0/a",
    1: "Sa",
    2: "Sab",
    3: "Sb",
    4: "Sbc",
    5: "Sc",
    6: "Scd",
    7: "Sd",
    8: "Sdm",
    9: "Sm",
    10: "Im",
    11: "dE",
}
WIDTH, HEIGHT, STEP = 180.0, 40.0, 10.0  # of the histogram, in its own units
NOTE = N_(
    "Strengths from 0 to 1 as EFIGI's experts give them, with the usual distance from an expert's answer; on %(n)s "
    "real galaxies never seen, the stage named most probable was one that the experts accept %(accepted)s of the time."
)


def path(row: Row, classifier: Card | None) -> dict[str, Any] | None:
    """The variables of the page's block; None for an exhibit or a classifier without a path."""
    told = row.json("classes")
    test = classifier.quality.get("test", {}).get("path", {}) if classifier else {}
    if not told.get("stages") or not test:
        return None
    worth = {name for name, one in test.get("steps", {}).items() if one.get("rank_correlation", 0) >= WORTH}
    return {
        "featured": percent(told["featured"]),
        "steps": [
            _step(_(NAMES[name]), *told["path"][name]) for name in NAMES if name in worth and name in told["path"]
        ],
        "stages": _histogram({int(stage): share for stage, share in told["stages"].items()}),
        "note": _(NOTE) % {"n": test["stages"]["n"], "accepted": percent(test["stages"]["accepted"])},
    }


def _step(name: str, strength: float, uncertainty: float) -> dict[str, Any]:
    low, high = max(0.0, strength - uncertainty), min(1.0, strength + uncertainty)
    return {
        "name": name,
        "value": f"{decimal(strength, 2)} ± {decimal(uncertainty, 2)}",
        "strength": strength,
        "low": round(200 * low, 1),
        "width": round(200 * (high - low), 1),
        "at": round(200 * strength, 1),
    }


def _histogram(shares: dict[int, float]) -> dict[str, Any]:
    """Bars from T = -6 to 10, and that of dwarf ellipticals apart; the label says the same in words."""
    most = max(shares.values())
    bars = []
    for place, stage in enumerate(sorted(shares)):
        high = round(HEIGHT * shares[stage] / most, 1) if most else 0.0
        gap = STEP if stage == max(STAGES) else 0.0
        bars.append({"x": round(STEP * place + gap, 1), "y": round(HEIGHT - high, 1), "height": high})
    likely = sorted(shares, key=lambda stage: -shares[stage])[:3]
    label = ", ".join(f"{STAGES[stage]} {percent(shares[stage])}" for stage in likely)
    return {"bars": bars, "label": label}
