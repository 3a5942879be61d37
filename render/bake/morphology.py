"""Morphology as a page shows it: each value among those of real galaxies that went the same way, or not at all."""

from __future__ import annotations

from typing import Any

from render.bake.rulers import ruler
from render.bake.source import Row
from render.bake.tongue import N_, _, decimal, number
from render.weights import Card

VALUES = {
    "concentration": (N_("Concentration"), 2, N_("larger: more light in the middle")),
    "asymmetry": (N_("Asymmetry"), 2, N_("what changes after half a turn")),
    "smoothness": (N_("Smoothness"), 2, N_("larger: clumpier")),
    "gini": (N_("Gini"), 2, N_("larger: light in fewer pixels")),
    "m20": (N_("M20"), 2, N_("larger: bright spots farther out")),
    "sersic_index": (N_("Sérsic index"), 2, N_("1 a disc, more: a sharper core")),
    "half_light_px": (N_("Half-light radius"), 1, N_("in pixels of the model's own size")),
}
UNMEASURED = N_(
    "statmorph marks its own measurement of this picture as bad (flag %(flag)s), so nothing of it is shown."
)
SUSPECT = N_("statmorph marks this measurement as suspect.")
AMONG = N_(
    "Measured by statmorph with the picture's stretch undone. Dot: this picture. Band: nine in ten of %(n)s "
    "real galaxies that went the same way at the same size; tick: their median. The survey's pictures were stretched "
    "before, so these are no values for a table of real galaxies."
)
DOT = N_("%(name)s: dot, this picture; band, nine in ten real galaxies.")
LIES = N_("Its long axis lies %(angle)s° counter-clockwise from the picture's horizontal.")


def morphology(row: Row, classifier: Card | None) -> dict[str, Any] | None:
    """The variables of the page's block; None where nothing was measured, or no real galaxies to stand beside."""
    told = row.json("classes").get("morphology")
    real = classifier.quality.get("morphology", {}) if classifier else {}
    measured_at = (told or {}).get("size", row.json("recipe").get("size"))  # smaller, where an upscaler came after
    if not told or not real or real.get("size") != measured_at:
        return None
    if told.get("flag", 4) > 1:
        return {"lines": [], "note": _(UNMEASURED) % {"flag": told.get("flag", 4)}}
    lines = [
        {
            "name": _(name),
            "value": decimal(told[key], digits).replace("-", "\u2212"),
            "meaning": _(meaning),
            "ruler": ruler(real[key], [told[key]], _(DOT) % {"name": _(name)}),
        }
        for key, (name, digits, meaning) in VALUES.items()
        if key in told and key in real
    ]
    notes = [_(SUSPECT)] if told["flag"] else []
    notes.append(_(AMONG) % {"n": number(real.get("n", 0))})
    if "orientation_deg" in told:
        notes.insert(0, _(LIES) % {"angle": decimal(told["orientation_deg"], 0)})
    return {"lines": lines, "note": " ".join(notes)}
