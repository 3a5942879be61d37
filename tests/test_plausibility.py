"""The plausibility report: what is like real pictures must not be told apart, and what is not must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.ndimage import gaussian_filter
from tiny import tiny_weights

from render.cli import cli
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.evidence.check import Evidence
from render.evidence.thumbnails import decoded
from render.plausibility.copied import copied
from render.plausibility.pictures import Sample, filed, same_mix, splits, turned
from render.plausibility.report import report
from render.plausibility.shape import MEASURES, gini, shapes
from render.weights import find_weights, load_card, verify

MAPPING = DisplayMapping()
CLASSES = ("elliptical", "spiral_late")


def galaxy(random: np.random.Generator, late: bool, size: int = 48) -> np.ndarray:
    """A disc with arms or a round one, a few stars and a noisy sky, (3, h, w) in data space."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    turn, tilt = random.uniform(0, np.pi), random.uniform(0.5, 1)
    u, v = x * np.cos(turn) + y * np.sin(turn), (y * np.cos(turn) - x * np.sin(turn)) / tilt
    radius = np.hypot(u, v)
    light = 0.9 * np.exp(-radius * random.uniform(4, 7))
    if late:
        light = light * (1 + 0.7 * np.cos(2 * np.arctan2(v, u) + 9 * radius))
    for cx, cy in random.uniform(-0.9, 0.9, (3, 2)):
        light = light + 0.3 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 0.002)
    planes = light[None] * random.uniform(0.7, 1, (3, 1, 1)) + random.normal(0, 0.01, (3, size, size))
    return MAPPING.from_linear(planes.astype(np.float32))


def pictures(seed: int, count: int) -> np.ndarray:
    """Half of each class."""
    random = np.random.default_rng(seed)
    return np.stack([galaxy(random, i >= count // 2) for i in range(count)])


def sample(generated: np.ndarray) -> Sample:
    pool = pictures(3, 120)
    names = np.repeat(CLASSES, 60)
    half = len(generated) // 2
    return Sample(generated, pictures(2, len(generated)), dict.fromkeys(CLASSES, half), pool, names)


def test_a_file_and_back_is_what_was_learned_from() -> None:
    """Otherwise trees tell real pictures by their eight bits, and by the sky that was measured and subtracted."""
    drawn, sky = pictures(5, 4), np.array([0.08, 0.07, 0.1], np.float32)
    through = np.stack([filed(one, MAPPING, sky) for one in drawn])
    assert np.abs(through - drawn.clip(MAPPING.floor, 1)).max() < 0.05
    assert len(np.unique(through[0, 0])) < 256 < len(np.unique(drawn[0, 0]))
    inner = np.ones((48, 48), bool)
    inner[4:-4, 4:-4] = False
    assert np.abs(np.median(through[:, :, inner], axis=-1) + 1).max() < 1e-6


def test_turned_pictures_are_the_same_ones_in_all_orientations() -> None:
    corner = np.zeros((400, 3, 8, 8), np.float32)
    corner[:, :, 0, 1] = 1
    places = {tuple(map(int, np.argwhere(one[0])[0])) for one in turned(corner, 1)}
    assert len(places) == 8
    assert turned(corner, 1).sum((1, 2, 3)) == pytest.approx(3.0)


def test_more_of_the_same_is_not_told_apart_and_blurred_ones_are() -> None:
    """Otherwise the report would praise softness, which is what gave the first galaxies away."""
    drawn = pictures(1, 60)
    alike = report(sample(drawn), MAPPING, count=20, tree_splits=1, network=False).figures
    assert sum(one["real_as_far"] == 0 for one in alike["distances"].values()) <= 2  # of 10, each one in twenty
    assert alike["trees"]["right_interval_95"][0] < 0.6
    blurred = np.stack([gaussian_filter(one, (0, 1, 1)) for one in drawn])
    softer = report(sample(blurred), MAPPING, count=20, tree_splits=1, network=False).figures
    assert softer["distances"]["fine spectrum"]["real_as_far"] == 0
    assert softer["trees"]["right"] > 0.9
    assert softer["between_classes"]["classes"] == list(CLASSES)


def test_shapes_are_what_their_names_say() -> None:
    random = np.random.default_rng(0)
    plain = [galaxy(random, late=False) for _ in range(6)]
    lopsided = [np.maximum(one, np.roll(one, 9, axis=2)) for one in plain]
    column = MEASURES.index("asymmetry")
    apart, alike = (shapes(np.stack(some), MAPPING)[:, column].mean() for some in (lopsided, plain))
    assert apart > 2 * alike
    assert gini(np.ones(50)) == pytest.approx(0)
    assert gini(np.eye(1, 50)[0]) == pytest.approx(1)
    empty = shapes(np.full((1, 3, 48, 48), -1, np.float32), MAPPING)[0]
    assert np.isnan(empty[:-1]).all()  # nothing is measured where nothing is


def test_both_sides_have_the_same_classes() -> None:
    real = {"a": 300, "b": 100, "c": 5}
    assert sum(same_mix(real, None, 81).values()) == 81
    assert same_mix(real, None, 81)["a"] == 60
    assert same_mix(real, {"a": 20, "b": 200}, 450) == {"a": 20, "b": 100}
    names = np.repeat(["a", "b"], [40, 7])
    for one, other in splits(names, {"a": 15, "b": 5}, 5):
        assert not set(one) & set(other)
        assert sorted(names[one]) == sorted(names[other]) == ["a"] * 15 + ["b"] * 3


def prepared(folder: Path, count: int = 40, size: int = 24) -> Path:
    folder.mkdir()
    random = np.random.default_rng(5)
    shown = [MAPPING.to_display(galaxy(random, i % 2 == 1, size)) // 2 + 20 for i in range(count)]
    np.save(folder / "images.npy", np.stack(shown))
    rows = [f"{i}.png,efigi,{CLASSES[i % 2]},{i // 2 % 2 + 1},CC0,a test" for i in range(count)]
    (folder / "index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    return folder


def test_copies_are_counted_by_a_judge_that_knows_the_pictures_and_by_no_other() -> None:
    folder, card = find_weights("galaxy-copydetector"), load_card(find_weights("galaxy-96"))
    evidence = Evidence.load(folder)
    known = np.stack([MAPPING.from_display(decoded(evidence.thumbnail(i))) for i in range(0, 700, 70)])
    told = copied(folder, card, known, pictures(1, 10), lambda what, done, of: None)
    assert told["generated"]["near_copies"] >= 8, "they are pictures that were learned from"
    assert told["generated"]["authentic"] < told["real"]["authentic"]
    assert told["real"]["pictures"] == 10
    other = card.model_copy(update={"training": card.training.model_copy(update={"pictures_sha256": "0" * 64})})
    assert copied(folder, other, known, known, lambda what, done, of: None) == {}


def test_the_command_writes_page_plots_and_card(tmp_path: Path) -> None:
    weights, real, page = tiny_weights(tmp_path / "tiny"), prepared(tmp_path / "set", 160), tmp_path / "quality.md"
    options = ["--n", "80", "--splits", "2", "--detector", "", "--out", str(page), "--card"]
    done = CliRunner().invoke(cli, ["report", str(weights), str(real), *options])
    assert done.exit_code == 0, done.output
    told = load_card(weights).quality["plausibility"]
    assert told["classes"] == {"elliptical": 40, "spiral_late": 40}
    assert told["network"]["right"] > 0.7  # noise beside galaxies
    verify(weights)
    text = page.read_text()
    assert "not the set that the generator learned from" in text
    assert "between 80 real pictures of elliptical and 80 real pictures of spiral_late" in text
    for plot in ("shapes", "spectrum", "distances", "told-apart"):
        assert (tmp_path / "quality" / f"{plot}.png").stat().st_size > 5000
        assert f"(quality/{plot}.png)" in text


def test_what_cannot_be_reported_on_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    real = prepared(tmp_path / "set", size=32)
    done = CliRunner().invoke(cli, ["report", "nothing-here", str(real)])
    assert isinstance(done.exception, NonesuchError)
    assert "neither a collection nor weights" in str(done.exception)
    done = CliRunner().invoke(cli, ["report", str(tiny_weights(tmp_path / "tiny")), str(real)])
    assert "holds pictures of 32 px and 'tiny' makes 24" in str(done.exception)
