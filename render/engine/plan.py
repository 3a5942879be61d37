"""The plan: the recipes that a gallery wants, less those that the catalogue has.

A collection is an endless, deterministic sequence (`render.engine.sources`). `count` is how many of them are *shown*:
ordinals whose exhibit is a near-copy, is of another class than was asked for (where the gallery minds), failed or was
removed are passed over, and further ones are drawn. An ordinal that was once made keeps its exhibit, whatever the
settings say later; one whose files were lost is made again from the same recipe, before any further one is drawn and
however many there are. A walk is one that the gallery names: when its recipe has changed, the new version is made, and
a film of another speed or width is made anew; one that cannot be drawn is left out. So a plan is a pure function of
gallery and catalogue, and a run that was killed goes on where it was.

Nothing here imports torch: an empty plan must be found in no time. A plan holds ordinals, and makes each item when it
is its turn: a million of them take eight megabytes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from render.catalogue import Known, State
from render.config import Gallery
from render.config import Walk as WalkSettings
from render.config.walks import fault
from render.engine.sources import Source
from render.recipe import Kind, Recipe


@dataclass(frozen=True, slots=True)
class Item:
    """An exhibit to be made. slug, fps, width: a walk's; again: the exhibit is there, and only its files are made
    anew; begun: so many of its pictures are in a film in the making.
    """

    collection: str
    ordinal: int
    recipe: Recipe
    fps: int = 24
    slug: str | None = None
    again: bool = False
    width: int = 384
    begun: int = 0

    @property
    def key(self) -> tuple[str, Kind, int]:
        """Its place among all exhibits; unlike the recipe's id it costs nothing to ask for."""
        return (self.collection, self.recipe.kind, self.ordinal)

    @property
    def frames(self) -> int:
        """How many pictures the device makes for it."""
        return self.recipe.walk.frames - self.begun if self.recipe.walk else 1


@dataclass(frozen=True)
class Part:
    """What a collection lacks of one kind, in order: `items`, which have their own recipes, then images at `ordinals`.

    items: of a part of images those whose files were lost, of a part of walks all.
    """

    source: Source
    kind: Kind
    items: tuple[Item, ...]
    ordinals: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.items) + len(self.ordinals)

    def __iter__(self) -> Iterator[Item]:
        yield from self.items
        for ordinal in self.ordinals:
            recipe = self.source.recipe(ordinal)
            if recipe is not None:
                yield Item(self.source.settings.slug, ordinal, recipe)

    @property
    def frames(self) -> int:
        """How many pictures the device makes for it."""
        return sum(item.frames for item in self.items) + len(self.ordinals)


def make_plan(gallery: Gallery, found: Mapping[str, Source], known: Iterable[Known]) -> list[Part]:
    """What is left to make: of every collection its images (lost ones, then further ones in order of ordinal) and its
    walks in the file's order. Parts may be empty.
    """
    have = list(known)
    ids = {one.id for one in have}
    mine: dict[str, list[Known]] = {slug: [] for slug in found}
    for one in have:
        if one.collection in mine:
            mine[one.collection].append(one)
    parts = [_images(source, mine[slug], ids) for slug, source in found.items()]
    return parts + [_walks(gallery, source, have) for source in found.values()]


def wanted_walks(gallery: Gallery, source: Source, known: Iterable[Known]) -> dict[str, tuple[WalkSettings, Recipe]]:
    """The walks that a collection is to show, by recipe id: those of the file, less those that cannot be drawn
    (`unsound`) or were taken off.

    What was taken off stays off: its name in its collection, whatever its table says later, and its loop in all.
    """
    slug = source.settings.slug
    off = [one for one in known if (one.kind, one.state) == ("walk", "removed")]
    names, ids = {one.slug for one in off if one.collection == slug}, {one.id for one in off}
    wanted: dict[str, tuple[WalkSettings, Recipe]] = {}
    for walk in gallery.walks_of(slug):
        if fault(walk, source.settings, source.card) is not None:
            continue
        recipe = source.walk(walk)
        if walk.slug not in names and recipe.id not in ids:
            wanted[recipe.id] = (walk, recipe)
    return wanted


def unsound(gallery: Gallery, found: Mapping[str, Source]) -> dict[tuple[str, str], str]:
    """Walks that cannot be drawn, by collection and name, each with what is wrong: they are left out of every plan."""
    walks = [(walk, source) for slug, source in found.items() for walk in gallery.walks_of(slug)]
    faults = ((walk, fault(walk, source.settings, source.card)) for walk, source in walks)
    return {(walk.collection, walk.slug): wrong for walk, wrong in faults if wrong is not None}


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
    first = {slug: source.first for slug, source in found.items()}
    images = Counter(
        one.collection
        for one in have
        if one.kind == "image" and one.counts and one.ordinal >= first.get(one.collection, 0)
    )
    there = {one.id for one in have if one.counts}
    return {
        slug: max(0, source.settings.count - images[slug]) + len(wanted_walks(gallery, source, have).keys() - there)
        for slug, source in found.items()
    }


def _images(source: Source, known: Iterable[Known], ids: set[str]) -> Part:
    slug = source.settings.slug
    taken = {one.ordinal: one for one in known if one.kind == "image"}
    again = [(one, source.recipe(one.ordinal)) for one in taken.values() if one.lost]
    lost = [Item(slug, one.ordinal, recipe) for one, recipe in again if recipe is not None and recipe.id == one.id]
    there = sum(one.counts for one in taken.values() if one.ordinal >= source.first)  # older generations come on top
    needed = source.settings.count - there - len(lost)
    ordinals = array("q")
    ordinal = source.first - 1
    while len(ordinals) < needed:
        ordinal += 1
        if ordinal in taken:
            continue
        identity = source.id_at(ordinal)
        if identity is None:
            break
        if identity not in ids:  # another collection may have the very same recipe
            ids.add(identity)
            ordinals.append(ordinal)
    return Part(source, "image", tuple(lost), ordinals)  # what other settings made stays lost


def _walks(gallery: Gallery, source: Source, known: Iterable[Known]) -> Part:
    slug = source.settings.slug
    mine = {one.id: one for one in known if one.collection == slug and one.kind == "walk"}
    taken = {one.ordinal for one in mine.values()}
    items: list[Item] = []
    for place, (walk, recipe) in enumerate(wanted_walks(gallery, source, known).values()):
        before = mine.get(recipe.id)
        if before is not None:
            again = before.counts and (before.fps, before.width) != (walk.fps, walk.width)
            if again or before.lost or before.state == "retired":
                items.append(Item(slug, before.ordinal, recipe, walk.fps, walk.slug, again, walk.width))
        else:
            ordinal = place if place not in taken else max(taken) + 1
            taken.add(ordinal)
            items.append(Item(slug, ordinal, recipe, walk.fps, walk.slug, width=walk.width))
    return Part(source, "walk", tuple(items))
