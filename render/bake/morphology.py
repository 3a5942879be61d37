"""Morphology as a page shows it: each value among those of real galaxies that went the same way, or not at all."""

from __future__ import annotations

from typing import Any

from render.bake.rulers import ruler
from render.bake.source import Row
from render.weights import Card

VALUES = {
    "concentration": ("Concentration", 2, "larger: more light in the middle"),
    "asymmetry": ("Asymmetry", 2, "what changes after half a turn"),
    "smoothness": ("Smoothness", 2, "larger: clumpier"),
    "gini": ("Gini", 2, "larger: light in fewer pixels"),
    "m20": ("M20", 2, "larger: bright spots farther out"),
    "sersic_index": ("Sérsic index", 2, "1 a disc, more: a sharper core"),
    "half_light_px": ("Half-light radius", 1, "in pixels of the model's own size"),
}
UNMEASURED = "statmorph marks its own measurement of this picture as bad (flag {flag}), so nothing of it is shown."
SUSPECT = "statmorph marks this measurement as suspect. "
AMONG = (
    "{suspect}Measured by statmorph with the picture's stretch undone. Dot: this picture. Band: nine in ten of {n:,} "
    "real galaxies that went the same way at the same size; tick: their median. The survey's pictures were stretched "
    "before, so these are no values for a table of real galaxies."
)


def morphology(row: Row, classifier: Card | None) -> dict[str, Any] | None:
    """The variables of the page's block; None where nothing was measured, or no real galaxies to stand beside."""
    told = row.json("classes").get("morphology")
    real = classifier.quality.get("morphology", {}) if classifier else {}
    if not told or not real or real.get("size") != row.json("recipe").get("size"):
        return None
    if told.get("flag", 4) > 1:
        return {"lines": [], "note": UNMEASURED.format(flag=told.get("flag", 4))}
    lines = [
        {
            "name": name,
            "value": f"{told[key]:.{digits}f}".replace("-", "\u2212"),
            "meaning": meaning,
            "ruler": ruler(real[key], [told[key]], f"{name}: dot, this picture; band, nine in ten real galaxies."),
        }
        for key, (name, digits, meaning) in VALUES.items()
        if key in told and key in real
    ]
    note = AMONG.format(suspect=SUSPECT if told["flag"] else "", n=real.get("n", 0))
    if "orientation_deg" in told:
        note = (
            f"Its long axis lies {told['orientation_deg']:.0f}° counter-clockwise from the picture's horizontal. {note}"
        )
    return {"lines": lines, "note": note}
