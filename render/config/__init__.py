"""``gallery.toml`` and ``gallery.lock``. Nothing later in the program reads TOML of a gallery.

`load_gallery` lists every problem at once, each with its key, what was expected and the nearest valid name, and nothing
is written before a gallery has loaded.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from render.config.lock import Lock, check_weights, pin_weights, read_lock
from render.config.problems import nearest, sentences
from render.config.settings import Collection, Gallery, Keyframe, Walk
from render.errors import NonesuchError, UsageError
from render.weights import Card, find_weights, load_card

GALLERY = "gallery.toml"

__all__ = [
    "GALLERY",
    "Collection",
    "Gallery",
    "Keyframe",
    "Lock",
    "Walk",
    "check_weights",
    "load_gallery",
    "parse_gallery",
    "pin_weights",
    "read_lock",
    "seeds_available",
]


def load_gallery(path: Path) -> Gallery:
    """The gallery in a folder, or of a ``gallery.toml``.

    Raises UsageError that lists every problem; nothing was written.
    """
    file = path / GALLERY if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no {file}: make a gallery with `nonesuch new {file.parent}`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None
    return parse_gallery(text, file)


def parse_gallery(text: str, file: Path) -> Gallery:
    """A gallery from the text of `file`, whose folder is where its relative paths start."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}.") from None
    try:
        gallery = Gallery.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, sentences(error, Gallery)) from None
    gallery._folder = file.parent.resolve()
    problems = [*_slugs(gallery), *_counts(gallery), *_sketches(gallery), *_walks(gallery), *_weights(gallery)]
    if problems:
        raise _refusal(file, problems)
    return gallery


def seeds_available(seeds: str) -> int | None:
    """How many seeds a collection's ``seeds`` has; None when it has no end."""
    total = 0
    for part in seeds.split(","):
        first, dash, last = part.partition("-")
        if dash and not last:
            return None
        total += int(last or first) - int(first) + 1
    return total


def _refusal(file: Path, problems: list[str]) -> UsageError:
    if len(problems) == 1:
        return UsageError(f"{file}: {problems[0]}.")
    listed = "".join(f"\n  {problem}" for problem in problems)
    return UsageError(f"{file} has {len(problems)} problems:{listed}")


def _slugs(gallery: Gallery) -> Iterator[str]:
    seen: dict[str, int] = {}
    for i, collection in enumerate(gallery.collections, 1):
        first = seen.setdefault(collection.slug, i)
        if first != i:
            yield f"collection {i}, slug: '{collection.slug}' is already the slug of collection {first}"
    walks: dict[tuple[str, str], int] = {}
    for i, walk in enumerate(gallery.walks, 1):
        first = walks.setdefault((walk.collection, walk.slug), i)
        if first != i:
            yield f"walk {i}, slug: '{walk.slug}' is already the slug of walk {first}"


def _counts(gallery: Gallery) -> Iterator[str]:
    for i, collection in enumerate(gallery.collections, 1):
        available = seeds_available(collection.seeds)
        if available is not None and collection.count > available:
            yield (
                f"collection {i}, count: {collection.count} exhibits cannot come from the {available} seeds of "
                f"'{collection.seeds}'; end seeds with a hyphen ('{collection.seeds.split(',')[0].split('-')[0]}-') "
                f"or ask for at most {available}"
            )


def _sketches(gallery: Gallery) -> Iterator[str]:
    for i, collection in enumerate(gallery.collections, 1):
        if collection.sketches is None:
            continue
        folder = gallery.folder / collection.sketches
        if not folder.is_dir():
            siblings = sorted(p.name for p in folder.parent.iterdir() if p.is_dir()) if folder.parent.is_dir() else []
            close = difflib.get_close_matches(folder.name, siblings, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "make it, or leave the setting out"
            yield f"collection {i}, sketches: there is no folder '{collection.sketches}'; {hint}"
        elif not gallery.sketches_of(collection):
            yield f"collection {i}, sketches: the folder '{collection.sketches}' holds no PNG or JPEG file"


def _walks(gallery: Gallery) -> Iterator[str]:
    slugs = [collection.slug for collection in gallery.collections]
    for i, walk in enumerate(gallery.walks, 1):
        if walk.collection not in slugs:
            yield f"walk {i}, collection: there is no collection '{walk.collection}'; {nearest(walk.collection, slugs)}"
        if walk.path == "great-circle" and len(walk.keyframes) != 2:
            yield f"walk {i}, path: a great circle has 2 keyframes, not {len(walk.keyframes)}; take 'spline'"
        if walk.path == "spline" and len(walk.keyframes) < 3:
            yield f"walk {i}, path: a spline has 3 keyframes or more, not {len(walk.keyframes)}; take 'great-circle'"


def _weights(gallery: Gallery) -> Iterator[str]:
    """Classes and sources that the weights do not know; weights that are not here are the renderer's complaint."""
    cards = {collection.slug: _card(gallery, collection) for collection in gallery.collections}
    for i, collection in enumerate(gallery.collections, 1):
        asked = [] if collection.classes == "all" else collection.classes
        place = f"collection {i}"
        if collection.classes == []:
            yield f'{place}, classes: the list is empty; name some, or write "all"'
        yield from _known(cards[collection.slug], asked, [collection.source], place)
    for i, walk in enumerate(gallery.walks, 1):
        classes = [key.class_name for key in walk.keyframes if key.class_name]
        yield from _known(cards.get(walk.collection), classes, [key.source for key in walk.keyframes], f"walk {i}")


def _card(gallery: Gallery, collection: Collection) -> Card | None:
    try:
        return load_card(find_weights(collection.weights, gallery.folder))
    except NonesuchError:
        return None


def _known(card: Card | None, classes: list[str], sources: list[str | None], place: str) -> Iterator[str]:
    if card is None:
        return
    for name in dict.fromkeys(classes):
        if card.classes and name not in card.classes:
            yield f"{place}: the weights '{card.name}' know no class '{name}'; {nearest(name, card.classes)}"
    for source in dict.fromkeys(sources):
        if source is not None and card.sources and source not in card.sources:
            yield f"{place}: the weights '{card.name}' know no source '{source}'; {nearest(source, card.sources)}"
