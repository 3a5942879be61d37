"""The reviewed facts: our sentence, its source, and the passage that was read there."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Fact:
    """A sentence about a kind of galaxy, never about an exhibit."""

    id: str
    topic: str  # a class, or one of bar, ring, dust, edge_on, galaxy
    text: str
    title: str  # of the source
    source: str  # URL or DOI
    passage: str  # quoted: what was really read
    read: date


@cache
def facts() -> dict[str, Fact]:
    """Every fact by its id, in the file's order."""
    document = tomllib.loads(files("render.captions").joinpath("facts.toml").read_text(encoding="utf-8"))
    return {entry["id"]: Fact(**entry) for entry in document["fact"]}


@cache
def about(topic: str) -> tuple[Fact, ...]:
    """The facts about a class or a feature; none for a topic that has not been looked up."""
    return tuple(fact for fact in facts().values() if fact.topic == topic)
