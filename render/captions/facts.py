"""The reviewed facts: our sentence, its source, and the passage that was read there.

One file a theme in ``reviewed/``, in English; ``reviewed/pl.toml`` and its like hold the same sentences in the other
languages, by id. Those are the project's own translations: no native speaker has reviewed them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from render.captions.kinds import THEMES, Theme
from render.captions.texts import Language


@dataclass(frozen=True)
class Fact:
    """A sentence about a kind of thing, never about an exhibit."""

    id: str
    topic: str  # a class, or a feature such as bar, ring, dust, edge_on; or what all of the theme are
    text: str
    title: str  # of the source
    source: str  # URL or DOI
    passage: str  # quoted: what was really read
    read: date
    theme: Theme = "galaxies"


def reviewed(name: str) -> str:
    """The file of a theme, or of another language, as it stands."""
    return files("render.captions").joinpath(f"reviewed/{name}.toml").read_text(encoding="utf-8")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(reviewed(name))


@cache
def facts() -> dict[str, Fact]:
    """Every fact by its id, theme after theme, in the files' order."""
    found = (Fact(**entry, theme=theme) for theme in THEMES for entry in _read(theme)["fact"])
    return {fact.id: fact for fact in found}


@cache
def translations(language: Language) -> dict[str, str]:
    """The sentences of another language by the fact's id."""
    return dict(_read(language)["facts"])


def in_language(fact: Fact, language: Language) -> str | None:
    """The fact's sentence; None where it is not translated."""
    return fact.text if language == "en" else translations(language).get(fact.id)


@cache
def about(topic: str, theme: Theme = "galaxies", language: Language = "en") -> tuple[Fact, ...]:
    """The facts about a class or a feature that have a sentence in the language; none for a topic that has not been
    looked up.
    """
    found = (fact for fact in facts().values() if (fact.topic, fact.theme) == (topic, theme))
    return tuple(fact for fact in found if in_language(fact, language) is not None)
