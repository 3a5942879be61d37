"""Galaxies as even about their nucleus as real ones: found where it is, taken back by as much as is too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from drawn import drawn_set

from render.generators.balance import EDGES, balanced, nucleus, uneven
from render.generators.flow import FlowGenerator
from render.noise import normals
from render.recipe import Recipe
from render.training.balance import FIRST_SEED, fitting_balance, unevenness
from render.training.samples import pictures_of_class
from render.weights import find_weights

Pictures = npt.NDArray[np.float32]
HALF = [[0.5] * (len(EDGES) - 1)]
ONLY = torch.tensor([[1.0, 0.0]])
NONE = torch.zeros(1)


def galaxy(row: float, column: float, beside: float = 0.0) -> Pictures:
    """(1, 3, 96, 96) in data space: a nucleus there, and its disc's middle by some pixels to the right of it."""
    y, x = np.mgrid[:96, :96]
    disc = 0.8 * np.exp(-np.hypot((y - row) / 0.6, x - column - beside) / 10)
    light = disc + 1.2 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.5**2)) - 1
    return np.repeat(light[None, None], 3, axis=1).astype(np.float32)


@pytest.mark.parametrize(("row", "column"), [(47.5, 47.5), (46.2, 49.9), (50.0, 45.25)])
def test_a_nucleus_is_found_between_pixels(row: float, column: float) -> None:
    assert nucleus(torch.from_numpy(galaxy(row, column)[0, 0]).double()) == pytest.approx((row, column), abs=0.05)
    odd, away = uneven(torch.from_numpy(galaxy(row, column)[0]).double())
    assert odd[:, away < 24].abs().max() < 0.02, "it is its own image"


def test_what_is_uneven_becomes_as_little_as_is_asked_for_and_far_away_nothing_changes() -> None:
    lopsided = galaxy(47.0, 46.4, 4.0)
    done = balanced(torch.from_numpy(lopsided), HALF, ONLY, NONE).numpy()
    before, after = unevenness(lopsided)[0], unevenness(done)[0]
    assert (before[1:5] > 0.02).all()
    assert after[1:5] / before[1:5] == pytest.approx([0.5] * 4, abs=0.06)
    y, x = np.mgrid[:96, :96]
    far = np.hypot(y - 47, x - 46.4) > 32
    assert (done[..., far] == lopsided[..., far]).all()


def test_a_star_stays_and_gets_no_image_across() -> None:
    picture = galaxy(47.5, 47.5)
    y, x = np.mgrid[:96, :96]
    picture += (0.6 * np.exp(-((y - 40) ** 2 + (x - 59) ** 2) / 2)).astype(np.float32)
    done = balanced(torch.from_numpy(picture), HALF, ONLY, NONE).numpy()
    assert abs(done - picture)[0, 0, 40, 59] < 0.04
    assert abs(done - picture)[0, 0, 55, 36] < 0.04


def test_what_is_even_and_what_was_drawn_by_hand_stay() -> None:
    even, lopsided = torch.from_numpy(galaxy(47.5, 47.5)), torch.from_numpy(galaxy(47.5, 47.5, 3.0))
    assert torch.allclose(balanced(even, HALF, ONLY, NONE), even, atol=1e-3)
    assert torch.allclose(balanced(lopsided, HALF, ONLY, torch.ones(1)), lopsided, atol=1e-6)
    assert balanced(lopsided, [], ONLY, NONE) is lopsided
    flat = torch.full((1, 3, 32, 32), -1.0)
    assert torch.allclose(balanced(flat, HALF, ONLY, NONE), flat, atol=1e-6), "without any nucleus"


def test_balance_knows_no_direction_and_no_neighbours() -> None:
    some = torch.from_numpy(np.concatenate([galaxy(46.0, 48.0, 3.0), galaxy(49.0, 47.2, -2.0)]))
    classes, free = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]), torch.tensor([0.0, 0.3])
    kept = [*HALF, [0.8] * (len(EDGES) - 1)]
    whole = balanced(some, kept, classes, free)
    assert torch.allclose(balanced(some.rot90(1, (2, 3)), kept, classes, free), whole.rot90(1, (2, 3)), atol=1e-5)
    assert balanced(some.flip(0), kept, classes.flip(0), free.flip(0)).flip(0).equal(whole)


def test_shipped_galaxies_are_balanced_unless_a_visitor_drew_them() -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96"), "cpu", "fp32")
    settings = generator.network.settings
    assert len(settings.balance) == len(generator.card.classes)
    ellipticals = unevenness(pictures_of_class(generator, 0, range(6)))
    sketch = np.zeros((96, 96), np.float32)
    recipe = Recipe(family="flow", weights="", seed=1, source="efigi", size=96, sampler="ab2", steps=4, guidance=1.0)
    plain = generator.condition([recipe])
    drawn = replace(plain, sketch=torch.from_numpy(sketch)[None, None], drawn=torch.ones(1))
    noise = torch.from_numpy(normals(1, generator.noise_shape))[None]
    by_hand = generator.images(drawn, noise)
    generator.network.settings = replace(settings, balance=[])
    assert np.median(ellipticals) < 0.8 * np.median(unevenness(pictures_of_class(generator, 0, range(6))))
    assert generator.images(drawn, noise).equal(by_hand)


def test_the_balance_of_a_set_is_found(tmp_path: Path) -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96"), "cpu", "fp32")
    settings, names = replace(generator.network.settings, balance=[]), generator.card.classes
    wanted = [[1.0] * (len(EDGES) - 1)] * len(names)
    wanted[0] = [0.4] * (len(EDGES) - 1)
    generator.network.settings = replace(settings, balance=wanted)
    drawn = pictures_of_class(generator, 0, range(FIRST_SEED, FIRST_SEED + 12))
    generator.network.settings = settings
    real = drawn_set(tmp_path, drawn, [names[0]] * 12, generator)
    found = fitting_balance(generator, real, per_class=12)
    assert found[0][1:5] == pytest.approx([0.4] * 4, abs=0.1)
    assert found[1:] == [[1.0] * (len(EDGES) - 1)] * (len(names) - 1), "of which there is no picture"
