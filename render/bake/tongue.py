"""The language of the site's own words: gettext's catalogues in ``templates/locale``, read by Babel at bake time.

English is the source: its messages are the catalogues' keys, so English needs neither a catalogue nor Babel. A message
that a catalogue lacks stands in English. Texts of exhibits are another thing: the captioner writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from render.captions.texts import Language
from render.resources import resource

if TYPE_CHECKING:
    from babel.messages import Catalog, Message

SOURCE: Language = "en"
NAMES = {"en": "English", "pl": "polski", "cs": "čeština", "ko": "한국어"}
"""What each language calls itself."""
UNREVIEWED = {
    "pl": "Tego tłumaczenia nie przejrzała jeszcze osoba, dla której polski jest językiem ojczystym.",
    "cs": "Tento překlad zatím nezkontroloval rodilý mluvčí.",
    "ko": "이 번역은 아직 원어민의 검토를 받지 않았습니다.",
}
"""What stands at the foot of every page in a language whose catalogue no native speaker has read."""
FORMS = {"pl": ("one", "few", "many"), "cs": ("one", "few", "other"), "ko": ("other",)}
"""CLDR's names of the plural forms, in the order in which a catalogue has them."""
SCRIPTS = "site/src/"
PARTS = {
    "compare.ts": ("compare",),
    "draw/": ("draw", "cross"),
    "draw/again.ts": ("exhibit",),
    "draw/engine.ts": ("draw", "cross", "exhibit"),
    "draw/model.ts": ("draw", "cross", "exhibit"),
    "filters.ts": ("gallery", "sky"),
    "guess/": ("guess",),
    "listen.ts": ("exhibit",),
    "near/": ("draw", "exhibit"),
    "search.ts": ("search",),
    "sieve.ts": ("gallery",),
    "sky/": ("sky",),
    "tools.ts": ("exhibit",),
    "turn/": ("exhibit",),
    "wallpaper.ts": ("exhibit",),
    "walks.ts": ("walks", "exhibit", "lab"),
}
"""The kinds of pages that run a script, by its file or folder; any other script may run on every page."""


class Tongue:
    """A language other than English."""

    def __init__(self, language: Language) -> None:
        from babel.messages.pofile import read_po

        self.language = language
        with file_of(language).open("rb") as file:
            self._catalogue: Catalog = read_po(file, locale=language)
        self._said = {one.id: one.string for one in self._catalogue if one.id and not one.fuzzy}
        self.scripts = cache(self._scripts)

    def said(self, message: str) -> str:
        """The message in this language."""
        found = self._said.get(message)
        return found if isinstance(found, str) and found else message

    def forms(self, one: str, many: str) -> Sequence[str]:
        """The plural forms of a message, in the catalogue's order."""
        found = self._said.get((one, many))
        return found if isinstance(found, tuple | list) and all(found) else [many] * len(FORMS[self.language])

    def place(self, count: int) -> int:
        """Which of the forms a count takes."""
        from babel import Locale

        return FORMS[self.language].index(Locale(self.language).plural_form(count))

    def _scripts(self, kind: str) -> str:
        """What the scripts of a kind of page say, as JSON: a text, or the forms of a plural by CLDR's names."""
        told = {}
        for message in self._catalogue:
            if any(_runs(file, kind) for file, _ in message.locations):
                told.update(_told(message, FORMS[self.language]))
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _runs(file: str, kind: str) -> bool:
    if not file.startswith(SCRIPTS):
        return False
    name = file.removeprefix(SCRIPTS)
    part = max((part for part in PARTS if name.startswith(part)), key=len, default="")
    return not part or kind in PARTS[part]


def _told(message: Message, forms: Sequence[str]) -> dict[str, Any]:
    if isinstance(message.id, str) or isinstance(message.string, str | None):
        return {str(message.id): message.string} if message.string else {}
    return {message.id[0]: dict(zip(forms, message.string, strict=True))} if all(message.string) else {}


def file_of(language: str) -> Path:
    """A language's catalogue."""
    return resource("templates") / "locale" / f"{language}.po"


def words_key(language: Language) -> bytes:
    """Changes with the catalogue of a language; empty for English, which has none."""
    return b"" if language == SOURCE else file_of(language).read_bytes()


@cache
def tongue(language: Language) -> Tongue | None:
    """A language with its catalogue, read once; None for English."""
    return None if language == SOURCE else Tongue(language)


class Voice(NamedTuple):
    """How words are said. retold: whether the texts of exhibits are in that language, too, where they can be.

    On the site's first pages they are in the language that the maker chose for them (``captions.language``).
    sheets: whether exhibits share pages, a hundred to each.
    """

    language: Language = SOURCE
    retold: bool = False
    sheets: bool = False
    tongue: Tongue | None = None


_PLAIN = Voice()
_NOW: ContextVar[Voice] = ContextVar("voice", default=_PLAIN)


@contextmanager
def speaking(language: Language, retold: bool = False, sheets: bool = False) -> Iterator[None]:
    """Meanwhile, words are in that language."""
    token = _NOW.set(Voice(language, retold, sheets, tongue(language)))
    try:
        yield
    finally:
        _NOW.reset(token)


def voice() -> Voice:
    """How words are said now."""
    return _NOW.get()


def spoken() -> Language:
    """The language that words are in now."""
    return _NOW.get().language


def _(message: str) -> str:
    """A message in the language that is spoken."""
    now = _NOW.get().tongue
    return now.said(message) if now else message


def N_(message: str) -> str:
    """Marks a message that is said later."""
    return message


def ngettext(one: str, many: str, count: int) -> str:
    """A message in the form that the count takes; the count is not set into it."""
    now = _NOW.get().tongue
    if now is None:
        return one if count == 1 else many
    return now.forms(one, many)[now.place(count)]


def number(count: int) -> str:
    """A whole number, its digits in groups."""
    now = _NOW.get().tongue
    if now is None:
        return f"{count:,}"
    from babel.numbers import format_decimal

    return format_decimal(count, locale=now.language)


def decimal(value: float, digits: int) -> str:
    """A number with so many digits after the sign that the language has for that."""
    now = _NOW.get().tongue
    if now is None:
        return f"{value:.{digits}f}"
    from babel.numbers import format_decimal

    return format_decimal(round(value, digits), format=f"0.{'0' * digits}" if digits else "0", locale=now.language)


def per_cent(share: float) -> str:
    """A share as whole per cent."""
    now = _NOW.get().tongue
    if now is None:
        return f"{100 * share:.0f}\u202f%"
    from babel.numbers import format_percent

    return format_percent(share, locale=now.language)


def day(iso: str) -> str:
    """A date of the form 2026-11-21, as the language writes it; as it is in English and where it is none."""
    now = _NOW.get().tongue
    try:
        if now is None:
            return iso
        from babel.dates import format_date

        return format_date(date.fromisoformat(iso), "long", locale=now.language)
    except ValueError:
        return iso
