"""A site no larger than was allowed: ``bake.max_size`` and ``bake.max_files``.

The bake leaves out what is missed least, in this order: GIFs (every browser that shows them plays the films), previews
of single exhibits, the widest pictures and then the next ones, the static API with its numbered pictures, and at last a
page for each exhibit: then a hundred share one, and their permalinks lead there (`404.html`). The smallest picture of
every exhibit, the JPEG, texts and evidence always stay. The site is weighed when all of it is made and
nothing of it stands yet: what does not fit is thrown away and made anew with less. How far it had to go is remembered
for the next bake.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from render.bake.source import Cut, Source
from render.config import Gallery
from render.config.values import size_of
from render.errors import NonesuchError

FILE = "budget"


class Over(Exception):
    """The site that was just made weighs more than it may."""

    def __init__(self, weight: Weight) -> None:
        super().__init__(weight)
        self.weight = weight


@dataclass(frozen=True)
class Weight:
    """Of a site, as hosts count it: a file with two names counts twice."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.files + other.files, self.bytes + other.bytes)


@dataclass(frozen=True)
class Choice:
    """One way to bake a gallery. said: what is left out, in words."""

    said: tuple[str, ...] = ()
    cut: Cut = field(default_factory=Cut)
    previews: bool = True
    api: bool = True
    sheets: bool = False

    def of(self, gallery: Gallery) -> Gallery:
        """The gallery, baked so."""
        bake = gallery.bake
        previews = bake.previews if self.previews or bake.previews != "all" else "home"
        return gallery.model_copy(
            update={"bake": bake.model_copy(update={"previews": previews, "api": bake.api and self.api})}
        )


class Budget:
    """What a gallery's site may weigh, and the ways to keep to it, from the whole site to the least."""

    def __init__(self, gallery: Gallery, state: Path) -> None:
        self._gallery = gallery
        self._bytes = None if gallery.bake.max_size is None else size_of(gallery.bake.max_size)
        self._files = gallery.bake.max_files
        self._state = state / FILE
        self._shown = 0
        self.choices = [Choice()]

    @property
    def unlimited(self) -> bool:
        """Whether there is nothing to keep."""
        return self._bytes is None and self._files is None

    def look(self, source: Source) -> int:
        """Find the choices that this gallery has, and which of them to begin with: the last bake's, as long as the
        budget is the same and the gallery has not become smaller.
        """
        self.choices = list(_choices(self._gallery, source.widths()))
        self._shown = source.shown()
        with suppress(OSError, ValueError):
            place, shown, asked = self._state.read_text(encoding="utf-8").split(" ", 2)
            if asked == self._asked and int(shown) <= self._shown:
                return min(max(0, int(place)), len(self.choices) - 1)
        return 0

    def remember(self, place: int) -> None:
        """Begin with this choice next time."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._state.write_text(f"{place} {self._shown} {self._asked}", encoding="utf-8")

    @property
    def _asked(self) -> str:
        return f"{self._bytes} {self._files}"

    def fits(self, weight: Weight) -> bool:
        """Whether a site may weigh so much."""
        return (self._bytes is None or weight.bytes <= self._bytes) and (
            self._files is None or weight.files <= self._files
        )

    def refusal(self, least: Weight) -> NonesuchError:
        """The least does not fit."""
        wrong = []
        if self._bytes is not None and least.bytes > self._bytes:
            wrong.append(f"bake.max_size = '{self._gallery.bake.max_size}' ({spoken(least.bytes)} is the least)")
        if self._files is not None and least.files > self._files:
            wrong.append(f"bake.max_files = {self._files} ({least.files} is the least)")
        return NonesuchError(
            f"this gallery cannot keep {' and '.join(wrong)}: allow more, or show fewer exhibits. Nothing was changed."
        )

    def told(self, choice: Choice) -> str:
        """What a choice leaves out, as a sentence without its full stop; empty where it leaves out nothing."""
        left = " and ".join(part for part in (", ".join(choice.said[:-1]), *choice.said[-1:]) if part)
        return f"to keep to {self.allowed}, the site does without {left}" if left else ""

    @cached_property
    def allowed(self) -> str:
        """The budget in words."""
        parts = [] if self._bytes is None else [spoken(self._bytes)]
        return " and ".join(parts + ([] if self._files is None else [f"{self._files} files"]))


def spoken(count: int) -> str:
    """Bytes as a person reads them, never fewer than there are."""
    return f"{-(-count // 100_000) / 10:.1f} MB"


def _choices(gallery: Gallery, widths: list[int]) -> Iterator[Choice]:
    said: list[str] = []
    choice = Choice()
    yield choice
    if gallery.store.media_url is None:
        said.append("GIFs of walks")
        yield (choice := Choice(tuple(said), Cut(gifs=True)))
    if gallery.bake.previews == "all":
        said.append("previews of single exhibits")
        yield (choice := Choice(tuple(said), choice.cut, previews=False))
    if gallery.store.media_url is None:
        for width in sorted(widths, reverse=True)[:-1]:
            narrower = max(one for one in widths if one < width)
            told = (*said, f"pictures wider than {narrower} pixels")
            yield (choice := Choice(told, Cut(gifs=True, widest=narrower), previews=choice.previews))
    if gallery.bake.api:
        said = [*choice.said, "the API with its numbered pictures"]
        yield (choice := Choice(tuple(said), choice.cut, choice.previews, api=False))
    told = (*choice.said, "a page for each exhibit (a hundred share one)")
    yield replace(choice, said=told, cut=choice.cut._replace(neighbours=True), sheets=True)
