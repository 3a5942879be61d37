"""What would be drawn twice, or never: walks that are one loop, and seeds that end before there are enough exhibits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from render.config.problems import shown
from render.config.settings import Gallery
from render.config.shown import Collection, Walk
from render.config.steering import prompts
from render.recipe import Seeds
from render.weights import MODEL, Card

FAR = 1_000_000_000  # more exhibits than a gallery ever draws
Cards = Sequence[Card | None]
"""The card of each collection's weights; None for weights that are not here, which the renderer complains about."""


def loops(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """The same loop in two tables: it would be one exhibit, and one of the two never made."""
    looks = {one.slug: (one, card, _look(one, card)) for one, card in zip(gallery.collections, cards, strict=True)}
    seen: dict[tuple[Any, ...], tuple[int, Walk]] = {}
    for i, walk in enumerate(gallery.walks, 1):
        if walk.collection not in looks:
            continue
        collection, card, (weights, source, *settings) = looks[walk.collection]
        kind = next(iter(_classes(collection, card)), None)
        points = tuple((key.seed, key.class_name or kind, key.source or source, key.prompt) for key in walk.keyframes)
        larger = collection.upscaler if walk.enlarged else None
        first, other = seen.setdefault((weights, larger, *settings, walk.shape, walk.frames, points), (i, walk))
        if first != i:
            yield (
                f"walk {i}, keyframes: '{walk.slug}' of '{walk.collection}' is the same loop as walk {first}, "
                f"'{other.slug}' of '{other.collection}', and a loop is shown once; change a seed, or take a table out"
            )


def counts(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """Lists of seeds that end before `count` different exhibits: such a plan would never be complete.

    Collections that draw alike share their exhibits: the first one that wants a recipe has it.
    """
    looks = [(one.upscaler, *_look(one, card)) for one, card in zip(gallery.collections, cards, strict=True)]
    ends = {
        look for look, one in zip(looks, gallery.collections, strict=True) if Seeds.parse(one.seeds).at(FAR) is None
    }
    drawn: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {look: set() for look in ends}
    for i, (look, collection, card) in enumerate(zip(looks, gallery.collections, cards, strict=True), 1):
        if look not in ends:
            continue
        taken = drawn[look]
        own = _first(gallery, collection, card, taken)
        if len(own) < collection.count:
            most = f" or ask for at most {len(own)}" if own else ""
            before = " that no collection before it draws" if taken else ""
            yield (
                f"collection {i}, count: {collection.count} exhibits cannot come from the seeds "
                f"{shown(collection.seeds)}, which give only {len(own)} different{before}; write seeds without an end, "
                f"such as '0-',{most}"
            ).rstrip(",")
        drawn[look] |= own


def _look(collection: Collection, card: Card | None) -> tuple[Any, ...]:
    """What all that a collection draws has in common, upscalers aside; weights by their hash, where they are here."""
    default = card.sampling if card else None
    return (
        card.sha256.get(MODEL) if card else collection.weights,
        collection.source or (card.sources[0] if card and card.sources else None),
        collection.sampler or (default and default.sampler),
        collection.steps or (default and default.steps),
        default and default.guidance if collection.guidance is None else collection.guidance,
        None if collection.sketches else _symmetry(collection, card),
        1.0 if collection.truncation is None else collection.truncation,
        collection.layer_noise,
        collection.style_from,
        collection.style_seed,
        collection.negative,
        collection.mask,
    )


def _symmetry(collection: Collection, card: Card | None) -> float | None:
    """What recipes say of it."""
    default = card.sampling.symmetry if card and card.sampling else None
    return (default if collection.symmetry is None else collection.symmetry) or None


def _classes(collection: Collection, card: Card | None) -> list[str]:
    """The classes that a collection draws in turn; none where they are its weights' own and those are not here."""
    if collection.classes == "all":
        return card.classes if card else []
    return collection.classes


def _first(
    gallery: Gallery, collection: Collection, card: Card | None, taken: set[tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    """The first `count` different exhibits of a collection that nobody has taken, in the order of its plan: each its
    seed, class, sketch, strength and prompt.
    """
    seeds = Seeds.parse(collection.seeds)
    classes = _classes(collection, card)
    there = collection.sketches is not None and (gallery.folder / collection.sketches).is_dir()
    drawings = gallery.sketches_of(collection) if there else []
    told = prompts(gallery, collection)
    series: list[float | None] = [*collection.strengths] or [None]
    found: set[tuple[Any, ...]] = set()
    for ordinal in itertools.count():
        place, step = divmod(ordinal, len(series))
        seed = seeds.at(place)
        if seed is None or len(found) == collection.count:
            break
        kind = classes[place % len(classes)] if classes else None
        turn = place // collection.variations
        sketch = drawings[turn % len(drawings)] if drawings else None
        prompt = told[turn % len(told)] if told else None
        strength = series[step] if drawings else None
        if (exhibit := (seed, kind, sketch, strength, prompt)) not in taken:
            found.add(exhibit)
    return found
