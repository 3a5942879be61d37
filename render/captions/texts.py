"""What is known about an exhibit when its texts are written, and the texts themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from render.captions.kinds import Theme, theme_of

ALT_LIMIT = 140
TITLE_LIMIT = 80
DESCRIPTION_LIMIT = 900
CAPTION_LIMIT = 700

Language = Literal["en", "pl", "cs", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "pl", "cs", "ko")
Style = Literal["plain", "poetic", "children"]
STYLES: tuple[Style, ...] = ("plain", "poetic", "children")
Awaits = Literal["key", "server", "budget", "batch"]
"""Why the facts stand in for a model that may still write: the next run asks again."""


@dataclass(frozen=True)
class Observation:
    """One exhibit as the captioner knows it. Everything but the first two may be missing."""

    designation: str  # "NONESUCH 4127"
    id: str  # the recipe's hash: the same exhibit always gets the same words
    asked: str | None = None
    found: str | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, float] = field(default_factory=dict)  # bar, ring, dust, edge_on in 0..1
    measurements: Mapping[str, Any] = field(default_factory=dict)  # as `Measurements.as_dict()` has them
    keyframes: Sequence[str | None] = ()  # of a walk: the classes asked for, in order; empty for an image
    frames: int | None = None  # of a walk, as its film has them
    moves: Literal["walk", "morph", "swirl", "plane"] = "walk"  # of a walk: what its film does, or that it is none
    thing: str = "galaxy"  # one of the collection's things, as gallery.toml calls it
    picture: Callable[[], bytes | None] | None = None  # a JPEG of it, for a model that may see

    def number(self, name: str) -> float | None:
        """A measurement, or None when it was not made or nothing was detected."""
        if self.measurements.get("detected") is False:
            return None
        value = self.measurements.get(name)
        return None if value is None or isinstance(value, bool) else float(value)

    def attribute(self, name: str) -> float:
        """The strength of an attribute; 0 when it was not judged."""
        return float(self.attributes.get(name) or 0.0)

    @property
    def theme(self) -> Theme | None:
        """Told from its classes; a galaxy without any is still one of the galaxies."""
        known = theme_of(self.found, self.asked, *self.keyframes)
        if known is None and not any((self.found, self.asked, *self.keyframes)) and self.thing == "galaxy":
            return "galaxies"
        return known


@dataclass(frozen=True)
class Texts:
    """The words on an exhibit's page: plain text, never markup."""

    title: str
    alt: str  # at most 140 characters, only what is seen
    description: str
    caption: str
    facts: list[str] = field(default_factory=list)  # ids of reviewed facts
    author: str = "facts"  # or the model's name
    language: Language = "en"
    style: Style = "plain"
    awaits: Awaits | None = None  # a model that was asked for has not written yet

    def as_dict(self) -> dict[str, Any]:
        """For the catalogue; what is not awaited is not mentioned."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def never() -> bool:
    """Nobody asks to stop."""
    return False


class Captioner(Protocol):
    """Writes texts."""

    remote: bool  # whether it waits for another machine: then a stop must not wait for it

    def write(self, observations: Sequence[Observation]) -> list[Texts]:
        """Texts for each observation, in order."""

    def each(
        self, observations: Iterable[Observation], stopped: Callable[[], bool] = never
    ) -> Iterator[tuple[Observation, Texts]]:
        """Texts as they are ready, in any order; ends early once `stopped` says so and what is in hand is done."""
