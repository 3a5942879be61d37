"""What a collection's recipes are made of, and the recipe at every place of its endless sequence.

The n-th exhibit (its *ordinal*, from 0) has the n-th seed, the n-th class in turn and the n-th sketch and prompt in
turn (each `variations` times); where a sketch is drawn with a series of strengths, these come one after the other with
the same seed, class and sketch. Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from render.config import Collection, Gallery, check_weights, read_lock
from render.config import Walk as WalkSettings
from render.config.steering import unusable
from render.errors import NonesuchError
from render.generators import ALGORITHMS, STRENGTHS
from render.recipe import ID_LENGTH, LARGEST_SEED, Keyframe, Kind, Recipe, Seeds, Swirl, Walk
from render.weights import Card, find_weights, load_card, weights_hash

DRIFT = 64
"""Film frames after which a swirl replaces its light, where gallery.toml does not say how often."""


Choice = tuple[str | None, str | None, float | None, str | None]
"""Class, sketch, strength and prompt of an image."""


@dataclass(frozen=True)
class Stage:
    """Weights that finish what a collection's own began."""

    card: Card
    folder: Path
    sha256: str

    @classmethod
    def of(cls, gallery: Gallery, name: str) -> Stage:
        folder = find_weights(name, gallery.folder)
        return cls(load_card(folder), folder, weights_hash(folder))


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
    upscaler: Stage | None = None

    @classmethod
    def of(cls, gallery: Gallery, settings: Collection) -> Source:
        folder = find_weights(settings.weights, gallery.folder)
        drawings = tuple(_sha256(path) for path in gallery.sketches_of(settings))
        path, prompts = gallery.mask_of(settings), tuple(gallery.prompts_of(settings))
        mask = None if path is None else _sha256(path)
        first = read_lock(gallery.folder).first.get(settings.slug, 0)
        upscaler = Stage.of(gallery, settings.upscaler) if settings.upscaler else None
        return cls(settings, load_card(folder), folder, weights_hash(folder), drawings, prompts, mask, first, upscaler)

    @property
    def folders(self) -> dict[str, Path]:
        """Where the weights are that draw its exhibits, by their sha256."""
        second = {self.upscaler.sha256: self.upscaler.folder} if self.upscaler else {}
        return {self.sha256: self.folder, **second}

    @property
    def networks(self) -> tuple[str, ...]:
        """As its recipes have them."""
        return tuple(self.folders)

    @property
    def cards(self) -> list[Card]:
        """Of all that draws its exhibits."""
        return [self.card, *([self.upscaler.card] if self.upscaler else [])]

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
        steering |= self._enlarging()
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
        more = {"walk": loop, "prompt": start.prompt} | (self._enlarging() if walk.enlarged else {})
        return self._recipe("walk", start.seed, start.class_name, start.source, **more)

    def _enlarging(self) -> dict[str, Any]:
        """What recipes of two stages say of the second."""
        return {"upscaler": self.upscaler.sha256, "size": self.upscaler.card.size} if self.upscaler else {}

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
            size=more.pop("size", self.card.size),
            negative=chosen.negative,
            away=default.away,
            symmetry=None if more.get("sketch") else self._symmetry(),
            **self._styles(seed),
            **more,
        )

    def _symmetry(self) -> float | None:
        """Of weights that know of it, and where there is some."""
        default = self.card.sampling.symmetry if self.card.sampling else None
        return (default if self.settings.symmetry is None else self.settings.symmetry) or None

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
    out = {source.settings.weights: source.sha256 for source in found.values()}
    for source in found.values():
        if source.upscaler and source.settings.upscaler:
            out[source.settings.upscaler] = source.upscaler.sha256
    return out
