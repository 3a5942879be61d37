"""The recipe: everything that a person chose of an exhibit's pixels, its canonical form, and its id.

The id is a hash of the canonical form, so the same wish is the same exhibit whatever order, machine or day it is
rendered on. Display sizes and encoder options are not part of it: they belong to the files, not to the picture.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from render.errors import NonesuchError, UsageError

Kind = Literal["image", "walk"]
Path = Literal["great-circle", "spline", "w-spline", "morph", "plane"]

NOISE_METHOD = "philox4x32-10/box-muller/1"
ID_LENGTH = 20
PATHS: tuple[Path, ...] = get_args(Path)
LARGEST_SEED = 2**53 - 1
"""The largest whole number that JavaScript reads exactly, so a browser can render the same recipe again."""
MOST_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A point that a walk passes through."""

    seed: int
    class_name: str | None = None
    source: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Swirl:
    """A walk's pictures adrift, as `render.media.swirl` films them.

    flow: how far light is carried before it is replaced, in half picture sides; zoom: how much it grows meanwhile;
    drifts: how often it is replaced in a round; mirrors: of the kaleidoscope, 0 for none; between: film frames for each
    picture; version: of the arithmetic.
    """

    flow: float
    zoom: float
    drifts: int
    mirrors: int
    between: int
    version: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "flow", finite("flow", self.flow))
        object.__setattr__(self, "zoom", finite("zoom", self.zoom))
        sound = 0 <= self.flow <= 10 and 1 <= self.zoom <= 10 and 0 <= self.mirrors <= 64
        if not (sound and 1 <= self.drifts <= 100_000 and 1 <= self.between <= 1000):
            raise UsageError("a swirl's flow, zoom, drifts, mirrors or between is out of bounds.")
        if self.version != 1:
            raise UsageError(f"this version of nonesuch films no swirl of version {self.version}.")


@dataclass(frozen=True, slots=True)
class Walk:
    """A closed loop: a great circle through the noise of two keyframes, a spline through that of three or more, a
    spline through their styles (W, of StyleGAN2), or a morph, whose noise stays while class, source or prompt change.
    Or no loop but a plane: a square of pictures between four keyframes, its corners, row by row from the top left.
    """

    path: Path
    frames: int
    keyframes: tuple[Keyframe, ...]
    swirl: Swirl | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keyframes", tuple(self.keyframes))
        count = len(self.keyframes)
        if self.path == "great-circle" and count != 2:
            raise UsageError(f'a great-circle walk goes through exactly 2 keyframes, not {count}; use path = "spline".')
        if self.path == "spline" and count < 3:
            raise UsageError(f'a spline walk needs at least 3 keyframes, not {count}; use path = "great-circle".')
        if self.path not in PATHS:
            raise UsageError(f"there is no walk path '{self.path}'; use one of {', '.join(PATHS)}.")
        if self.path in ("w-spline", "morph") and count < 2:
            raise UsageError(f"a {self.path} walk needs at least 2 keyframes, not {count}.")
        if self.path == "plane" and (count != 4 or self.side**2 != self.frames or self.side < 2 or self.swirl):
            raise UsageError("a plane has 4 keyframes, a square of pictures (9, 16, 25 …) and no swirl.")
        if self.path == "morph" and len({keyframe.seed for keyframe in self.keyframes}) > 1:
            raise UsageError("a morph keeps its noise, so all of its keyframes have one seed.")
        if self.frames < count:
            raise UsageError(f"a walk through {count} keyframes needs at least {count} frames, not {self.frames}.")
        for keyframe in self.keyframes:
            check_seed(keyframe.seed)

    @property
    def side(self) -> int:
        """Pictures along one side of a plane."""
        return math.isqrt(self.frames)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an exhibit is made from.

    weights: sha256 of the weights file; algorithm: version of the sampling code; noise: name of the noise method;
    truncation: StyleGAN's psi; layer_noise: "seed" where the noise in its layers is the recipe's own, not the weights';
    style_from, style_seed: from which layer on its styles are those of which other seed. sketch: sha256 of the drawing
    that steers the picture; strength: how far the picture may leave the drawing, 0 to 1, as in SDEdit (absent in
    recipes from before there was one); negative: the prompt of what is not wanted; mask: sha256 of the picture that is
    white where new pixels belong; upscaler: sha256 of its weights; symmetry: how like its own image, turned by half a
    circle, the coarse noise is (`render.generators.symmetry`); away: what guidance leads away from, besides pictures of
    no class, "attention" being what pays none (`render.generators.attention`).
    A walk's `seed`, `class_name`, `source` and `prompt` are those of its first keyframe.
    """

    family: str
    weights: str
    seed: int
    sampler: str
    steps: int
    guidance: float
    size: int
    kind: Kind = "image"
    algorithm: int = 1
    noise: str = NOISE_METHOD
    class_name: str | None = None
    source: str | None = None
    truncation: float | None = None
    prompt: str | None = None
    sketch: str | None = None
    upscaler: str | None = None
    strength: float | None = None
    negative: str | None = None
    mask: str | None = None
    walk: Walk | None = None
    layer_noise: Literal["seed"] | None = None
    style_from: int | None = None
    style_seed: int | None = None
    symmetry: float | None = None
    away: Literal["attention"] | None = None

    def __post_init__(self) -> None:
        check_seed(self.seed)
        object.__setattr__(self, "guidance", finite("guidance", self.guidance))
        if self.truncation is not None:
            object.__setattr__(self, "truncation", finite("truncation", self.truncation))
        if self.style_seed is not None:
            check_seed(self.style_seed)
        if self.strength is not None:
            object.__setattr__(self, "strength", finite("strength", self.strength))
        if self.symmetry is not None:
            object.__setattr__(self, "symmetry", finite("symmetry", self.symmetry))
            if not 0 <= self.symmetry <= 1:
                raise UsageError(f"symmetry must be from 0 to 1, not {self.symmetry}.")
        if self.away not in (None, "attention"):
            raise UsageError("guidance leads away from 'attention' or from nothing else.")
        if (self.kind == "walk") != (self.walk is not None):
            raise ValueError("a recipe has a walk exactly when its kind is 'walk'")

    def as_json(self) -> dict[str, Any]:
        """The recipe as plain JSON values: nothing that is absent, and whole floats as integers, as JavaScript
        writes them.
        """
        told: dict[str, Any] = _plain(self)
        return told

    def canonical(self) -> bytes:
        """The one spelling that is hashed: sorted keys, no white space, UTF-8."""
        return _canonical(self)

    @property
    def networks(self) -> tuple[str, ...]:
        """The sha256 of everything that draws it: of its weights, and of its upscaler's where there is one."""
        return (self.weights,) if self.upscaler is None else (self.weights, self.upscaler)

    @property
    def id(self) -> str:
        """The exhibit's id: the first 20 hexadecimal digits of the canonical form's sha256 (80 bits)."""
        return hashlib.sha256(self.canonical()).hexdigest()[:ID_LENGTH]

    def keyframe(self, index: int) -> Recipe:
        """The still picture at a walk's keyframe, with the walk's other settings."""
        if self.walk is None:
            raise ValueError("only a walk has keyframes")
        frame = self.walk.keyframes[index]
        image = replace(self, kind="image", walk=None, seed=frame.seed, class_name=frame.class_name)
        return replace(image, source=frame.source, prompt=frame.prompt)

    @classmethod
    def from_json(cls, value: str | bytes | Mapping[str, Any]) -> Recipe:
        """Reads what `as_json` or `canonical` wrote; an unknown or missing entry is a NonesuchError."""
        try:
            raw = dict(json.loads(value) if isinstance(value, str | bytes) else value)
            if raw.get("walk") is not None:
                walk = dict(raw["walk"])
                inner = {"keyframes": tuple(Keyframe(**k) for k in walk["keyframes"])}
                swirl = walk.get("swirl")
                raw["walk"] = Walk(**walk | inner | ({"swirl": Swirl(**swirl)} if swirl else {}))
            return cls(**raw)
        except (TypeError, ValueError, KeyError) as error:
            raise NonesuchError(f"this is not a recipe that this version of nonesuch can read: {error}.") from None


@lru_cache(maxsize=64)
def _canonical(recipe: Recipe) -> bytes:
    """Asked for again when an exhibit gets its id and its row. Equal recipes are spelled alike: numbers that may be
    written in two ways are floats in every recipe.
    """
    return canonical_json(recipe.as_json()).encode()


def _plain(value: Any) -> Any:
    """Dataclasses to dictionaries, tuples to lists, whole floats to integers."""
    if isinstance(value, Recipe | Walk | Keyframe | Swirl):
        members = ((name, getattr(value, name)) for name in _NAMES[type(value)])
        return {name: _plain(member) for name, member in members if member is not None}
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (Recipe, Walk, Keyframe, Swirl)}
_SPELLING = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """JSON in one spelling: the same value always gives the same text. Refuses NaN and infinities (ValueError)."""
    return _SPELLING.encode(value)


def check_seed(seed: int) -> None:
    """Raises UsageError unless the seed is a whole number that Python and a browser read alike."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"seed {seed!r} is not a whole number from 0 to {LARGEST_SEED}.")


def finite(name: str, value: float) -> float:
    """The number as a float; raises UsageError for NaN and infinities, which have no canonical form."""
    if not math.isfinite(value):
        raise UsageError(f"{name} must be a number, not {value}.")
    return float(value)


@dataclass(frozen=True, slots=True)
class Seeds:
    """Seeds by ordinal: some that were listed, then, when the list ends in an open range, all that follow."""

    listed: tuple[int, ...]
    tail: int | None = None

    @classmethod
    def parse(cls, text: str) -> Seeds:
        """Reads ``1,2,5-10`` or, open, ``0-``: seeds in the order given. Raises UsageError for anything else."""
        listed: list[int] = []
        parts = text.split(",")
        for position, part in enumerate(parts):
            match = re.fullmatch(r"\s*(\d{1,20})\s*(?:(-)\s*(\d{0,20})\s*)?", part, re.ASCII)
            if match is None:
                raise UsageError(
                    f"'{part.strip()[:60]}' is neither a seed nor a range of seeds; write some, such as 1,2,5-10, "
                    "or 0- for all from 0 on."
                )
            first = int(match[1])
            check_seed(first)
            if match[2] and not match[3]:
                if position != len(parts) - 1:
                    raise UsageError(f"the range {first}- has no end, so nothing can follow it; write it last.")
                return cls(tuple(listed), first)
            last = int(match[3]) if match[3] else first
            check_seed(last)
            if last < first:
                raise UsageError(f"the range {first}-{last} runs backwards; write {last}-{first}.")
            if len(listed) + last - first >= MOST_SEEDS:
                raise UsageError(f"the list has more than {MOST_SEEDS} seeds; write a range without end, {first}-.")
            listed.extend(range(first, last + 1))
        return cls(tuple(listed))

    def at(self, ordinal: int) -> int | None:
        """The seed of an ordinal (from 0), or None when the seeds have come to an end."""
        if ordinal < len(self.listed):
            return self.listed[ordinal]
        seed = LARGEST_SEED + 1 if self.tail is None else self.tail + ordinal - len(self.listed)
        return seed if seed <= LARGEST_SEED else None
