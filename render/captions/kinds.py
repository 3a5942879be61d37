"""Which reviewed facts and which wording a class belongs to.

A theme is a family of classes: the facts' file of that name and the words that go with it. Classes of another family (a
person's own training set) belong to no theme: they have no facts, and sentences that fit anything.
"""

from __future__ import annotations

from typing import Literal

Theme = Literal["galaxies", "planets", "deep-space", "dinosaurs"]

THEMES: dict[Theme, tuple[str, ...]] = {
    "galaxies": (
        "elliptical",
        "lenticular",
        "spiral_early",
        "spiral_mid",
        "spiral_late",
        "irregular",
        "dwarf_elliptical",
    ),
    "planets": ("rocky_planet", "gas_giant", "dwarf_planet", "moon", "star"),
    "deep-space": ("nebula", "galaxy", "deep_field", "star_cluster"),
    "dinosaurs": (
        "theropod",
        "sauropodomorph",
        "ceratopsian",
        "ornithopod",
        "thyreophoran",
        "marginocephalian",
        "ornithischian_other",
        "dinosaur_other",
        "pterosaur",
    ),
}
GENERAL: dict[Theme, str] = {"galaxies": "galaxy", "planets": "planet", "deep-space": "sky", "dinosaurs": "dinosaur"}
"""The topic of facts that hold for all of a theme, but for `GROUNDLESS`."""
GROUNDLESS = ("gas_giant", "star")
"""Bodies without a surface: what holds for planets in general is about craters."""
_OF: dict[str, Theme] = {key: theme for theme, keys in THEMES.items() for key in keys}


def general(theme: Theme, key: str | None) -> str | None:
    """The topic of facts that hold for all of a theme; None where they do not hold for that class of it."""
    return None if key in GROUNDLESS else GENERAL[theme]


def theme_of(*keys: str | None) -> Theme | None:
    """The theme of the first class that belongs to one; None for classes of another family, and for none at all."""
    return next((_OF[key] for key in keys if key in _OF), None)
