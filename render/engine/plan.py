"""The plan: the recipes that a gallery wants, less those that the catalogue has.

A collection is an endless, deterministic sequence: its n-th exhibit (its *ordinal*, from 0) has the n-th seed, the n-th
class in turn and the n-th sketch and prompt in turn (each `variations` times); where a sketch is drawn with a series of
strengths, these come one after the other with the same seed, class and sketch. `count` is how many of them are *shown*:
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

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from render.catalogue import Known, State
from render.config import Collection, Gallery, check_weights, read_lock
from render.config import Walk as WalkSettings
from render.config.steering import unusable
from render.config.walks import fault
from render.errors import NonesuchError
from render.generators import ALGORITHMS, STRENGTHS
from render.recipe import ID_LENGTH, LARGEST_SEED, Keyframe, Kind, Recipe, Seeds, Swirl, Walk
from render.weights import Card, find_weights, load_card, weights_hash

DRIFT = 64
"""Film frames after which a swirl replaces its light, where gallery.toml does not say how often."""


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


Choice = tuple[str | None, str | None, float | None, str | None]
"""Class, sketch, strength and prompt of an image."""


@dataclass(frozen=True)
class Source:
    """A collection with what its recipes are made of."""

    settings: Collection
    card: Card
    folder: Path
    sha256: str
    sketches: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    mask: str | None = None
    first: int = 0  # the ordinal with which the exhibits of these weights begin, after `nonesuch upgrade`

    @classmethod
    def of(cls, gallery: Gallery, settings: Collection) -> Source:
        folder = find_weights(settings.weights, gallery.folder)
        drawings = tuple(_sha256(path) for path in gallery.sketches_of(settings))
        path, prompts = gallery.mask_of(settings), tuple(gallery.prompts_of(settings))
        mask = None if path is None else _sha256(path)
        first = read_lock(gallery.folder).first.get(settings.slug, 0)
        return cls(settings, load_card(folder), folder, weights_hash(folder), drawings, prompts, mask, first)

    @cached_property
    def _seeds(self) -> Seeds:
        return Seeds.parse(self.settings.seeds)

    @cached_property
    def _classes(self) -> list[str]:
        return self.card.classes if self.settings.classes == "all" else self.settings.classes

    @cached_property
    def _series(self) -> tuple[float | None, ...]:
        """The strengths that every drawing is drawn with, in a row; one nothing where there are no drawings."""
        if not self.sketches:
            return (None,)
        return tuple(self.settings.strengths) or (STRENGTHS.get(self.card.family),)

    @cached_property
    def _around_the_seed(self) -> dict[Choice, tuple[bytes, bytes] | None]:
        """What `id_at` has seen: the canonical form before and after the seed."""
        return {}

    def recipe(self, ordinal: int) -> Recipe | None:
        """The recipe at an ordinal; None where the collection's seeds have come to an end, and for what older weights
        made.
        """
        seed = self._seed(ordinal)
        return None if seed is None else self._image(seed, self._choice(ordinal))

    def id_at(self, ordinal: int) -> str | None:
        """The id of `recipe(ordinal)`, without making it where nothing but the seed is new in a canonical form that is
        known for every choice.
        """
        seed = self._seed(ordinal)
        if seed is None:
            return None
        choice = self._choice(ordinal)
        if choice not in self._around_the_seed:
            pieces = [self._pieces(one, choice) for one in (seed, seed ^ 1)]
            self._around_the_seed[choice] = pieces[0] if pieces[0] == pieces[1] else None
        around = self._around_the_seed[choice]
        if around is None:  # something else of these recipes follows from the seed
            return self._image(seed, choice).id
        return hashlib.sha256(b"%b%d%b" % (around[0], seed, around[1])).hexdigest()[:ID_LENGTH]

    def _pieces(self, seed: int, choice: Choice) -> tuple[bytes, bytes]:
        """The canonical form before and after the seed."""
        before, name, after = self._image(seed, choice).canonical().partition(b'"seed":')  # quotes in texts are escaped
        return before + name, after.removeprefix(b"%d" % seed)

    def _seed(self, ordinal: int) -> int | None:
        place = ordinal - self.first
        return None if place < 0 else self._seeds.at(place // len(self._series))

    def _choice(self, ordinal: int) -> Choice:
        """Everything beside the seed that changes with the ordinal."""
        place, step = divmod(ordinal - self.first, len(self._series))
        classes, sketches = self._classes, self.sketches
        turn = place // self.settings.variations
        return (
            classes[place % len(classes)] if classes else None,
            sketches[turn % len(sketches)] if sketches else None,
            self._series[step],
            self._prompt(turn),
        )

    def _image(self, seed: int, choice: Choice) -> Recipe:
        class_name, sketch, strength, prompt = choice
        steering = {"sketch": sketch, "strength": strength, "prompt": prompt, "mask": self.mask}
        return self._recipe("image", seed, class_name, self._source(), **steering)

    def walk(self, walk: WalkSettings) -> Recipe:
        """The recipe of a walk; what its keyframes leave open is the collection's."""
        first = self._classes[0] if self._classes else None
        keyframes = tuple(
            Keyframe(k.seed, k.class_name or first, k.source or self._source(), k.prompt or self._prompt(place))
            for place, k in enumerate(walk.keyframes)
        )
        loop = Walk(walk.shape, walk.frames, keyframes, _swirl(walk))
        start = keyframes[0]
        return self._recipe("walk", start.seed, start.class_name, start.source, walk=loop, prompt=start.prompt)

    def _prompt(self, place: int) -> str | None:
        return self.prompts[place % len(self.prompts)] if self.prompts else None

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
            negative=chosen.negative,
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


def _swirl(walk: WalkSettings) -> Swirl | None:
    """A walk's swirl, with the number of drifts told from the film's length where it was left open."""
    asked = walk.swirl
    if asked is None:
        return None
    drifts = asked.drifts or max(1, round(walk.frames * asked.between / DRIFT))
    return Swirl(asked.flow, asked.zoom, drifts, asked.mirrors, asked.between)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sources(gallery: Gallery) -> dict[str, Source]:
    """Every collection's source, by slug, without those of which nothing can be drawn (`unusable`); refuses weights
    that are not those of ``gallery.lock``.
    """
    out = unusable(gallery)
    found = {one.slug: Source.of(gallery, one) for one in gallery.collections if one.slug not in out}
    check_weights(gallery.folder, pinned(found))
    return found


def pinned(found: Mapping[str, Source]) -> dict[str, str]:
    """What ``gallery.lock`` keeps: the weights' sha256 by their name in ``gallery.toml``."""
    return {source.settings.weights: source.sha256 for source in found.values()}


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
