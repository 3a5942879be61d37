"""What is known about an exhibit when its texts are written, and the texts themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

ALT_LIMIT = 140
TITLE_LIMIT = 80
DESCRIPTION_LIMIT = 900
CAPTION_LIMIT = 700


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
    frames: int | None = None  # of a walk

    def number(self, name: str) -> float | None:
        """A measurement, or None when it was not made or nothing was detected."""
        if self.measurements.get("detected") is False:
            return None
        value = self.measurements.get(name)
        return None if value is None or isinstance(value, bool) else float(value)

    def attribute(self, name: str) -> float:
        """The strength of an attribute; 0 when it was not judged."""
        return float(self.attributes.get(name) or 0.0)


@dataclass(frozen=True)
class Texts:
    """The words on an exhibit's page: plain text, never markup."""

    title: str
    alt: str  # at most 140 characters, only what is seen
    description: str
    caption: str
    facts: list[str] = field(default_factory=list)  # ids in facts.toml
    author: str = "facts"  # or the model's name

    def as_dict(self) -> dict[str, Any]:
        """For the catalogue."""
        return asdict(self)


class Captioner(Protocol):
    """Writes texts, one for each observation, in their order."""

    remote: bool  # whether it waits for another machine: then a stop must not wait for it

    def write(self, observations: Sequence[Observation]) -> list[Texts]: ...
