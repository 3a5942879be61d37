"""Whether a text may be shown: nothing in it that was not given, nothing that a page could stumble over.

A text of a model is foreign, and pages escape it wherever it stands. This is the door before that:
what reads like an observation of something real, or like anything but plain words, is not shown at all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from render.captions.classes import wrong_class
from render.captions.kinds import Theme
from render.captions.names import real_name
from render.captions.numerals import numbers
from render.captions.texts import ALT_LIMIT, CAPTION_LIMIT, DESCRIPTION_LIMIT, TITLE_LIMIT, Language

LIMITS = {"title": TITLE_LIMIT, "alt": ALT_LIMIT, "description": DESCRIPTION_LIMIT, "caption": CAPTION_LIMIT}
LONGEST_WORD = 45  # a page on a phone breaks no longer one; the longest of the four languages are shorter

MARKUP = re.compile(
    r"[<>`{}\[\]\\|]|\*\*|__|~~|^#|&[#\w]+;|https?:|www\.|\w+://|\b(?:javascript|data|mailto|tel):|\w@\w|"
    r"\b[\w-]+\.(?-i:[a-z]{2,}|[A-Z]{2,})\b",
    re.IGNORECASE,
)
MEASURED: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:light[- ]?(?:years?|months?|days?|minutes?|seconds?)|years?|centur(?:y|ies)|millenni\w+|decades?|"
        r"[ae]?eons?|(?:kilo|mega|giga)?parsecs?|[kMG]?pc|[MG]yrs?|astronomical units?|kilomet(?:er|re)s?|km|miles?|"
        r"met(?:er|re)s?|tons?|tonnes?|kilogram\w*|kg|redshifts?|solar mass(?:es)?|distant|distances?|"
        r"faraway|far[- ]off|far away|far from (?:here|us|home)|nearby|ancient|primordial|newborn|"
        r"young(?:er|est)?|old(?:er|est)?|recently|long (?:ago|before)|jurassic|cretaceous|triassic|mesozoic)\b",
        re.IGNORECASE,
    ),
    "pl": re.compile(
        r"\b(?:lat(?:a|ach|ami)?|rok(?:u|iem|em|y|ów)?|stuleci\w*|tysiącleci\w*|świetln\w+|(?:kilo|mega)?parsek\w*|"
        r"kilometr\w*|odległ\w+|pradawn\w+|starożytn\w+|"
        r"młod(?:a|y|e|ej|ych|ą|sz\w+)|star(?:a|y|e|ej|ych|ą|sz\w+)|daleko (?:stąd|od nas)|"
        r"przesunięci\w+ ku czerwieni|jurajsk\w+|kredow\w+|triasow\w+)\b",
        re.IGNORECASE,
    ),
    "cs": re.compile(
        r"\b(?:let|letech|rok(?:u|y|ů|em)?|století\w*|tisíciletí\w*|světeln\w+ (?:rok|let)\w*|(?:kilo|mega)?parsek\w*|"
        r"kilometr\w*|vzdálen\w+|dávnověk\w*|pradávn\w+|starobyl\w+|"
        r"mlad(?:á|ý|é|ých|ou|ší\w*)|star(?:á|ý|é|ých|ou|ší\w*)|daleko (?:odtud|odsud|od nás)|"
        r"rud\w+ posuv\w*|jursk\w+|křídov\w+|triasov\w+)\b",
        re.IGNORECASE,
    ),
    "ko": re.compile(
        r"광년|파섹|킬로미터|적색\s?편이|세기|[만억조천백]\s?년|년\s?전|고대의|오래된|오래\s?전|젊은|늙은|머나먼|멀리|먼\s?(?:은하|별|곳|우주)|거리에|쥐라기|백악기|"
        r"트라이아스기"
    ),
}
"""Words of distance, age, size and mass: nothing of the kind was measured."""
TALKING = re.compile(
    r"\b(?:as an ai|language model|system prompt|(?:previous|prior|above|all|these|my|your) instructions?|"
    r"ignore (?:all|the|any|previous)|disregard|you were told|i (?:cannot|can't|am sorry|apologi[sz]e)|i'm sorry|"
    r"click here|subscribe|visit (?:us|our)|"
    r"model językow\w+|jazykov\w+ model\w*|(?:poprzedni\w+|předchoz\w+) (?:instrukcj\w+|polecen\w+|pokyn\w*)|"
    r"kliknij|klikněte)\b|"
    r"언어\s?모델|이전\s?지시|지시를\s?무시|클릭",
    re.IGNORECASE,
)
"""A model that talks to someone instead of describing a picture."""


@dataclass(frozen=True)
class Given:
    """What a text may draw on. text: all words of the input, for names; numbers: the values that were measured.

    found, classes: the class that was found and all that the input names; theme: theirs, None when there is none to
    go by.
    """

    text: str
    numbers: frozenset[Decimal]
    found: str | None = None
    classes: frozenset[str] = frozenset()
    theme: Theme | None = None


def tidy(text: str) -> str:
    """Composed characters, and single spaces for line ends and tabs: what a careful writer would have sent."""
    return re.sub(r"[ \t\r\n\u00a0\u202f]+", " ", unicodedata.normalize("NFC", text)).strip()


def objection(texts: dict[str, str], given: Given, language: Language = "en") -> str | None:
    """Why texts (title, alt, description, caption) cannot be shown, as the end of a sentence; None when they can."""
    for name, limit in LIMITS.items():
        text = texts[name]
        if not text or len(text) > limit:
            return f"its {name} is empty or longer than {limit} characters"
        if (reason := _unreadable(text, language) or _invented(text, given, language)) is not None:
            return f"its {name} {reason}"
    return None


def _unreadable(text: str, language: Language) -> str | None:
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in text):
        return "holds control or direction characters"
    if any(unicodedata.category(c) in ("Mn", "Me", "So", "Sk") or 0xFE00 <= ord(c) <= 0xFE0F for c in text):
        return "holds signs that are no words"
    if MARKUP.search(text) or MARKUP.search(unicodedata.normalize("NFKC", text)):
        return "holds markup or an address"
    if (letter := foreign_letter(text, language)) is not None:
        return f"holds a letter of another script ({letter})"
    if any(len(word) > LONGEST_WORD for word in text.split()):
        return f"holds a word of more than {LONGEST_WORD} letters"
    if TALKING.search(text):
        return "talks to someone instead of describing the picture"
    return None


def foreign_letter(text: str, language: Language) -> str | None:
    """A letter that the language is not written with: a Cyrillic A would hide a name from every list."""
    scripts = ("LATIN", "HANGUL") if language == "ko" else ("LATIN",)
    return next((c for c in text if c.isalpha() and not unicodedata.name(c, "").startswith(scripts)), None)


def _invented(text: str, given: Given, language: Language) -> str | None:
    plain = unicodedata.normalize("NFKC", text)
    if (found := MEASURED["en"].search(plain) or MEASURED[language].search(plain)) is not None:
        return f"tells a distance, an age, a size or a mass ({quoted(found.group())})"
    if (name := real_name(plain, language, given.text)) is not None:
        return f"names something real, or uses a capital in the middle of a sentence ({quoted(name)})"
    kind = given.theme and wrong_class(plain, given.found, given.classes, given.theme, language)
    if kind is not None:
        return f"names a class that was not found, or not beside the one that was ({quoted(kind)})"
    for written, value in numbers(text, language):
        if value is None or value not in given.numbers:
            return f"holds a number that was not given ({quoted(written)})"
    return None


def quoted(text: str) -> str:
    """A few characters of a foreign text, safe for a log: nothing in them moves a cursor or turns a line round."""
    return "".join(c for c in text if c.isprintable())[:40]
