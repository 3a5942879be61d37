"""Noise that is the same everywhere: Philox 4x32-10 and Box-Muller, addressed by recipe, step and position.

Philox is counter-based (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a block of
four 32-bit words is a pure function of a counter and a key, so any part of any exhibit's noise can be drawn alone, in
any order, on any worker, and in a browser. Layout: key = (low, high) word of the seed; counter = (position, step,
stream, 0), where one position gives four values.

Walks are closed loops on the sphere of radius sqrt(d), where standard normal noise of d values lies (within 1 % at our
sizes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from render.recipe import Walk

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
"""32-bit words, held in 64 bits so that a product fits."""

INITIAL = 0
"""The stream of the noise that a picture starts from."""
STYLE, ASPECT = 2, 3
"""The streams from which a planet's blend of bodies and its place in the sky are drawn."""
CURRENTS = 5
"""The stream from which a swirl's currents are drawn."""
STEPS = 1
"""Reserved for noise that a sampler adds between its steps; none that ships adds any."""
LAYERS = 2
"""The stream of the noise that a network adds in its layers, where that is the recipe's own; a step is a layer."""

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
WORD = 0xFFFFFFFF
LOW = np.uint64(WORD)
HALF = np.uint64(32)


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[Words, Words]) -> tuple[Words, Words, Words, Words]:
    """Philox 4x32-10: four words of counter and two of key, arrays that broadcast, to four words of output."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for number in range(ROUNDS):
        if number:
            k0, k1 = (k0 + np.uint64(KEY_STEPS[0])) & LOW, (k1 + np.uint64(KEY_STEPS[1])) & LOW
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (second >> HALF) ^ c1 ^ k0, second & LOW, (first >> HALF) ^ c3 ^ k1, first & LOW
    return c0, c1, c2, c3


def _uniform(words: Words) -> Doubles:
    """Words to (0, 1), never either end: the middles of 2^32 equal intervals."""
    return (words.astype(np.float64) + 0.5) / 4294967296.0


def normals(seed: int, shape: Sequence[int], *, step: int = 0, stream: int = INITIAL) -> Floats:
    """Standard normal values of one seed, float32, any shape (filled in C order)."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed {seed} does not fit into 64 bits")
    count = math.prod(shape)
    blocks = -(-count // 4)
    if blocks > WORD or not 0 <= step <= WORD or not 0 <= stream <= WORD:
        raise ValueError("position, step and stream are words of 32 bits")
    position = np.arange(blocks, dtype=np.uint64)
    second, third, fourth, low, high = (
        np.array([word], dtype=np.uint64) for word in (step, stream, 0, seed & WORD, seed >> 32)
    )
    x = philox((position, second, third, fourth), (low, high))
    values = np.empty((blocks, 4), dtype=np.float32)
    for pair in (0, 2):  # Box-Muller: two uniforms to two normals
        radius = np.sqrt(-2.0 * np.log(_uniform(x[pair])))
        angle = 2.0 * math.pi * _uniform(x[pair + 1])
        values[:, pair] = radius * np.cos(angle)
        values[:, pair + 1] = radius * np.sin(angle)
    return values.reshape(-1)[:count].reshape(tuple(shape))


def uniforms(seed: int, count: int, *, stream: int) -> tuple[float, ...]:
    """`count` numbers in (0, 1) of one seed, for choices beside the noise: normals through their own distribution."""
    return tuple(0.5 * math.erfc(-float(z) / math.sqrt(2)) for z in normals(seed, (count,), stream=stream))


def _on_sphere(points: Doubles) -> Doubles:
    """(n, d) scaled to length sqrt(d)."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Doubles = points * (math.sqrt(points.shape[1]) / lengths)
    return scaled


def _great_circle(ends: Doubles, time: Doubles) -> Floats:
    """(n, d): the whole circle through both ends, (2, d) on the sphere; time: (n,) in [0, 1).

    It starts at a, passes b's direction about a quarter of the way (independent noise is nearly orthogonal), and goes
    on through -a and -b, which are as good noise as any.
    """
    start, other = ends
    across = other - start * (start @ other) / (start @ start)
    if float(np.linalg.norm(across)) < 1e-6 * float(np.linalg.norm(start)):
        raise ValueError("a great circle needs two points that do not lie on one line through the origin")
    basis = np.stack([start, _on_sphere(across[None])[0]])
    turn = 2 * math.pi * time
    points: Doubles = np.stack([np.cos(turn), np.sin(turn)], axis=1) @ basis
    return points.astype(np.float32)


def _spline(keyframes: Doubles, time: Doubles) -> Floats:
    """(n, d): a closed loop through the keyframes, (k, d) on the sphere; time: (n,) in [0, 1), keyframe i at i/k.

    A periodic cubic spline in the surrounding space, projected onto the sphere: projecting is smooth away from the
    origin, so the loop has no kink at a keyframe, where chained slerps have one.
    """
    return _on_sphere(_cardinal(len(keyframes), time) @ keyframes).astype(np.float32)


def _cardinal(count: int, time: Doubles) -> Doubles:
    """(n, count): how much each keyframe weighs at each time in the periodic cubic spline through all of them.

    The second derivatives m at the knots solve m[i-1] + 4 m[i] + m[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1]), indices cyclic
    (knots one apart; de Boor, "A Practical Guide to Splines", chapter IV).
    """
    one = np.eye(count)
    around = np.roll(one, 1, axis=0) + np.roll(one, -1, axis=0)
    curvature = np.linalg.solve(4 * one + around, 6 * (around - 2 * one))  # (count, count): m as a function of y
    place = (time % 1.0) * count
    left = np.floor(place).astype(int) % count
    right = (left + 1) % count
    b = (place - np.floor(place))[:, None]
    a = 1 - b
    bend: Doubles = (a**3 - a) * curvature[left] + (b**3 - b) * curvature[right]
    weights: Doubles = a * one[left] + b * one[right] + bend / 6
    return weights


def _plane(corners: Doubles, places: Doubles) -> Floats:
    """(n, d): between four corners, (4, d) on the sphere; places: (n, 2) in [0, 1], across and down.

    Along great circles: on the upper and on the lower side, and then between the two points found there. So every
    point is on the sphere, as noise is.
    """
    across, down = places[:, :1], places[:, 1:]
    upper, lower = _between(corners[0], corners[1], across), _between(corners[2], corners[3], across)
    return _between(upper, lower, down).astype(np.float32)


def _between(a: Doubles, b: Doubles, t: Doubles) -> Doubles:
    """(n, d): points on the great circles from a to b, (d,) or (n, d); t: (n, 1) in [0, 1]."""
    cosine = (a * b).sum(-1, keepdims=True) / (a * a).sum(-1, keepdims=True)
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.any(np.sin(angle) < 1e-6):
        raise ValueError("a plane needs four corners of which no two lie on one line through the origin")
    points: Doubles = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return points


@lru_cache(maxsize=8)
def _keyframe_noise(walk: Walk, shape: tuple[int, ...]) -> Doubles:
    points = [normals(keyframe.seed, shape).reshape(-1) for keyframe in walk.keyframes]
    return _on_sphere(np.stack(points).astype(np.float64))


def walk_noise(walk: Walk, shape: Sequence[int], frames: Sequence[int]) -> Floats:
    """(len(frames), *shape): the noise of some of a walk's frames, so that a long walk is rendered in flat memory.

    A morph keeps the noise of its seed as it is, so that its keyframes are the very pictures of that seed. A spline
    through W does too: there the styles move.
    """
    if walk.path in ("morph", "w-spline"):
        still = normals(walk.keyframes[0].seed, shape)
        return np.broadcast_to(still, (len(frames), *still.shape))
    keyframes = _keyframe_noise(walk, tuple(shape))
    if walk.path == "plane":
        places = np.array([_place(walk, frame) for frame in frames])
        return _plane(keyframes, places).reshape(len(frames), *shape)
    time = np.asarray(frames, dtype=np.float64) / walk.frames
    points = _great_circle(keyframes, time) if walk.path == "great-circle" else _spline(keyframes, time)
    return points.reshape(len(frames), *shape)


def _place(walk: Walk, frame: int) -> tuple[float, float]:
    """Where a picture of a plane lies: across and down, each in [0, 1]."""
    row, column = divmod(frame, walk.side)
    return column / (walk.side - 1), row / (walk.side - 1)


def walk_shares(walk: Walk, frame: int) -> tuple[float, ...]:
    """How much each keyframe weighs in one frame: of a plane by its distance to the corners, across and down; else of a
    closed cubic spline through all of them. They add up to 1.
    """
    if walk.path == "plane":
        across, down = _place(walk, frame)
        return ((1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down)
    row = _cardinal(len(walk.keyframes), np.array([frame / walk.frames]))[0]
    return tuple(float(share) for share in row)


@dataclass(frozen=True, slots=True)
class Blend:
    """What steers one frame: a share 1 - t of keyframe a's conditioning and t of keyframe b's."""

    a: int
    b: int
    t: float


def walk_blends(walk: Walk) -> list[Blend]:
    """The conditioning of every frame, as smooth as the noise.

    On a great circle the second keyframe weighs sin², so that a and -a are drawn as the first keyframe's class and b
    and -b as the second's. On a spline and in a morph each stretch eases with a quintic whose first two derivatives
    vanish at both ends.
    """
    count = len(walk.keyframes)
    blends = []
    for frame in range(walk.frames):
        if walk.path == "great-circle":
            blends.append(Blend(0, 1, math.sin(2 * math.pi * frame / walk.frames) ** 2))
            continue
        stretch, rest = divmod(frame * count, walk.frames)
        t = rest / walk.frames
        blends.append(Blend(stretch, (stretch + 1) % count, t * t * t * (t * (6 * t - 15) + 10)))
    return blends
