"""Classes, colours, shapes and doubt in words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from render.captions.texts import Observation

NOUNS = {
    "elliptical": "elliptical galaxy",
    "lenticular": "lenticular galaxy",
    "spiral_early": "early spiral",
    "spiral_mid": "spiral galaxy",
    "spiral_late": "late spiral",
    "irregular": "irregular galaxy",
    "dwarf_elliptical": "dwarf elliptical",
}
SPIRALS = frozenset({"spiral_early", "spiral_mid", "spiral_late"})
DISCS = SPIRALS | {"lenticular"}
SURE, LIKELY, HALF = 0.85, 0.6, 0.4  # probability from which a class is named plainly, probably, perhaps
SEEN, HINTED = 0.7, 0.45  # strength from which a feature is named plainly, or as "perhaps"


def noun(key: str | None) -> str:
    """The class as a reader says it; an unknown one keeps its own words."""
    return NOUNS.get(key, key.replace("_", " ")) if key else "galaxy"


def article(phrase: str) -> str:
    """`a late spiral`, `an irregular galaxy`: every noun here begins as it sounds."""
    return f"{'an' if phrase[:1].lower() in 'aeiou' else 'a'} {phrase}"


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def percent(share: float) -> str:
    """A probability in words of a label; never 0 or 100 %, which nothing measured can be."""
    if share > 0.995:
        return "more than 99\u202f%"
    return "less than 1\u202f%" if share < 0.005 else f"{100 * share:.0f}\u202f%"


class Choice:
    """Picks wordings for one exhibit: the same id and purpose always pick the same, on every machine."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def index(self, purpose: str, count: int) -> int:
        """A number below ``count``."""
        digest = hashlib.sha256(f"{self._identity}/{purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % count

    def of(self, purpose: str, options: Sequence[str]) -> str:
        """One of the options."""
        return options[self.index(purpose, len(options))]


def colour(value: float | None) -> str | None:
    """A red-blue index (magnitudes, 0 = neutral) as the eye would call it."""
    if value is None:
        return None
    bounds = ((-0.45, "blue"), (-0.15, "bluish white"), (0.1, "white"), (0.25, "cream"), (0.6, "yellow"))
    return next((name for bound, name in bounds if value < bound), "orange")


def outline(axis_ratio: float | None) -> str | None:
    """How round the picture's object is."""
    if axis_ratio is None:
        return None
    bounds = ((0.25, "needle-thin"), (0.42, "long and narrow"), (0.62, "elongated"), (0.82, "oval"))
    return next((name for bound, name in bounds if axis_ratio < bound), "nearly round")


def extent(radius: float | None) -> str | None:
    """How much of the frame the inner half of the light takes."""
    if radius is None:
        return None
    return "small in its frame" if radius < 0.17 else "filling much of the frame" if radius > 0.26 else None


def direction(angle: float | None, axis_ratio: float | None) -> str | None:
    """Which way it lies; None where it is too round to tell. Angles counter-clockwise from the horizontal."""
    if angle is None or axis_ratio is None or axis_ratio >= 0.82:
        return None
    names = ("level", "rising to the right", "upright", "rising to the left")
    return names[round(angle / 45) % 4]


def probability(observation: Observation) -> float | None:
    """Of the class that was found."""
    return observation.probabilities.get(observation.found) if observation.found else None


def runner_up(observation: Observation) -> tuple[str, float] | None:
    """The next likely class, where it is worth a word."""
    others = [(p, key) for key, p in observation.probabilities.items() if key != observation.found]
    if not others or max(others)[0] < 0.15:
        return None
    share, key = max(others)
    return key, share
