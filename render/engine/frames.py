"""Frames: the unit of work of the device. An image is one frame; a walk is many, in a closed loop.

A frame between two keyframes is steered by a mixture of both and starts from noise on the sphere between both. On a
spline through W it is steered by a mixture of all keyframes, and on a plane by one of its four corners. The frame after
a loop's last would be the first, which is therefore not made twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from render.noise import Floats, normals, walk_blends, walk_noise, walk_shares
from render.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture for the device: steered by `a`, or by a mixture of `a` and `b` at `t` in [0, 1].

    noise: (c, h, w) float32, drawn ahead on the CPU. stations, shares: on a spline through W and on a plane the
    pictures at all keyframes, and how much each of them weighs; plane: whether they are a plane's corners.
    """

    a: Recipe
    b: Recipe
    t: float
    noise: Floats
    stations: tuple[Recipe, ...] = ()
    shares: tuple[float, ...] = ()
    plane: bool = False

    @property
    def settings(self) -> tuple[object, ...]:
        """What all frames of a batch must share."""
        one = self.a
        drawn = (one.sketch is None, one.strength, one.mask)
        return (
            one.networks,
            one.sampler,
            one.steps,
            one.guidance,
            one.symmetry,
            one.away,
            one.size,
            *drawn,
            self.stations,
        )


def frame_count(recipe: Recipe) -> int:
    """How many pictures the device makes for an exhibit."""
    return recipe.walk.frames if recipe.walk else 1


def frames_of(recipe: Recipe, shape: tuple[int, int, int], begin: int = 0) -> Iterator[Frame]:
    """The frames of an exhibit from number `begin` on, in order, each drawn when it is asked for; shape: (c, h, w) of
    the noise.
    """
    if recipe.walk is None:
        yield Frame(recipe, recipe, 0.0, normals(recipe.seed, shape))
        return
    walk = recipe.walk
    stations = tuple(recipe.keyframe(index) for index in range(len(walk.keyframes)))
    for number, blend in itertools.islice(enumerate(walk_blends(walk)), begin, None):
        noise = walk_noise(walk, shape, [number])[0]
        if walk.path in ("w-spline", "plane"):
            shares = walk_shares(walk, number)
            yield Frame(stations[0], stations[0], 0.0, noise, stations, shares, walk.path == "plane")
        else:
            yield Frame(stations[blend.a], stations[blend.b], blend.t, noise)
