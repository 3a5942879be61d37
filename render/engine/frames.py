"""Frames: the unit of work of the device. An image is one frame; a walk is many, in a closed loop.

A frame between two keyframes is steered by a mixture of both and starts from noise on the sphere between both. The
frame after the last would be the first, which is therefore not made twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from render.noise import Floats, normals, walk_blends, walk_noise
from render.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture for the device: steered by `a`, or by a mixture of `a` and `b` at `t` in [0, 1].

    noise: (c, h, w) float32, drawn ahead on the CPU.
    """

    a: Recipe
    b: Recipe
    t: float
    noise: Floats

    @property
    def settings(self) -> tuple[object, ...]:
        """What all frames of a batch must share."""
        one = self.a
        drawn = (one.sketch is None, one.strength, one.mask)
        return (one.weights, one.sampler, one.steps, one.guidance, one.size, *drawn)


def frame_count(recipe: Recipe) -> int:
    """How many pictures the device makes for an exhibit."""
    return recipe.walk.frames if recipe.walk else 1


def frames_of(recipe: Recipe, shape: tuple[int, int, int]) -> Iterator[Frame]:
    """The frames of an exhibit, in order, each drawn when it is asked for; shape: (c, h, w) of the noise."""
    if recipe.walk is None:
        yield Frame(recipe, recipe, 0.0, normals(recipe.seed, shape))
        return
    stations = [recipe.keyframe(index) for index in range(len(recipe.walk.keyframes))]
    for number, blend in enumerate(walk_blends(recipe.walk)):
        noise = walk_noise(recipe.walk, shape, [number])[0]
        yield Frame(stations[blend.a], stations[blend.b], blend.t, noise)
