"""Spiral arms that nobody drew: which galaxies have them, what they look like, and that nothing else moves."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_weights

from render.bake.about import _after_arms
from render.generators import arms
from render.generators.flow import FlowGenerator
from render.noise import normals
from render.recipe import Recipe
from render.training.arms import arms_seen
from render.training.dataset import TrainingSet

SHARES = [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0]
MID = torch.eye(8)[3]
ARMED, PLAIN = (next(s for s in range(100) if arms.has_arms(s, SHARES, MID) is wanted) for wanted in (True, False))


@pytest.fixture
def generator(tmp_path: Path) -> FlowGenerator:
    return FlowGenerator.load(tiny_weights(tmp_path / "weights", size=48, arms=SHARES), "cpu", "fp32")


def recipe(seed: int, kind: str = "spiral_mid") -> Recipe:
    return Recipe("flow", "0" * 64, seed, "ab2", 3, 1.5, 48, class_name=kind, source="efigi")


def test_as_many_as_asked_for_are_drawn_after_arms() -> None:
    count = 2_000
    for classes, share in ((MID, 0.5), (torch.eye(8)[0], 0.0), (torch.eye(8)[7], 0.5 / 7)):
        found = sum(arms.has_arms(seed, SHARES, classes) for seed in range(count)) / count
        assert found == pytest.approx(share, abs=4 * math.sqrt(0.25 / count)), "the last class is none, the mean of all"
    assert not any(arms.has_arms(seed, [], MID) for seed in range(20))


def test_arms_begin_at_the_nucleus_and_wind_outwards_on_a_logarithmic_spiral() -> None:
    """On a disc that is seen from above the logarithm of an arm's radius grows evenly with its angle."""
    chosen = [0.5] * arms.CHOICES
    chosen[1], chosen[10], chosen[11] = 1.0, 0.9, 0.9  # from above, two arms, no bar
    nucleus, *touches = arms.dots(chosen, 96)
    assert (nucleus.x, nucleus.y) == (0, 0)
    assert len(touches) == 2 * arms.DOTS
    for arm in (touches[: arms.DOTS], touches[arms.DOTS :]):
        radius = np.array([math.hypot(dot.x, dot.y) for dot in arm])
        angle = np.unwrap([math.atan2(dot.y, dot.x) for dot in arm])
        slope = np.polyfit(angle, np.log(radius), 1)[0]
        assert abs(slope) == pytest.approx(math.tan(math.radians(19)), rel=0.1)
        assert arms.RADIUS[0] * 96 * 0.5 < radius.max() < arms.RADIUS[1] * 96 * 1.12
    assert touches[0].x == pytest.approx(-touches[arms.DOTS].x, rel=0.1), "one begins across from the other"


def test_every_seed_has_arms_of_its_own() -> None:
    drawings = np.stack([arms.drawn(seed, 96) for seed in range(40)])
    assert drawings.shape == (40, 96, 96)
    assert drawings.min() >= 0
    assert drawings.max() == 1
    assert len({drawing.tobytes() for drawing in drawings}) == 40
    assert (arms.drawn(7, 96) == drawings[7]).all()
    assert {len(arms.dots(arms.choices(seed), 96)) for seed in range(40)} == {161, 201, 241}, "two, barred, or three"


def test_only_those_with_arms_are_drawn_otherwise_in_a_batch(generator: FlowGenerator) -> None:
    recipes = [recipe(ARMED), recipe(PLAIN), recipe(ARMED, "elliptical")]
    noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in recipes]))
    conditioning = generator.condition(recipes)
    assert conditioning.drawn.tolist() == conditioning.armed.tolist() == [1, 0, 0]
    assert torch.equal(conditioning.sketch[0, 0], torch.from_numpy(arms.drawn(ARMED, 48)))
    with_arms = generator.images(conditioning, noise)
    generator.network.settings = replace(generator.network.settings, arms=[])
    without = generator.images(generator.condition(recipes), noise)
    assert (with_arms[0] - without[0]).abs().max() > 0.01
    assert torch.equal(with_arms[1:], without[1:])


def test_a_persons_drawing_comes_before_arms(generator: FlowGenerator) -> None:
    generator.drawings = lambda name: torch.full((1, 48, 48), 0.5)
    given = generator.condition([replace(recipe(ARMED), sketch="0" * 64, strength=0.6)])
    assert given.armed.tolist() == [0]
    assert given.sketch.unique().numel() < 10


def test_a_walk_leads_from_arms_to_none_and_begins_and_ends_as_its_pictures_do(generator: FlowGenerator) -> None:
    one, other = (generator.condition([recipe(seed)]) for seed in (ARMED, PLAIN))
    for t, end in ((0.0, one), (1.0, other)):
        mixed = generator.mix(one, other, [t])
        assert torch.equal(mixed.sketch, end.sketch)
        assert torch.equal(mixed.drawn, end.drawn)
        assert torch.equal(mixed.armed, end.armed)
    half = generator.mix(one, other, [0.5])
    assert half.drawn.tolist() == half.armed.tolist() == [0.5], "nobody drew, so nothing is kept uneven"


def test_arms_are_counted_where_experts_saw_them(tmp_path: Path, generator: FlowGenerator) -> None:
    np.save(tmp_path / "images.npy", np.zeros((5, 48, 48, 3), np.uint8))
    told = [("3", "0.5", "0.25"), ("3", "0.75", "0.75"), ("3", "0.25", "0"), ("3", "-1", ""), ("1", "1", "0")]

    def seen(columns: list[str], rows: list[list[str]]) -> list[float]:
        with (tmp_path / "index.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "source", "label", "licence", "attribution", "fold", *columns])
            same = ["efigi", "spiral_mid", "CC0-1.0", "nobody"]
            writer.writerows([f"{i}.png", *same, *row] for i, row in enumerate(rows))
        return arms_seen(TrainingSet.open(tmp_path), generator.card)

    assert seen(["arm_strength", "inclination"], [list(row) for row in told]) == [0, 0, 0, 0.12, 0, 0, 0]
    assert seen([], [[row[0]] for row in told]) == []


def test_the_about_page_says_of_which_classes_how_many_are(generator: FlowGenerator) -> None:
    assert _after_arms(generator.card) == "spiral 50\u202f%"
    without = generator.card.model_copy(update={"network": {**generator.card.network, "arms": []}})
    assert _after_arms(without) == ""
