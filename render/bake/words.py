"""The words that pages use for what the catalogue keeps as keys and numbers."""

from __future__ import annotations

from collections.abc import Iterable

CLASSES = {
    "elliptical": "elliptical",
    "lenticular": "lenticular",
    "spiral_early": "early spiral",
    "spiral_mid": "spiral",
    "spiral_late": "late spiral",
    "irregular": "irregular",
    "dwarf_elliptical": "dwarf elliptical",
}
PLURALS = {
    "elliptical": "ellipticals",
    "lenticular": "lenticulars",
    "spiral_early": "early spirals",
    "spiral_mid": "spirals",
    "spiral_late": "late spirals",
    "irregular": "irregulars",
    "dwarf_elliptical": "dwarf ellipticals",
}
MARK = "Generated: drawn by a network, not observed."
"""The mark that every page, feed item and share card of rendered pictures carries where people read it."""
LICENCES = {
    "CC0-1.0": "The pictures are free of rights (CC0 1.0): use them for anything, without asking.",
    "CC-BY-4.0": "The pictures may be used with credit (CC BY 4.0).",
    "CC-BY-SA-4.0": "The pictures may be used with credit and under the same licence (CC BY-SA 4.0).",
}


def class_name(key: str | None) -> str:
    """`spiral_early` as a visitor reads it; a class of another family keeps its own words."""
    return CLASSES.get(key, key.replace("_", " ")) if key else ""


def class_plural(key: str) -> str:
    """The name of a class's gallery."""
    return PLURALS.get(key, key.replace("_", " "))


def class_slug(key: str) -> str:
    """The folder of a class's gallery: no underscore, which some hosts hide when it leads."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in key.lower()).strip("-") or "other"


def in_order(keys: Iterable[str]) -> list[str]:
    """Classes in the order of the Hubble sequence; those of another family after them, by name."""
    known = list(CLASSES)
    return sorted(keys, key=lambda key: (known.index(key) if key in CLASSES else len(known), key))


def percent(share: float) -> str:
    """A probability as a label: never 0 % or 100 %, which nothing measured can be."""
    if share < 0.005:
        return "< 1\u202f%"
    if share > 0.995:
        return "> 99\u202f%"
    return f"{100 * share:.0f}\u202f%"


def licence_sentence(licence: str) -> str:
    """What a visitor may do with the pictures."""
    if not licence:
        return "Nobody said what may be done with these pictures: ask before you use them."
    return LICENCES.get(licence, f"The pictures are under {licence}.")
