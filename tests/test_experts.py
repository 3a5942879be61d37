"""Experts and students: what learns beside finished weights, or from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from blobs import ABOUT, TINY, pictures_of
from safetensors.torch import load_file
from tiny import drawn_roughly

from render.cli import run as cli
from render.display import DisplayMapping
from render.errors import NonesuchError, UsageError
from render.generators.flow import FlowGenerator, path
from render.recipe import Recipe
from render.training.checkpoint import step_generator
from render.training.examples import example
from render.training.flow import FlowSettings, Sketched
from render.training.shipping import train_generator
from render.training.student import SHAPE, Teacher
from render.weights import Sampling, load_card, save_card


@pytest.fixture(scope="module", autouse=True)
def _roughly() -> Iterator[None]:
    with drawn_roughly():  # nothing below is about how good pictures look
        yield


@pytest.mark.parametrize(("steps", "own"), [(12, 6), (8, 4), (1, 1)])
def test_an_expert_takes_half_as_many_steps_again_and_ends_at_nought(steps: int, own: int) -> None:
    whole, with_expert = path(steps), path(steps, 0.4)
    upper = [t for t in whole if t >= 0.4]
    assert with_expert[: len(upper)] == upper
    assert len(with_expert) == len(upper) + own + 1
    assert all(a > b for a, b in pairwise(with_expert))
    assert with_expert[-1] == 0


def test_an_expert_learns_alone_and_draws_the_last_steps(blobs: Path, run: Path, tmp_path: Path) -> None:
    """Weights that had changed beside their expert would need the trainings of both to be told apart again."""
    start = shutil.copytree(run / "weights", tmp_path / "start")
    chosen = Sampling(sampler="ancestral", steps=8, guidance=1.25)
    save_card(start, load_card(start).model_copy(update={"sampling": chosen}))
    card = train_generator(blobs, tmp_path / "run", tmp_path / "w", replace(TINY, expert=True), ABOUT, start=start)
    assert card.sampling is not None
    assert card.sampling.sampler == "ab2", "an expert needs no noise renewed"
    assert card.sampling.guidance == 1.25, "what was chosen for weights goes on with them"
    before, after = load_file(run / "weights/model.safetensors"), load_file(tmp_path / "w/model.safetensors")
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert {name for name in after if name not in before} == {name for name in after if name.startswith("expert.")}
    assert card.training.steps == 2 * TINY.steps

    generator = FlowGenerator.load(tmp_path / "w", "cpu", "fp32")
    network, expert = generator.network, generator.network.expert
    assert expert is not None
    assert network.at(0.4) is network.at(1.0) is network
    assert network.at(0.39) is network.at(0.0) is expert
    recipe = Recipe("flow", "0" * 64, 3, "ancestral", 8, 1.5, 24, class_name="elliptical", source="made")
    noise = torch.randn(1, *generator.noise_shape, generator=torch.Generator().manual_seed(0))
    finished = generator.images(generator.condition([recipe]), noise)
    network.expert = None
    assert not torch.equal(finished, generator.images(generator.condition([recipe]), noise)), "the expert drew nothing"


def test_a_network_beside_an_expert_learns_only_times_that_it_is_asked_for() -> None:
    """A third of its steps went into times at which the expert stands in for it."""
    settings = FlowSettings()
    everywhere = settings.times(20_000, torch.Generator().manual_seed(0))
    late = settings.times(20_000, torch.Generator().manual_seed(0), above=0.36)
    assert 0.36 <= late.min() < 0.37 < 0.99 < late.max() < 1
    parts = torch.tensor([0.1, 0.5, 0.9])
    assert torch.allclose(late.quantile(parts), everywhere[everywhere >= 0.36].quantile(parts), atol=0.01)


def test_a_teacher_answers_as_it_draws(blobs: Path, run: Path, tmp_path: Path) -> None:
    """Whatever a sampler would be told at a time is what a student learns: guided in the middle, by the expert late."""
    start = shutil.copytree(run / "weights", tmp_path / "start")
    chosen = Sampling(sampler="ab2", steps=8, guidance=1.5, away="attention")
    save_card(start, load_card(start).model_copy(update={"sampling": chosen}))
    train_generator(blobs, tmp_path / "run", tmp_path / "w", replace(TINY, expert=True), ABOUT, start=start)
    generator = FlowGenerator.load(tmp_path / "w", "cpu", "fp32")
    pool = Sketched(pictures_of(blobs))
    given = example(pool, generator.network.settings, TINY, step_generator(0, 0))
    times = torch.tensor([0.2, 0.5, 0.95, 0.5])
    classes = torch.eye(3)[[0, 1, 0, 2]]  # the last has none
    given = replace(given, times=times, classes=classes, drawn=torch.ones(4))
    answers = Teacher(generator).taught(given).velocity
    conditioning = generator.condition([Recipe("flow", "0" * 64, 3, "ab2", 8, 1.5, 24, away="attention")] * 4)
    parts = {name: getattr(given, name) for name in ("classes", "sources", "drawn")}
    conditioning = replace(conditioning, sketch=given.drawing, **parts)
    with torch.inference_mode():
        velocity = generator._velocity(conditioning, given.sources, given.drawing)
        for one, t in enumerate(times.tolist()):
            assert torch.allclose(answers[one], velocity(given.mixed, t)[one], atol=1e-5), t
    assert not torch.allclose(answers, given.velocity, atol=0.01)


def test_a_student_is_small_and_draws_in_eight_passes(blobs: Path, run: Path, tmp_path: Path) -> None:
    card = train_generator(blobs, tmp_path / "run", tmp_path / "w", TINY, ABOUT, teacher=run / "weights")
    assert "taught by weights, " in card.training.data
    generator = FlowGenerator.load(tmp_path / "w", "cpu", "fp32")
    sampling = card.sampling
    assert sampling is not None
    recipe = Recipe("flow", "0" * 64, 3, sampling.sampler, sampling.steps, sampling.guidance, 24)
    conditioning = generator.condition([recipe])
    assert conditioning.passes() == 8
    assert sum(t < 0.4 for t in conditioning.path[:-1]) == 3, "the last steps are dense, without an expert too"
    assert generator.images(conditioning, torch.randn(1, *generator.noise_shape)).isfinite().all()
    command = ["train", "flow", str(blobs), str(tmp_path / "on"), "--from", str(tmp_path / "w"), "--steps", "1"]
    assert cli([*command, "--batch", "4", "--precision", "fp32"]) == 0, "its shape need not be said"
    on = load_card(tmp_path / "on")
    assert {name: on.network[name] for name in SHAPE if name != "channels"} == {"fold": 3, "below": 0.4}
    assert (on.network["channels"], on.training.steps) == (card.network["channels"], 5)
    others = shutil.copytree(run / "weights", tmp_path / "others")
    save_card(others, load_card(others).model_copy(update={"classes": ["elliptical", "irregular"]}))
    with pytest.raises(NonesuchError, match="cannot teach these pictures: classes"):
        train_generator(blobs, tmp_path / "no.run", tmp_path / "no", TINY, ABOUT, teacher=others)
    save_card(
        others, load_card(run / "weights").model_copy(update={"display": DisplayMapping.named("plain").settings()})
    )
    with pytest.raises(NonesuchError, match="cannot teach these pictures: display"):
        train_generator(blobs, tmp_path / "no.run", tmp_path / "no", TINY, ABOUT, teacher=others)
    with pytest.raises(UsageError, match="a student draws pixels at once"):
        train_generator(blobs, tmp_path / "no.run", tmp_path / "no", replace(TINY, expert=True), ABOUT, teacher=others)


def test_weights_that_learn_their_own_guidance_need_no_second_pass(blobs: Path, run: Path, tmp_path: Path) -> None:
    start = shutil.copytree(run / "weights", tmp_path / "start")
    chosen = Sampling(sampler="ab2", steps=8, guidance=1.5, away="attention")
    save_card(start, load_card(start).model_copy(update={"sampling": chosen}))
    card = train_generator(blobs, tmp_path / "run", tmp_path / "w", TINY, ABOUT, start=start, teacher=start)
    assert card.sampling is not None
    assert (card.sampling.sampler, card.sampling.steps) == ("ab2", 8)
    assert (card.sampling.guidance, card.sampling.away) == (1.0, None)
    assert card.network["channels"] == load_card(start).network["channels"]
    assert card.training.steps == 2 * TINY.steps


def test_an_expert_stays_with_the_pictures_that_it_knows(blobs: Path, run: Path, tmp_path: Path) -> None:
    """How galaxies end would be drawn into somebody's own pictures; but of the same pictures it goes on to be right."""
    learned, settings = tmp_path / "w", replace(TINY, expert=True)
    train_generator(blobs, tmp_path / "run", learned, settings, ABOUT, start=run / "weights")
    card = train_generator(blobs, tmp_path / "on.run", tmp_path / "on", TINY, ABOUT, start=learned)
    old, new = load_file(learned / "model.safetensors"), load_file(tmp_path / "on/model.safetensors")
    assert card.network["expert"]
    assert all(torch.equal(old[name], new[name]) for name in old if name.startswith("expert."))
    assert not torch.equal(old["classes.weight"], new["classes.weight"])
    others = shutil.copytree(blobs, tmp_path / "others")
    np.save(others / "images.npy", 255 - np.load(others / "images.npy"))
    card = train_generator(others, tmp_path / "new.run", tmp_path / "new", TINY, ABOUT, start=learned)
    assert "expert" not in card.network
    with pytest.raises(UsageError, match="--from"):
        train_generator(blobs, tmp_path / "none.run", tmp_path / "none", settings, ABOUT)
