"""The plan: the recipes that a gallery wants, less those that the catalogue has.

A collection is an endless, deterministic sequence: its n-th exhibit (its *ordinal*, from 0) has the n-th seed, the
n-th class in turn and the n-th sketch in turn; where a sketch is drawn with a series of strengths, these come one after
the other with the same seed, class and sketch. `count` is how many of them are *shown*: ordinals whose exhibit is a
near-copy, failed or was removed are passed over, and further ones are drawn. An ordinal that was once made keeps its
exhibit, whatever the settings say later; one whose files were lost is made again from the same recipe, before any
further one is drawn and however many there are. A walk is one
that the gallery names: when its recipe has changed, the new version is made, and a film of another speed is made anew.
So a plan is a pure function of gallery and catalogue, and a run that was killed goes on where it was.

Nothing here imports torch: an empty plan must be found in no time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from render.catalogue import Known, State
from render.config import Collection, Gallery, check_weights
from render.config import Walk as WalkSettings
from render.errors import NonesuchError
from render.generators import ALGORITHMS, STRENGTHS
from render.recipe import LARGEST_SEED, Keyframe, Kind, Recipe, Seeds, Walk
from render.weights import Card, find_weights, load_card, weights_hash


@dataclass(frozen=True, slots=True)
class Item:
    """An exhibit to be made. slug, fps: a walk's; again: the exhibit is there, and only its files are made anew."""

    collection: str
    ordinal: int
    recipe: Recipe
    fps: int = 24
    slug: str | None = None
    again: bool = False

    def as_json(self) -> dict[str, Any]:
        recipe = json.loads(self.recipe.canonical())
        plain = {"collection": self.collection, "ordinal": self.ordinal, "id": self.recipe.id, "recipe": recipe}
        return plain | ({"slug": self.slug, "fps": self.fps} if self.recipe.walk else {})


@dataclass(frozen=True)
class Source:
    """A collection with what its recipes are made of."""

    settings: Collection
    card: Card
    folder: Path
    sha256: str
    sketches: tuple[str, ...] = ()

    @classmethod
    def of(cls, gallery: Gallery, settings: Collection) -> Source:
        folder = find_weights(settings.weights, gallery.folder)
        drawings = tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in gallery.sketches_of(settings))
        return cls(settings, load_card(folder), folder, weights_hash(folder), drawings)

    @cached_property
    def _seeds(self) -> Seeds:
        return Seeds.parse(self.settings.seeds)

    @cached_property
    def _series(self) -> tuple[float | None, ...]:
        """The strengths that every drawing is drawn with, in a row; one nothing where there are no drawings."""
        if not self.sketches:
            return (None,)
        return tuple(self.settings.strengths) or (STRENGTHS.get(self.card.family),)

    def recipe(self, ordinal: int) -> Recipe | None:
        """The recipe at an ordinal; None where the collection's seeds have come to an end."""
        place, step = divmod(ordinal, len(self._series))
        seed = self._seeds.at(place)
        if seed is None:
            return None
        classes = self.card.classes if self.settings.classes == "all" else self.settings.classes
        sketch = self.sketches[place % len(self.sketches)] if self.sketches else None
        name = classes[place % len(classes)] if classes else None
        return self._recipe("image", seed, name, self._source(), sketch=sketch, strength=self._series[step])

    def walk(self, walk: WalkSettings) -> Recipe:
        """The recipe of a walk; what its keyframes leave open is the collection's."""
        classes = self.card.classes if self.settings.classes == "all" else self.settings.classes
        first = classes[0] if classes else None
        keyframes = tuple(Keyframe(k.seed, k.class_name or first, k.source or self._source()) for k in walk.keyframes)
        loop = Walk(walk.shape, walk.frames, keyframes)
        start = keyframes[0]
        return self._recipe("walk", start.seed, start.class_name, start.source, walk=loop)

    def _source(self) -> str | None:
        return self.settings.source or (self.card.sources[0] if self.card.sources else None)

    def _recipe(self, kind: Kind, seed: int, class_name: str | None, source: str | None, **more: Any) -> Recipe:
        default = self.card.sampling
        if default is None:
            raise NonesuchError(f"the weights '{self.card.name}' make no pictures: their card has no [sampling].")
        chosen = self.settings
        return Recipe(
            kind=kind,
            family=self.card.family,
            weights=self.sha256,
            algorithm=ALGORITHMS.get(self.card.family, 1),
            seed=seed,
            sampler=chosen.sampler or default.sampler,
            steps=chosen.steps or default.steps,
            guidance=default.guidance if chosen.guidance is None else chosen.guidance,
            class_name=class_name,
            source=source,
            size=self.card.size,
            **self._styles(seed),
            **more,
        )

    def _styles(self, seed: int) -> dict[str, Any]:
        """What only StyleGAN2's recipes say; nothing where the settings leave all as it is."""
        chosen = self.settings
        styles: dict[str, Any] = {}
        if chosen.truncation not in (None, 1.0):
            styles["truncation"] = chosen.truncation
        if chosen.layer_noise == "seed":
            styles["layer_noise"] = "seed"
        if chosen.style_from is not None:
            other = LARGEST_SEED - seed if chosen.style_seed is None else chosen.style_seed
            styles |= {"style_from": chosen.style_from, "style_seed": other}
        return styles


def sources(gallery: Gallery) -> dict[str, Source]:
    """Every collection's source, by slug; refuses weights that are not those of ``gallery.lock``."""
    found = {settings.slug: Source.of(gallery, settings) for settings in gallery.collections}
    check_weights(gallery.folder, pinned(found))
    return found


def pinned(found: Mapping[str, Source]) -> dict[str, str]:
    """What ``gallery.lock`` keeps: the weights' sha256 by their name in ``gallery.toml``."""
    return {source.settings.weights: source.sha256 for source in found.values()}


def make_plan(gallery: Gallery, found: Mapping[str, Source], known: Iterable[Known]) -> list[Item]:
    """What is left to make: of every collection lost images, then further ones in order of ordinal; then walks in the
    file's order.
    """
    have = list(known)
    ids = {one.id for one in have}
    images = [item for source in found.values() for item in _images(source, have, ids)]
    walks = [item for source in found.values() for item in _walks(gallery, source, have)]
    return images + walks


def wanted_walks(gallery: Gallery, source: Source, known: Iterable[Known]) -> dict[str, tuple[WalkSettings, Recipe]]:
    """The walks that a collection is to show, by recipe id: those of the file, less those that were taken off.

    What was taken off stays off: its name in its collection, whatever its table says later, and its loop in all.
    """
    slug = source.settings.slug
    off = [one for one in known if (one.kind, one.state) == ("walk", "removed")]
    names, ids = {one.slug for one in off if one.collection == slug}, {one.id for one in off}
    wanted: dict[str, tuple[WalkSettings, Recipe]] = {}
    for walk in gallery.walks_of(slug):
        recipe = source.walk(walk)
        if walk.slug not in names and recipe.id not in ids:
            wanted[recipe.id] = (walk, recipe)
    return wanted


def moved(gallery: Gallery, found: Mapping[str, Source], known: Iterable[Known]) -> dict[str, Known]:
    """Walks whose table now names another collection, by recipe id: as that collection is to have them.

    Films know nothing of collections, so they go along. Numbers are of a collection's series, and stay.
    """
    have = [one for one in known if one.kind == "walk"]
    there: dict[str, Known] = {}
    for slug, source in found.items():
        wanted = wanted_walks(gallery, source, have)
        free = 1 + max((one.ordinal for one in have if one.collection == slug), default=-1)
        others = [one for one in have if one.id in wanted and one.collection != slug]
        for ordinal, one in enumerate(others, free):
            state: State = "rendered" if one.state == "shown" else one.state
            name = wanted[one.id][0].slug
            there[one.id] = one._replace(collection=slug, ordinal=ordinal, state=state, number=None, slug=name)
    return there


def missing(gallery: Gallery, found: Mapping[str, Source], known: Iterable[Known]) -> dict[str, int]:
    """How many images and walks each collection still needs.

    A walk is one that the gallery names, so no other takes its place: it lacks until it is made or was taken off.
    """
    have = list(known)
    images = Counter(one.collection for one in have if one.kind == "image" and one.counts)
    there = {one.id for one in have if one.counts}
    return {
        slug: max(0, source.settings.count - images[slug]) + len(wanted_walks(gallery, source, have).keys() - there)
        for slug, source in found.items()
    }


def _images(source: Source, known: Iterable[Known], ids: set[str]) -> Iterator[Item]:
    slug = source.settings.slug
    taken = {one.ordinal: one for one in known if one.collection == slug and one.kind == "image"}
    again = [(one, source.recipe(one.ordinal)) for one in taken.values() if one.lost]
    lost = [Item(slug, one.ordinal, recipe) for one, recipe in again if recipe is not None and recipe.id == one.id]
    yield from lost  # those that other settings made stay lost
    needed = source.settings.count - sum(one.counts for one in taken.values()) - len(lost)
    ordinal = -1
    while needed > 0:
        ordinal += 1
        if ordinal in taken:
            continue
        recipe = source.recipe(ordinal)
        if recipe is None:
            return
        if recipe.id not in ids:  # another collection may have the very same recipe
            ids.add(recipe.id)
            needed -= 1
            yield Item(slug, ordinal, recipe)


def _walks(gallery: Gallery, source: Source, known: Iterable[Known]) -> Iterator[Item]:
    slug = source.settings.slug
    mine = {one.id: one for one in known if one.collection == slug and one.kind == "walk"}
    taken = {one.ordinal for one in mine.values()}
    for place, (walk, recipe) in enumerate(wanted_walks(gallery, source, known).values()):
        before = mine.get(recipe.id)
        if before is not None:
            again = before.counts and before.fps != walk.fps
            if again or before.lost or before.state == "retired":
                yield Item(slug, before.ordinal, recipe, walk.fps, walk.slug, again)
        else:
            ordinal = place if place not in taken else max(taken) + 1
            taken.add(ordinal)
            yield Item(slug, ordinal, recipe, walk.fps, walk.slug)


def freeze(plan: Iterable[Item], path: Path) -> None:
    """Write the plan down, durably, before anything is made of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump([item.as_json() for item in plan], file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
