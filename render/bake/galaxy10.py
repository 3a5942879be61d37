"""An exhibit in the words of Galaxy10 DECaLS: derived from what the classifier answered, and said to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from render.bake.source import Row
from render.bake.tongue import N_, _, number
from render.bake.words import percent
from render.galaxy10 import Cuts, galaxy10, shown_by
from render.weights import Card

LABELS = {
    "round_smooth": "Round Smooth",
    "in_between_round_smooth": "In-between Round Smooth",
    "cigar_shaped_smooth": "Cigar Shaped Smooth",
    "barred_spiral": "Barred Spiral",
    "unbarred_tight_spiral": "Unbarred Tight Spiral",
    "unbarred_loose_spiral": "Unbarred Loose Spiral",
    "edge_on_without_bulge": "Edge-on without Bulge",
    "edge_on_with_bulge": "Edge-on with Bulge",
}
"""As that set names them; names of another's classes are not translated."""
NAMED = N_("In the words of Galaxy10 DECaLS: %(name)s.")
UNNAMED = N_("In the words of Galaxy10 DECaLS: none of its classes.")
DERIVED = N_(
    "Derived by rule from the steps above, and never compared with that set's own labels. Of %(n)s real galaxies never "
    "seen, %(share)s get the word that the answers of EFIGI's experts come to by the same rules."
)


def derived(row: Row, network: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Whether the answers can be put into these words at all, and which class they come to.

    network: what `words_of` gives.
    """
    cuts, shown = Cuts.of(network), shown_by(row.json("classes"), row.json("measurements"))
    if cuts is None or shown is None:
        return False, None
    return True, galaxy10(shown, cuts)


def words_of(classifier: Card | None) -> dict[str, Any]:
    """What a classifier's card keeps under ``[network]`` for these words; empty where it keeps nothing."""
    return {name: kept for name, kept in (classifier.network if classifier else {}).items() if name == "galaxy10"}


def in_words(row: Row, classifier: Card | None) -> list[str]:
    """What the page says; nothing for a classifier without cuts, or without figures of what they are worth."""
    test = classifier.quality.get("test", {}).get("galaxy10", {}) if classifier else {}
    asked, name = derived(row, words_of(classifier))
    if not asked or not test:
        return []
    said = _(NAMED) % {"name": LABELS[name]} if name else _(UNNAMED)
    return [said, _(DERIVED) % {"n": number(test["n"]), "share": percent(test["accuracy"])}]
