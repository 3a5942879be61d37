"""The words that pages use for what the catalogue keeps as keys and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from render.bake.tongue import N_, SOURCE, _, per_cent, spoken
from render.captions.wording import wording
from render.config import Collection, Folder

CLASSES = {
    "elliptical": "elliptical",
    "lenticular": "lenticular",
    "spiral_early": "early spiral",
    "spiral_mid": "spiral",
    "spiral_late": "late spiral",
    "irregular": "irregular",
    "dwarf_elliptical": "dwarf elliptical",
}
"""In English; other languages have the captions' own names (`render/captions/wording`)."""
PLURALS = {
    "elliptical": N_("ellipticals"),
    "lenticular": N_("lenticulars"),
    "spiral_early": N_("early spirals"),
    "spiral_mid": N_("spirals"),
    "spiral_late": N_("late spirals"),
    "irregular": N_("irregulars"),
    "dwarf_elliptical": N_("dwarf ellipticals"),
}
MARK = N_("Generated: drawn by a network, not observed.")
"""The mark that every page, feed item and share card of rendered pictures carries where people read it."""
LICENCES = {
    "CC0-1.0": N_("The pictures are free of rights (CC0 1.0): use them for anything, without asking."),
    "CC-BY-4.0": N_("The pictures may be used with credit (CC BY 4.0)."),
    "CC-BY-SA-4.0": N_("The pictures may be used with credit and under the same licence (CC BY-SA 4.0)."),
}
THINGS = (
    *(N_("galaxy"), N_("galaxies"), N_("This galaxy does not exist.")),
    *(N_("planet"), N_("planets"), N_("This planet does not exist.")),
    *(N_("patch of sky"), N_("patches of sky"), N_("This patch of sky does not exist.")),
    *(N_("dinosaur"), N_("dinosaurs"), N_("This dinosaur does not exist.")),
    *(N_("painting"), N_("paintings"), N_("photograph"), N_("photographs")),
)
"""What collections usually hold, for the catalogues: other languages bend such a word, so each sentence is whole."""


class Called(NamedTuple):
    """How a collection is called in the language that is spoken; what no catalogue knows stays as it was written."""

    title: str
    many: str
    sentence: str


def called(collection: Collection | Folder) -> Called:
    """A collection's words."""
    title, many, sentence = _(collection.title), _(collection.many), _(collection.signature)
    if sentence == collection.signature and isinstance(collection, Collection):
        sentence = _("This %(title)s does not exist.") % {"title": collection.title}
    return Called(title, many, sentence)


def class_name(key: str | None) -> str:
    """`spiral_early` as a visitor reads it; a class of another family keeps its own words."""
    if key and (language := spoken()) != SOURCE:
        return wording(language).label(key)
    return CLASSES.get(key, key.replace("_", " ")) if key else ""


def class_plural(key: str) -> str:
    """The name of a class's gallery."""
    return _(PLURALS[key]) if key in PLURALS else class_name(key)


def class_slug(key: str) -> str:
    """The folder of a class's gallery: no underscore, which some hosts hide when it leads. What ASCII cannot spell is
    told apart by a hash: C# and C++ are two classes.
    """
    plain = key.lower().replace("_", "-").replace(" ", "-")
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in plain).strip("-")
    return slug if slug == plain else f"{slug or 'class'}-{sha256(key.encode()).hexdigest()[:6]}"


def in_order(keys: Iterable[str]) -> list[str]:
    """Classes in the order of the Hubble sequence; those of another family after them, by name."""
    known = list(CLASSES)
    return sorted(keys, key=lambda key: (known.index(key) if key in CLASSES else len(known), key))


def percent(share: float) -> str:
    """A probability as a label: never 0 % or 100 %, which nothing measured can be."""
    if share < 0.005:
        return f"< {per_cent(0.01)}"
    if share > 0.995:
        return f"> {per_cent(0.99)}"
    return per_cent(share)


def licence_sentence(licence: str) -> str:
    """What a visitor may do with the pictures."""
    if not licence:
        return _("Nobody said what may be done with these pictures: ask before you use them.")
    return (
        _(LICENCES[licence]) if licence in LICENCES else _("The pictures are under %(licence)s.") % {"licence": licence}
    )
