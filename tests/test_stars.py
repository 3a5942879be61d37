"""Stars: as many around galaxies as around real ones, because peaks of the noise are raised; as sharp as theirs;
and walks that stay even.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from drawn import drawn_set

from render.generators.equaliser import own_strength
from render.generators.flow import FlowGenerator
from render.generators.peaks import Peaks, raised
from render.generators.sharpness import sharpened
from render.noise import normals
from render.training.peaks import CANDIDATES, FIRST_SEED, fitting_peaks
from render.training.samples import pictures_of_class
from render.training.sharpness import FIRST_SEED as SHARP_SEED
from render.training.sharpness import fitting_sharpness
from render.training.stars import stars, widths
from render.weights import find_weights

SOME = Peaks(0.8, 2.25, 0.3)


def noise(seed: int = 1, n: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.stack([normals(seed + i, (3, 96, 96)) for i in range(n)]))


def test_only_peaks_are_raised_and_all_channels_alike() -> None:
    start = noise()
    lift = raised(start, SOME) - start
    assert torch.allclose(lift[:, 0], lift[:, 2], atol=1e-6)
    assert abs(float(lift.mean())) < 1e-6, "a brighter sky is more galaxy to a network"
    assert float((lift.abs() > 0.05).float().mean()) < 0.05
    assert 0.2 < float(lift.max()) < 1.5
    assert float(lift.min()) > -0.4 * float(lift.max())
    light = start.mean(1) * math.sqrt(3)
    assert float(light[lift[:, 0] > 0.2].mean()) > 1.5, "where the noise is high already"
    assert raised(start, None) is start


def test_a_peak_is_raised_by_as_much_as_it_stands_out() -> None:
    """One point of light that stands, blurred, 4.25 standard deviations high, so two beyond 2.25 in its middle."""
    line = torch.tensor([math.exp(-(x**2) / (2 * 0.8**2)) for x in range(-4, 5)])
    dot = torch.zeros(1, 3, 32, 32)
    dot[..., 16, 16] = 4.25 * float(line.square().sum()) / math.sqrt(3)
    sharp = raised(dot, Peaks(0.8, 2.25, 0.3))[0, 0] - dot[0, 0]
    assert sharp.argmax() == 16 * 32 + 16
    beyond = torch.relu(4.25 * line[:, None] * line - 2.25)
    wanted = 0.3 * float((beyond * line[:, None] * line).sum()) / math.sqrt(3)
    assert 0.7 * wanted < float(sharp[16, 16]) < 0.9 * wanted, "a quarter less, for there is a hollow around it"
    assert float(sharp[16, 19]) < 0 < float(sharp[16, 17])


def test_raising_knows_no_direction() -> None:
    start = noise(3)
    assert torch.allclose(raised(start.flip(3), SOME), raised(start, SOME).flip(3), atol=1e-5)
    assert torch.allclose(raised(start.rot90(1, (2, 3)), SOME), raised(start, SOME).rot90(1, (2, 3)), atol=1e-5)


def test_along_a_walk_peaks_come_and_go_without_a_jump() -> None:
    a, b = noise(1), noise(2)
    along = torch.cat([math.cos(t) * a + math.sin(t) * b for t in np.linspace(0, math.pi / 2, 65)])
    change = (raised(along, SOME) - along).diff(dim=0).abs().amax()
    assert float(change) < 0.12, "of a standard deviation, where the noise itself changes by 0.1"


def test_raising_leaves_a_pictures_own_strength_alone() -> None:
    start = noise(5, 8)
    assert torch.allclose(own_strength(raised(start, SOME)), own_strength(start), atol=0.02)


def field(points: list[tuple[int, int, float]], width: float = 1.0) -> npt.NDArray[np.float32]:
    """A galaxy, (1, 3, 96, 96) in data space, with stars of a width around it: their row, column and height."""
    y, x = np.mgrid[:96, :96]
    light = np.random.default_rng(0).normal(-1, 0.01, (96, 96)) + 1.2 * np.exp(-np.hypot(y - 47.5, x - 47.5) / 6)
    for row, column, height in points:
        light += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2))
    return np.repeat(light[None, None], 3, axis=1).astype(np.float32)


def test_stars_are_counted_by_brightness_and_only_in_the_sky() -> None:
    (none,) = stars(field([]))
    (found,) = stars(field([(12, 12, 0.06), (12, 80, 0.06), (80, 20, 0.12), (75, 75, 0.5)]))
    assert (found - none).tolist() == [4, 2, 1]
    (hidden,) = stars(field([(48, 52, 0.6), (1, 40, 0.6)]))
    assert (hidden - none).tolist() == [0, 0, 0], "a knot on the galaxy, and half a star at the edge"


def test_shipped_galaxies_have_stars_because_peaks_are_raised() -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96"), "cpu", "fp32")
    settings = generator.network.settings
    assert settings.peaks
    full = stars(pictures_of_class(generator, 3, range(8))).sum(axis=0)
    generator.network.settings = replace(settings, peaks={})
    few = stars(pictures_of_class(generator, 3, range(8))).sum(axis=0)
    assert full[0] > 1.2 * few[0]


def test_stars_become_narrower_and_not_higher_and_all_else_stays() -> None:
    points = [(12, 12, 0.14), (12, 80, 0.15), (80, 20, 0.16), (75, 75, 0.18)]
    soft = field(points, 1.2)
    sharp = sharpened(torch.from_numpy(soft), 1.25).numpy()
    assert np.median(widths(sharp)) < 0.85 * np.median(widths(soft))
    assert stars(sharp)[0, 1] == stars(soft)[0, 1] == 4, "all stand out as far as before"
    changed = abs(sharp - soft).max(axis=(0, 1))
    y, x = np.mgrid[:96, :96]
    far = np.min([np.hypot(y - row, x - column) for row, column, _ in points], axis=0)
    assert changed[(far > 8) & (np.hypot(y - 47.5, x - 47.5) > 12)].max() < 1e-5, "the sky's own grain"
    assert changed[44:52, 44:52].max() < 0.05, "a galaxy's nucleus is no star"


def test_ragged_stars_become_round_and_keep_their_colour() -> None:
    """Half of one is missing, on a slope of light; the other is a small galaxy, which is not a star's business."""
    ragged, wide = (20, 30, 0.5), (70, 20, 0.5)
    picture = field([ragged]) + field([wide], 5.0) - field([])
    picture[0, 0] += np.linspace(0, 0.2, 96, dtype=np.float32)
    y, x = np.mgrid[:96, :96]
    picture[..., (y > 20) & (x < 30) & (np.hypot(y - 20, x - 30) < 4)] -= 0.1
    picture[0, 2] += 0.3 * np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 2).astype(np.float32)
    done = sharpened(torch.from_numpy(picture), 1.0).numpy()

    ring = [(down, right) for down in (-2, -1, 1, 2) for right in (-2, -1, 1, 2) if abs(down) != abs(right)]

    def ragged_by(of: npt.NDArray[np.float32]) -> float:
        return float(np.std([of[0, 1, 20 + down, 30 + right] for down, right in ring]))

    assert ragged_by(done) < 0.5 * ragged_by(picture)
    assert done[0, 2, 20, 30] - done[0, 1, 20, 30] > 0.15, "it was blue"
    assert abs(done - picture)[..., 64:77, 14:27].max() < 0.05, "a small galaxy stays as it is"


def test_where_there_is_no_star_nothing_is_sharpened() -> None:
    grain = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1)) * 0.02 - 1
    assert sharpened(grain, 1.25).equal(grain)
    even = torch.full((1, 3, 32, 32), -1.0)
    assert torch.allclose(sharpened(even, 1.25), even, atol=1e-5), "not even grain"
    assert sharpened(grain, 0.0) is grain


def test_sharpening_knows_no_direction_and_no_neighbours() -> None:
    some = torch.from_numpy(np.concatenate([field([(20, 30, 0.3)]), field([(70, 12, 0.5), (5, 88, 0.2)])]))
    whole = sharpened(some, 1.0)
    assert torch.allclose(sharpened(some.rot90(1, (2, 3)), 1.0), whole.rot90(1, (2, 3)), atol=1e-5)
    assert sharpened(some.flip(0), 1.0).flip(0).equal(whole)


def test_widths_are_those_of_middling_stars() -> None:
    narrow, wide = (widths(field([(12, 12, 0.15), (80, 20, 0.15), (75, 75, 1.5)], width)) for width in (0.9, 1.3))
    assert len(narrow) == 2, "the bright one is left out, it may have been cut off at white"
    assert max(narrow) < 0.6 < 0.7 < min(wide)
    assert len(widths(field([]))) == 0


def test_the_peaks_with_which_pictures_were_drawn_are_found_again(tmp_path: Path) -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96-student"), "cpu", "fp32")
    settings, card, wanted = generator.network.settings, generator.card, CANDIDATES[-2]
    assert wanted
    generator.network.settings = replace(settings, peaks=asdict(wanted))
    chosen = (2, 4)
    drawn = np.concatenate(
        [pictures_of_class(generator, i, range(FIRST_SEED + 1_000 * i, FIRST_SEED + 1_000 * i + 6)) for i in chosen]
    )
    generator.network.settings = settings
    real = drawn_set(tmp_path, drawn, [card.classes[i] for i in chosen for _ in range(6)], generator)
    assert fitting_peaks(generator, real, per_class=6) == asdict(wanted)
    assert generator.network.settings == settings


def test_the_sharpness_of_a_sets_stars_is_found_and_too_few_stars_say_nothing(tmp_path: Path) -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96"), "cpu", "fp32")
    settings, names = generator.network.settings, generator.card.classes
    assert settings.sharpness
    chosen = (2, 3)
    generator.network.settings = replace(settings, sharpness=1.25)
    drawn = np.concatenate(
        [pictures_of_class(generator, i, range(SHARP_SEED + 1_000 * i, SHARP_SEED + 1_000 * i + 12)) for i in chosen]
    )
    generator.network.settings = replace(settings, sharpness=0.0)
    real = drawn_set(tmp_path, drawn, [names[i] for i in chosen for _ in range(12)], generator)
    assert fitting_sharpness(generator, real, per_class=12) == pytest.approx(1.25, abs=0.1)
    assert fitting_sharpness(generator, real, per_class=1) == 0
