"""Swirl: a film whose pictures drift on currents, come slowly nearer, and stand between mirrors.

A film frame shows the walk's picture of its moment, looked up at places that were carried backwards along a flow
without sources or sinks: the curl of a smooth random potential (Bridson, Houriham, Nordenstam, "Curl-noise for
procedural fluid flow", SIGGRAPH 2007). Several layers are carried for different times and replaced in turn while they
cannot be seen, so that light streams without end and nothing is stretched for ever (Neyret, "Advected textures", SCA
2003); a layer also grows with its age, which is the zoom. Currents, layers and the turning of the picture come back to
where they began after one round, so the film is a loop wherever the walk is one.

All of it is arithmetic on the recipe and the walk's pictures, on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from render.display import Floats
from render.media.images import lanczos
from render.noise import CURRENTS, normals
from render.recipe import Recipe, Swirl

Doubles = npt.NDArray[np.float64]

GRID = 192
"""The flow is known at so many places, or half the film's width, along a side of its period of two pictures."""
WAVES = 13
"""The finest current has so many waves in that period."""
COARSEST, STEEPNESS = 1.6, 2.4
"""Waves in a period of the largest current, and how fast the potential falls with the number of waves."""
STEPS = 10
"""A layer is carried by so many short steps."""
LAYERS, SHARPNESS = 5, 4
"""Layers that are seen at once, and the power mean that joins their light: the brighter thread stays in front."""
ASIDE, SIZE = 0.4, 1.15
"""How far the galaxy's middle stands from the mirrors' middle, and how much of it they see, in half picture sides."""
GAIN = 1.2
"""What the mean over layers takes from bright threads is given back."""


def film_frames(recipe: Recipe) -> int:
    """How many frames the film of a walk has."""
    if recipe.walk is None:
        raise ValueError("only a walk is a film")
    swirl = recipe.walk.swirl
    return recipe.walk.frames * (swirl.between if swirl else 1)


def swirled(pictures: Iterator[Floats], recipe: Recipe, width: int, first: Floats, start: int = 0) -> Iterator[Floats]:
    """The film frames, (3, width, width) in data space, of a walk's pictures from number `start` on, (3, h, w) each.

    first: picture 0, towards which the last ones go. The frames between two pictures are cross-fades in the drift.
    """
    walk, stage = recipe.walk, Stage.of(recipe, width)
    if walk is None or walk.swirl is None:
        raise ValueError("only a walk with a swirl is swirled")
    between, film = walk.swirl.between, film_frames(recipe)
    here = next(pictures, None)
    number = start
    while here is not None:
        after = next(pictures, None)
        there = first if after is None else after
        for step in range(between):
            t = step / between
            yield stage.frame((1 - t) * here + t * there, (number * between + step) / film)
        here, number = after, number + 1


@dataclass(frozen=True)
class Stage:
    """Everything about a swirl that does not change from frame to frame.

    places: (2, n) x and y of the points that are computed, after the mirrors, in half picture sides; fold: which axes
    of the frame are mirrored copies of its other half, down and across.
    """

    swirl: Swirl
    seed: int
    width: int
    places: Floats
    fold: tuple[bool, bool]

    @classmethod
    def of(cls, recipe: Recipe, width: int) -> Stage:
        if recipe.walk is None or recipe.walk.swirl is None:
            raise ValueError("only a walk with a swirl has a stage")
        swirl = recipe.walk.swirl
        fold = (swirl.mirrors > 0 and swirl.mirrors % 2 == 0, swirl.mirrors > 0)
        return cls(swirl, recipe.seed, width, _places(width, swirl.mirrors, fold), fold)

    def frame(self, picture: Floats, moment: float) -> Floats:
        """One film frame at a moment in [0, 1): (3, h, w) to (3, width, width), data space."""
        light: Floats = np.clip((_doubled(picture, self.width) + 1) / 2, 0, 1)
        carried = _carried(self.seed, self.swirl, max(GRID, self.width // 2), moment)
        angle = 2 * math.pi * moment * max(1, self.swirl.drifts // 4)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        places = turn.astype(np.float32) @ self.places
        total = np.zeros((places.shape[1], 3), dtype=np.float32)
        for layer in range(LAYERS):
            age = (moment * self.swirl.drifts + layer / LAYERS) % 1.0
            at: Floats = places * np.float32(self.swirl.zoom ** (0.5 - age))
            seen = _sampled(light, at + _drift(carried, at, age))
            total += np.float32(math.sin(math.pi * age) ** 2) * seen**SHARPNESS
        mean = (total / (LAYERS / 2)) ** np.float32(1 / SHARPNESS)  # squared sines of evenly spaced ages add up so
        shown = np.tanh(GAIN * mean) / math.tanh(GAIN)
        return self._whole(np.asarray(2 * shown - 1, dtype=np.float32))

    def _whole(self, part: Floats) -> Floats:
        """(n, 3) to the whole frame, its mirrored halves filled in."""
        down, across = (self.width // 2 if folded else self.width for folded in self.fold)
        frame = part.reshape(down, across, 3)
        if self.fold[1]:
            frame = np.concatenate([frame[:, ::-1], frame], axis=1)
        if self.fold[0]:
            frame = np.concatenate([frame[::-1], frame], axis=0)
        return np.ascontiguousarray(frame.transpose(2, 0, 1))


def _places(width: int, mirrors: int, fold: tuple[bool, bool]) -> Floats:
    """The points of a frame, (2, n): as they are, or as a kaleidoscope of so many mirrors sees them."""
    line = (np.arange(width) + 0.5) / width * 2 - 1
    down, across = (line[width // 2 :] if folded else line for folded in fold)
    y, x = np.meshgrid(down, across, indexing="ij")
    if mirrors:
        wedge = math.pi / mirrors
        radius, angle = np.hypot(x, y), np.arctan2(y, x)
        angle = np.abs((angle - math.pi / 2 + wedge) % (2 * wedge) - wedge) - wedge / 2
        x, y = SIZE * (radius * np.cos(angle) - ASIDE), SIZE * radius * np.sin(angle)
    return np.stack([x.ravel(), y.ravel()]).astype(np.float32)


@lru_cache(maxsize=4)
def _spectrum(seed: int, drifts: int, grid: int) -> tuple[npt.NDArray[np.complex128], Doubles, Doubles]:
    """The potential's waves, (grid, grid) complex, their wave vectors, (2, grid, grid), and how often each comes
    around in a round: whole numbers, so that every round is like the one before.
    """
    numbers = np.fft.fftfreq(grid, 1 / grid)
    across, down = np.meshgrid(numbers, numbers)  # waves in a period
    size = np.hypot(across, down)
    wanted = (size >= COARSEST) & (np.maximum(abs(across), abs(down)) <= WAVES)
    drawn = normals(seed, (3, 2 * WAVES + 1, 2 * WAVES + 1), stream=CURRENTS).astype(np.float64)
    rows, columns = (part.astype(int)[wanted] + WAVES for part in (down, across))
    waves = np.zeros((grid, grid), dtype=np.complex128)
    waves[wanted] = (drawn[0] + 1j * drawn[1])[rows, columns] * size[wanted] ** -STEEPNESS
    turns = np.zeros((grid, grid))
    turns[wanted] = np.rint(drawn[2][rows, columns] * 0.6 * drifts)
    vectors = math.pi / 2 * np.stack([across, down])
    speed = math.sqrt(float((abs(waves) ** 2 * (vectors**2).sum(0)).sum()) / 2)
    return waves / speed, vectors, turns


def _carried(seed: int, swirl: Swirl, grid: int, moment: float) -> Floats:
    """(STEPS + 1, grid + 1, grid + 1, 2): how far from a place lies what drifted there in 0 to STEPS steps.

    The velocity is the potential's gradient turned by a quarter, hence without divergence; its mean square is 1.
    """
    waves, (across, down), turns = _spectrum(seed, swirl.drifts, grid)
    now = 1j * waves * np.exp(2j * math.pi * turns * moment) * grid**2
    velocity = np.stack([np.fft.ifft2(down * now).real, -np.fft.ifft2(across * now).real], axis=-1)
    stride = _closed(velocity.astype(np.float32) * np.float32(-swirl.flow / STEPS))
    line = np.arange(grid + 1, dtype=np.float32) * np.float32(4 / grid)
    start = np.stack(np.meshgrid(line, line)).reshape(2, -1)
    drift, drifts = np.zeros_like(start), []
    for _ in range(STEPS):
        drifts.append(drift)
        drift = drift + _periodic(stride, (start + drift) * np.float32(grid / 4)).T
    return np.stack([*drifts, drift]).reshape(STEPS + 1, 2, grid + 1, grid + 1).transpose(0, 2, 3, 1)


def _drift(carried: Floats, at: Floats, age: float) -> Floats:
    """(2, n): the drift of a layer's age in [0, 1) at some places, between the steps and places where it is known."""
    whole = min(int(age * STEPS), STEPS - 1)
    rest = np.float32(age * STEPS - whole)
    drift = np.ascontiguousarray((1 - rest) * carried[whole] + rest * carried[whole + 1])
    return _periodic(drift, at * np.float32((len(drift) - 1) / 4)).T


def _sampled(light: Floats, at: Floats) -> Floats:
    """(n, 3): the light at some places; light is periodic in twice the picture's side, which is 4 here."""
    return _periodic(light, (at + 1) * np.float32((len(light) - 1) / 4) - np.float32(0.5))


def _periodic(values: Floats, at: Floats) -> Floats:
    """(n, c): bilinear values of a periodic field, (side + 1, side + 1, c) and closed, at x and y in cells, (2, n)."""
    side, count = len(values) - 1, values.shape[2]
    cell = np.floor(at)
    tx, ty = (at - cell)[:, :, None]
    column, row = cell - side * np.floor(cell / side)
    here, flat = (row * (side + 1) + column).astype(np.int32), values.reshape(-1, count)
    above, right = flat.take(here, 0), flat.take(here + 1, 0)
    above += tx * (right - above)
    here += side + 1
    below, right = flat.take(here, 0), flat.take(here + 1, 0)
    below += tx * (right - below)
    return np.asarray(above + ty * (below - above))


def _closed(field: Floats) -> Floats:
    """A periodic field, (side, side, c), with its first row and column again at the end."""
    return np.pad(field, ((0, 1), (0, 1), (0, 0)), mode="wrap")


def _doubled(picture: Floats, width: int) -> Floats:
    """(3, h, w) enlarged to the film's width, and with its mirror images a tile that continues on all sides."""
    channels, height, wide = picture.shape
    across = lanczos(wide, width) @ picture.transpose(2, 1, 0).reshape(wide, height * channels)
    across = across.reshape(width, height, channels).transpose(1, 0, 2).reshape(height, width * channels)
    one = (lanczos(height, width) @ across).reshape(width, width, channels)
    row = np.concatenate([one, one[:, ::-1]], axis=1)
    return _closed(np.concatenate([row, row[::-1]], axis=0))
