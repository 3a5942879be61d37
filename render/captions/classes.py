"""Which classes a text names: a model that is told of a spiral must not call it an elliptical.

A class counts where it is named as one: "an elliptical galaxy", "a dwarf elliptical". "Its outline is elliptical" and
"no spiral arms" describe a shape and pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from render.captions.kinds import THEMES, Theme
from render.captions.texts import Language
from render.captions.wording import wording

Sought = tuple[re.Pattern[str], frozenset[str]]
"""How a kind is named, and the classes of which it is true."""

ELLIPTICALS, SPIRALS = ("elliptical", "dwarf_elliptical"), ("spiral_early", "spiral_mid", "spiral_late")
_ALONE = r"(?=\s*(?:[.,;:?!)]|$|\b(?:and|or|with|on|against|seen|in|that|which|whose|of|at|before)\b))"
_CALLED = r"(?:^|(?<=[.!?] )|\b(?:an?|the|this|or|dwarf|giant|perhaps|probably)\s+(?:[\w-]+\s+){0,2}?)"
GALAXIES: dict[Language, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (
        (rf"\bellipticals\b|\belliptical (?:[\w-]+ )?galax\w+|{_CALLED}elliptical{_ALONE}", ELLIPTICALS),
        (r"\bdwarfs?\b", ("dwarf_elliptical",)),
        (r"\blenticulars?\b(?! (?:shape|outline|form))", ("lenticular",)),
        (r"\bspirals?\b(?! (?:arms?|patterns?|structures?|shapes?|forms?|features?|lanes?|wisps?)\b)", SPIRALS),
        (rf"\birregulars\b|\birregular (?:[\w-]+ )?galax\w+|{_CALLED}irregular{_ALONE}", ("irregular",)),
        (r"\bearly(?:[- ]type)? spiral", ("spiral_early",)),
        (r"\blate(?:[- ]type)? spiral", ("spiral_late",)),
    ),
    "pl": (
        (r"\bgalakty\w+ (?:\w+ )?eliptyczn\w+|\beliptyczn\w+ galakty\w+", ELLIPTICALS),
        (r"\bkarłowat\w+", ("dwarf_elliptical",)),
        (r"\bgalakty\w+ (?:\w+ )?soczewkowat\w+|\bsoczewkowat\w+ galakty\w+", ("lenticular",)),
        (r"\bgalakty\w+ (?:\w+ )?spiraln\w+|\bspiraln\w+ galakty\w+|\bspiral(?:a|i|ę|ą|e)\b", SPIRALS),
        (r"\bgalakty\w+ (?:\w+ )?nieregularn\w+|\bnieregularn\w+ galakty\w+", ("irregular",)),
        (r"\bspiraln\w+ wczesn\w+|\bwczesn\w+ (?:galakty\w+ )?spiral\w+", ("spiral_early",)),
        (r"\bspiraln\w+ późn\w+|\bpóźn\w+ (?:galakty\w+ )?spiral\w+", ("spiral_late",)),
    ),
    "cs": (
        (r"\beliptick\w+ galaxi\w+|\bgalaxi\w+ eliptick\w+", ELLIPTICALS),
        (r"\btrpaslič\w+", ("dwarf_elliptical",)),
        (r"\b(?:čočkov|lentikulár)\w+ galaxi\w+|\bgalaxi\w+ (?:čočkov|lentikulár)\w+", ("lenticular",)),
        (r"\bspirální\w* galaxi\w+|\bgalaxi\w+ spirální\w*|\bspirál(?:a|y|u|ou|e)\b", SPIRALS),
        (r"\bnepravideln\w+ galaxi\w+|\bgalaxi\w+ nepravideln\w+", ("irregular",)),
        (r"\bran\w{1,3} spirál\w+", ("spiral_early",)),
        (r"\bpozdní\w* spirál\w+", ("spiral_late",)),
    ),
    "ko": (
        (r"타원\s?은하", ELLIPTICALS),
        (r"왜소", ("dwarf_elliptical",)),
        (r"렌즈형?\s?은하", ("lenticular",)),
        (r"나선\s?은하", SPIRALS),
        (r"불규칙\s?은하", ("irregular",)),
        (r"조기형?\s?나선", ("spiral_early",)),
        (r"(?:만기|후기)형?\s?나선", ("spiral_late",)),
    ),
}
WIDER = {
    "marginocephalian": ("ceratopsian",),
    "ornithischian_other": ("ceratopsian", "ornithopod", "thyreophoran", "marginocephalian"),
}
"""Classes that are rightly called by the wider one's name."""
COMMON = frozenset({"galaxy", "star", "moon", "dinosaur_other"})
"""Words that may be in a picture, or are true of all of a theme, whatever its class."""


def wrong_class(text: str, found: str | None, told: frozenset[str], theme: Theme, language: Language) -> str | None:
    """A class that a text names and was not told of, or names without the one that was found; None when it is right.

    found: the class that the text has to name when it names any; told: all that the input names.
    """
    named = list(_named(text, theme, language))
    for words, keys in named:
        if not keys & told:
            return words
    if found is not None and named and not any(found in keys for _, keys in named):
        return named[0][0]
    return None


def _named(text: str, theme: Theme, language: Language) -> Iterator[tuple[str, frozenset[str]]]:
    for pattern, keys in _sought(theme, language):
        if (match := pattern.search(text)) is not None:
            yield match.group(), keys


@cache
def _sought(theme: Theme, language: Language) -> tuple[Sought, ...]:
    if theme == "galaxies":
        return tuple((re.compile(how, re.IGNORECASE), frozenset(keys)) for how, keys in GALAXIES[language])
    names = {key: wording(language).label(key) for key in THEMES[theme] if key not in COMMON}
    return tuple((_label(name), frozenset({key, *WIDER.get(key, ())})) for key, name in names.items())


def _label(name: str) -> re.Pattern[str]:
    """A label with whatever ending a sentence gives its words."""
    stems = [re.escape(re.sub(r"[aáeéiíyýoó]$", "", word)) + r"\w*" for word in name.split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(stems), re.IGNORECASE)
