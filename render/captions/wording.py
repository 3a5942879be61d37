"""The wording of a language: whole sentences by purpose, from ``wording/``, with labels set in.

A label (a class, a colour, a share) stands after a colon or in brackets, in its basic form. Nothing is bent to fit and
no sentence is put together from parts, because parts that fit in English break in a language with cases.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from render.captions.texts import Language, Style
from render.captions.words import Choice


class Wording:
    """The sentences of one language."""

    def __init__(self, language: Language) -> None:
        text = files("render.captions").joinpath(f"wording/{language}.toml").read_text(encoding="utf-8")
        self.tables: dict[str, Any] = tomllib.loads(text)
        self.language = language

    def label(self, key: str | None) -> str:
        """A class as it is called; one of another family keeps its own words."""
        if not key:
            return ""
        return str(self.tables["classes"].get(key) or key.replace("_", " "))

    def colour(self, name: str) -> str:
        """A colour of `words.colour` as it is called."""
        return str(self.tables["colours"][name])

    def pick(self, choice: Choice, table: str, name: str, **labels: str) -> str:
        """One of the sentences for a purpose: the same for the same exhibit, on every machine."""
        sentence: str = choice.of(f"{table} {name}", self.tables[table][name])
        return sentence.format(**labels)

    def verdict(self, choice: Choice, style: Style, name: str, **labels: str) -> str:
        """What the classifier says, in the words of a style where it has some of its own."""
        told = self.tables["verdict"]
        options = told.get(style, {}).get(name) or told["plain"][name]
        return str(choice.of(f"verdict {name}", options)).format(**labels)

    def number(self, value: float, places: int) -> str:
        """With the decimal sign of the language."""
        written = f"{value:.{places}f}"
        return written if self.language in ("en", "ko") else written.replace(".", ",")

    def percent(self, share: float) -> str:
        """A probability as a label; never 0 or 100 %, which nothing measured can be."""
        sign = "%" if self.language == "ko" else "\u202f%"
        if share > 0.995:
            return f"> 99{sign}"
        return f"< 1{sign}" if share < 0.005 else f"{100 * share:.0f}{sign}"


@cache
def wording(language: Language) -> Wording:
    """The sentences of a language, read once."""
    return Wording(language)
