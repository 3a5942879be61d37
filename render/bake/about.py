"""The about page: what the cards of the weights say, in words for a museum's wall."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from render.bake.outputs import digest
from render.bake.words import percent
from render.config import Gallery
from render.errors import NonesuchError
from render.weights import Card, Credit, find_weights, load_card

ROLES = {
    "classifier": "Names the class of every picture, with probabilities calibrated on real galaxies.",
    "copydetector": "Looks for each picture's nearest real galaxies, and for copies.",
}
FIGURES = {
    "accuracy": "Classifier, accuracy on real galaxies",
    "balanced_accuracy": "Classifier, balanced over the classes",
    "calibration_error": "Classifier, calibration error",
}


class Cards:
    """The cards that a gallery's weights carry. Weights that are not here are left out: bake needs no weights."""

    def __init__(self, gallery: Gallery) -> None:
        names = [collection.weights for collection in gallery.collections]
        self.generators = [card for name in dict.fromkeys(names) if (card := _card(name, gallery))]
        self.classifier = _card(gallery.classify.weights, gallery)
        self.detector = _card(gallery.evidence.weights, gallery)

    @property
    def key(self) -> bytes:
        """Changes when anything does that a card says."""
        return digest(*(card.model_dump_json() for card in self.all()))

    def all(self) -> list[Card]:
        """Every card, each once, the generators first."""
        return [*self.generators, *(card for card in (self.classifier, self.detector) if card)]


def about_context(gallery: Gallery, cards: Cards, licence: str) -> dict[str, Any]:
    """The variables of ``about.html``."""
    many = ", ".join(collection.many for collection in gallery.collections)
    by = f" Made by {gallery.about.author}." if gallery.about.author else ""
    return {
        "lead": f"{gallery.about.title} shows {many} that were never observed, and says how it knows.{by}",
        "models": [_model(card) for card in cards.all()],
        "figures": [],
        "credits": credits(cards.all()),
        "licence": licence,
    }


def credits(cards: list[Card]) -> list[dict[str, str]]:
    """Whose pictures the networks learned from; someone named by several cards is named once."""
    seen: dict[tuple[str, str], Credit] = {}
    for card in cards:
        for credit in card.training.credits:
            seen.setdefault((credit.name, credit.text), credit)
    return [
        {
            "name": one.name,
            "text": one.text,
            "licence": one.licence,
            "url": web(one.url),
            "host": urlsplit(one.url).netloc,
        }
        for one in seen.values()
    ]


def web(url: str) -> str:
    """The address if it is one that a page may link to; a card from elsewhere could name any scheme."""
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _model(card: Card) -> dict[str, Any]:
    training = card.training
    facts = [("Parameters", f"{card.parameters:,}"), ("Size", f"{card.size}\u202f×\u202f{card.size}\u202fpx")]
    if training.data:
        facts.append(("Trained on", training.data))
    if training.pictures:
        facts.append(("Real pictures", f"{training.pictures:,}"))
    if training.seconds:
        where = f" on {training.device}" if training.device else ""
        facts.append(("Training", _duration(training.seconds) + where))
    figures = ((label, card.quality.get(key)) for key, label in FIGURES.items())
    facts += [(label, percent(value)) for label, value in figures if isinstance(value, float)]
    facts.append(("Licence of the weights", card.licence))
    return {
        "title": card.title or card.name,
        "role": ROLES.get(card.family, f"Draws the pictures, from random numbers and a class ({card.family})."),
        "facts": facts,
    }


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


def _card(reference: str, gallery: Gallery) -> Card | None:
    try:
        return load_card(find_weights(reference, gallery.folder))
    except NonesuchError:
        return None
