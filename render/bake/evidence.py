"""Evidence as a page shows it: where the nearest real galaxies lie, and how far apart real ones are from each other.

Evidence, never proof: the sentences say what was compared with what, and no more.
"""

from __future__ import annotations

import re
from typing import Any

from render.bake.comparing import HOW, MEASURED, kind_of, words_of
from render.bake.rulers import ruler
from render.bake.source import Row
from render.bake.tongue import N_, _, decimal
from render.bake.words import class_name, percent
from render.weights import Card

SHOWN = 3


def evidence_view(evidence: dict[str, Any], row: Row, detector: Card | None) -> dict[str, Any]:
    """The variables of the page's block on evidence, for an exhibit that was checked."""
    kind = kind_of(detector)
    words = words_of(kind)
    pictures = {m.position: m for m in row.media if m.role == "neighbour"}
    neighbours = [
        {
            "key": pictures[i].key if i in pictures else "",
            "width": pictures[i].width if i in pictures else 0,
            "height": pictures[i].height if i in pictures else 0,
            "name": name_of(str(near.get("file", "")), kind),
            "class": class_name(near.get("class_name")),
            "distance": decimal(near["distance"], 2),
        }
        for i, near in enumerate(evidence.get("neighbours", [])[:SHOWN])
    ]
    distances = [float(near["distance"]) for near in evidence.get("neighbours", [])[:SHOWN]]
    return {
        "sentence": sentence(evidence, kind),
        "heading": _(words.heading) if words.heading else "",
        "picture": _(words.picture),
        "measured": _(MEASURED[kind]) if kind in MEASURED else "",
        "neighbours": neighbours,
        "credits": _credits(evidence, detector),
        "ruler": ruler(_quantiles(detector), distances, _(words.label), start=0.0),
        "pixels": _pixels(evidence, kind),
    }


UNCHECKED = N_("Not checked.")
NOT_CHECKED: dict[str, Any] = {
    "sentence": UNCHECKED,
    "heading": "",
    "picture": "",
    "measured": "",
    "neighbours": [],
    "credits": [],
    "ruler": None,
    "pixels": "",
}


UNLIKE = 0.99
PIXELS = N_(
    "A plainer look, pixel by pixel in eight orientations: %(share)s of real galaxies lie nearer to their own nearest "
    "than this picture to any; such a look misses a copy that was turned a little, and decides nothing."
)
PIXELS_OF_ORIGINALS = N_(
    "A plainer look, pixel by pixel in eight orientations: %(share)s of the originals lie nearer to their own nearest "
    "than this picture to any; such a look misses a copy that was turned a little, and decides nothing."
)


def _pixels(evidence: dict[str, Any], kind: str) -> str:
    """What the second view says; it stands beside the verdict and has no part in it."""
    share = evidence.get("pca_percentile")
    return "" if share is None else _(PIXELS_OF_ORIGINALS if kind else PIXELS) % {"share": percent(share)}


def _credits(evidence: dict[str, Any], detector: Card | None) -> list[dict[str, str]]:
    """Whose pictures are shown, each once, with the licence that the card states for that name."""
    licences = {one.name: one.licence for one in detector.training.credits} if detector else {}
    names = dict.fromkeys(str(near.get("credit") or "") for near in evidence.get("neighbours", [])[:SHOWN])
    return [{"name": name, "licence": licences.get(name, "")} for name in names if name]


def sentence(evidence: dict[str, Any], kind: str = "") -> str:
    """The verdict in words. `percentile`: the share of real pictures that lie nearer to their own nearest; kind: of
    comparison (`comparing.kind_of`).
    """
    share, words = evidence.get("percentile"), words_of(kind)
    if evidence.get("near_copy"):
        return _(words.copy)
    if share is None:
        return _(words.unranked)
    if 0.2 <= share <= 0.8:
        return _(words.usual)
    said = words.unlike if share >= UNLIKE else words.nearer if share < 0.2 else words.farther
    return _(said) % {"share": percent(share)}


def name_of(file: str, kind: str) -> str:
    """What a neighbour is called: a survey's object, a taxon, a body."""
    if kind not in HOW:
        return object_of(file)
    name = file.replace("_", " ")
    if kind == "bodies":
        return f"{name[2:].capitalize()} (fictional)" if name.startswith("f ") else name.capitalize()
    return name


def object_of(file: str) -> str:
    """A survey's file as what it shows: `efigi/PGC0000212.jpg` is PGC 212, `sdss/ra084.2_dec-0.6.jpg` a position."""
    folder, _, name = file.rpartition("/")
    stem = name.rpartition(".")[0]
    if catalogued := re.fullmatch(r"([A-Z]+)0*([1-9][0-9]*)", stem):
        return f"{catalogued[1]} {catalogued[2]}"
    if placed := re.fullmatch(r"ra([0-9.]+)_dec([-+]?[0-9.]+)", stem):
        return f"RA {float(placed[1]):.2f}° Dec {float(placed[2]):+.2f}°".replace("-", "\u2212")
    return f"Galaxy Zoo {stem}" if folder == "gz" and stem.isdigit() else stem


def _quantiles(detector: Card | None) -> dict[str, float]:
    """Quantiles of the distance between a real galaxy and its own nearest, as the card states them."""
    found = detector.quality.get("real_distances", {}) if detector else {}
    return {key: float(value) for key, value in found.items()} if isinstance(found, dict) else {}
