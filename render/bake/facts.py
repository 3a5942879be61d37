"""What an exhibit's page says beyond its picture: classes with what they are worth, evidence, measurements, recipe.

Figures about real galaxies come from the cards of the classifier and of the copy detector. A figure that no card states
is not shown.
"""

from __future__ import annotations

from typing import Any

from render.bake import views
from render.bake.evidence import NOT_CHECKED, UNCHECKED, evidence_view
from render.bake.galaxy10 import in_words
from render.bake.judged import calibrated, tested
from render.bake.morphology import morphology
from render.bake.outputs import digest
from render.bake.path import path
from render.bake.source import Row
from render.bake.texts import shown, texts_of
from render.bake.tongue import N_, _, number
from render.bake.words import class_name, class_plural, percent
from render.captions.facts import Fact, facts, reviewed
from render.captions.kinds import THEMES
from render.provenance import CAPTURE, TRAINED
from render.weights import Card


class Facts:
    """The figures of a gallery's cards, and the views of rows that need them."""

    def __init__(
        self, generator: Card | None, classifier: Card | None, detector: Card | None, licence: str, author: str
    ) -> None:
        self._classifier = classifier
        self._detector = detector
        self._licence = licence
        self._rights = rights(generator)
        self._author = author
        self._measured = classifier.quality.get("measured", {}) if classifier else {}
        cards = [card.model_dump_json() if card else "" for card in (generator, classifier, detector)]
        self.key = digest(*cards, licence, author, *(reviewed(theme) for theme in THEMES))

    def exhibit(self, row: Row, slug: str) -> dict[str, Any]:
        """Everything of an exhibit's page that its tile does not have."""
        texts = texts_of(row)
        asked = row.column("asked")
        origin = origin_of(row)
        return {
            "caption": texts.get("caption", ""),
            "language": texts.get("language", "en"),
            "written": written(texts),
            "description": texts.get("description", ""),
            "classes": views.bars(row),
            "asked": class_name(asked),
            "accuracy": self._accuracy(row),
            "evidence": UNSEEN if origin else self._evidence(row),
            "source_type": origin["source_type"] if origin else TRAINED,
            "references": references(texts),
            "measurements": views.measurements(row, self._measured),
            "real_measured": self._measured.get("n", 0),
            "morphology": morphology(row, self._classifier),
            "path": path(row, self._classifier),
            "galaxy10": in_words(row, self._classifier),
            "calibrated": calibrated(self._classifier),
            "recipe_title": _("Where it is from") if origin else _("Recipe"),
            "recipe": origin_lines(row, origin) if origin else views.recipe(row),
            "downloads": views.downloads(row, slug),
            "surface": views.surface(row),
            "shape": None if origin else views.shape(row),
            "licence": self._licence,
            "author": self._author,
            "rights": "" if origin else self._rights,
            "plate": plate(row, bool(origin)),
        }

    def _accuracy(self, row: Row) -> list[str]:
        """What the classifier's word is worth, measured on real galaxies that it never saw."""
        if self._classifier is None or not row.json("classes"):
            return []
        quality = tested(self._classifier)
        lines = []
        if one := quality.get("recall", {}).get(row.column("found")):
            name = class_plural(row.column("found"))
            line = _("Of %(n)s real %(classes)s that it never saw, the classifier names %(share)s so.")
            lines.append(line % {"n": number(one["n"]), "classes": name, "share": percent(one["recall"])})
        if "accuracy" in quality:
            line = _(
                "Of %(n)s real pictures of all classes, none of which it ever saw, it names %(share)s as people did."
            )
            lines.append(line % {"n": number(quality["pictures"]), "share": percent(quality["accuracy"])})
        return lines

    def _evidence(self, row: Row) -> dict[str, Any]:
        evidence = row.json("evidence")
        if not evidence.get("checked"):
            return NOT_CHECKED | {"sentence": _(UNCHECKED)}
        return evidence_view(evidence, row, self._detector)


def written(texts: dict[str, Any]) -> str:
    """Who wrote the words, as a sentence."""
    if not texts.get("caption"):
        return ""
    if (author := texts.get("author", "facts")) == "facts":
        return _("Words: by rule, from the measurements and from reviewed facts.")
    told = _("Words: %(author)s, a language model, from the measurements; the facts after them are reviewed.")
    return told % {"author": author}


UNSEEN = NOT_CHECKED | {"sentence": ""}
"""Of an imported picture there is nothing to compare with, and nothing to say."""


def origin_of(row: Row) -> dict[str, Any]:
    """What an imported picture's file says of itself (`render.stages.importing`); empty for one that was rendered."""
    origin: dict[str, Any] = row.json("display").get("origin", {})
    told = {
        part: {shown(name, 100): shown(str(text), LONGEST) for name, text in origin[part].items()}
        for part in ("settings", "texts")
        if part in origin
    }
    return origin | told


def origin_lines(row: Row, origin: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as lines: everything after the first is the file's own claim."""
    source = origin["source_type"]
    how = _(HOW[source]) if source in HOW else _("nobody said")
    lines = [(_("Exhibit"), row.id), (_("How it was made"), how)]
    if origin.get("program"):
        lines.append((_("Its file names"), origin["program"]))
    lines += [(name, str(value)) for name, value in origin.get("settings", {}).items()]
    lines += [(name, str(value)) for name, value in origin.get("texts", {}).items()]
    return [*lines, (_("Original"), f"{origin['width']}\u202f×\u202f{origin['height']}\u202fpx")]


LONGEST = 4_000  # characters of one text of a file
HOW = {TRAINED: N_("by a trained model"), CAPTURE: N_("by a camera")}


PLATE = N_("Generated. No scale, no north, no distance: nothing was observed.")
PLATE_OF_GLOBE = N_("Generated. No scale, no distance: nothing was observed.")  # its map has a north


def plate(row: Row, imported: bool) -> str:
    """What stands beside every picture that was drawn as a whole; of others the page cannot say it."""
    if imported or row.json("recipe").get("mask"):
        return ""
    return _(PLATE_OF_GLOBE if views.surface(row) else PLATE)


NAMED = 4  # on every page; all of them stand on the about page


def rights(generator: Card | None) -> str:
    """The model's licence and whose pictures it learned from; the pictures' own terms stand before it."""
    if generator is None:
        return ""
    names = list(dict.fromkeys(one.name for one in generator.training.credits if one.name))
    told = [_("The model is under %(licence)s.") % {"licence": generator.licence}]
    if len(names) > NAMED + 1:
        some = {"names": "; ".join(names[:NAMED]), "n": len(names) - NAMED}
        told.append(_("It learned from pictures of: %(names)s, and %(n)s more whom the about page names.") % some)
    elif names:
        told.append(_("It learned from pictures of: %(names)s.") % {"names": "; ".join(names)})
    return " ".join(told)


def references(texts: dict[str, Any]) -> list[dict[str, str]]:
    """Where the caption's general facts were read; each source once."""
    known = facts() if texts.get("facts") else {}
    used = (known[identity] for identity in texts.get("facts", []) if identity in known)
    return [{"title": title, "href": href} for href, title in {link(fact): fact.title for fact in used}.items()]


def link(fact: Fact) -> str:
    """A fact's source as an address: a DOI goes through its resolver."""
    return fact.source if fact.source.startswith(("http://", "https://")) else f"https://doi.org/{fact.source}"
