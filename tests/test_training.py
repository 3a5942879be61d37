"""Training: what a person would lose is an evening of it, or a network that learnt from what it must not see."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import killing
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy.ndimage import gaussian_filter
from tiny import drawn_roughly

from render.display import DisplayMapping
from render.errors import NonesuchError, UsageError
from render.generators import load_generator
from render.generators.flow import Conditioning, FlowGenerator, path
from render.generators.network import NetworkSettings
from render.generators.samplers import RENEWED_BELOW, SAMPLERS, passes, renewed, reordered, times
from render.plausibility.watching import CHANCE, Watch, by_chance
from render.recipe import Recipe
from render.training.checkpoint import step_generator
from render.training.dataset import TEST_FOLD, TrainingSet
from render.training.examples import Ahead, Example, example
from render.training.flow import FlowSettings, FlowTraining, Sketched, favouring
from render.training.pool import Pictures
from render.training.run import train
from render.training.shipping import Description, card_of, grafted, train_generator
from render.training.sketch import sketches
from render.training.student import Teacher
from render.weights import Card, Sampling, find_weights, load_card, save_card, shipped_weights, verify

TINY = FlowSettings(steps=4, batch=4, warmup=2, checkpoint_every=2, channels=(32, 64), precision="fp32")
ABOUT = Description("tiny", "blob", "synthetic blobs")


@pytest.fixture(scope="module", autouse=True)
def _roughly() -> Iterator[None]:
    with drawn_roughly():  # nothing below is about how good pictures look
        yield


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of 40 round and long blobs on a grey sky, folds 0 to 9, in the format of `nonesuch prepare`."""
    folder = tmp_path_factory.mktemp("blobs")
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    images, rows = [], []
    for i in range(40):
        long = i % 2
        light = np.exp(-(x**2 + y**2 * (1 + 8 * long)) * 6)[..., None] * [220, 200, 160 + i]
        images.append(np.clip(20 + light, 0, 255).astype(np.uint8))
        label = "lenticular" if long else "elliptical"
        rows.append({"file": f"{i}.png", "source": "made", "label": label, "fold": str(i // 2 % 10)})
    np.save(folder / "images.npy", np.stack(images))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "source", "label", "fold", "licence", "attribution"])
        writer.writeheader()
        writer.writerows({**row, "licence": "CC0-1.0", "attribution": "nobody"} for row in rows)
    return folder


@pytest.fixture(scope="module")
def run(blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run's folder, with the weights that came of it under `weights`."""
    folder = tmp_path_factory.mktemp("run")
    train_generator(blobs, folder, folder / "weights", TINY, ABOUT)
    return folder


def pictures_of(folder: Path) -> Pictures:
    return Pictures.load(TrainingSet.open(folder), DisplayMapping(), None, ["elliptical", "lenticular"])


def trained(
    pictures: Pictures, run: Path, settings: FlowSettings, stop: Callable[[], bool] = lambda: False
) -> FlowTraining:
    """To the last step, going on from what lies in `run`."""
    training = FlowTraining(pictures, run, settings)
    train(training, stop=stop)
    return training


def test_a_run_that_was_killed_goes_on_to_exactly_the_same_weights(blobs: Path, tmp_path: Path) -> None:
    pictures = pictures_of(blobs)
    whole = trained(pictures, tmp_path / "whole", TINY)
    calls = iter([False, False, False, True])  # ends after three steps; the third is lost with the process
    trained(pictures, tmp_path / "killed", TINY, stop=lambda: next(calls))
    again = trained(pictures, tmp_path / "killed", TINY)
    assert again.step == whole.step == 4
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, again.average.state_dict()[name]), name
    assert (tmp_path / "whole/loss.csv").read_text() == (tmp_path / "killed/loss.csv").read_text()


def test_examples_made_ahead_are_those_of_their_steps(blobs: Path) -> None:
    """A run on a GPU must be the run that a CPU would have done, or no checkpoint could be carried to the other."""
    pool, net = Sketched(pictures_of(blobs)), NetworkSettings(size=24, classes=2, sources=1)

    def make(step: int) -> Example:
        return example(pool, net, TINY, step_generator(0, step))

    ahead = Ahead(make, threads=2)
    for step in (0, 1, 2, 3, 7):
        plain, early = make(step), ahead(step)
        assert all(torch.equal(getattr(plain, one.name), getattr(early, one.name)) for one in fields(Example))
    ahead.close()


def test_the_test_fold_and_the_tuning_fold_are_never_trained_on(blobs: Path) -> None:
    training_set = TrainingSet.open(blobs)
    assert set(training_set.folds[training_set.training()]) == {0, 3, 4, 5, 6, 7, 8, 9}
    assert len(pictures_of(blobs).data) == 32


def test_a_trained_folder_is_whole_verified_and_makes_pictures(run: Path) -> None:
    out = run / "weights"
    verify(out)
    card = load_card(out)
    assert card.classes == ["elliptical", "lenticular"]
    assert card.training.folds == [0, 3, 4, 5, 6, 7, 8, 9]
    assert card.training.credits[0].name == "nobody"
    assert card.training.images_seen == 16
    assert card.quality["generated"] == 32
    assert card.quality["spectrum_error"]["real"]["all"] < card.quality["spectrum_error"]["generated"]["all"]
    assert all(tensor.dtype == torch.float16 for tensor in load_file(out / "model.safetensors").values())
    assert (out / "sheet.png").stat().st_size > 0
    assert (run / "loss.png").stat().st_size > 0
    generator = load_generator(out)
    classes = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    sources = torch.tensor([[1.0, 0], [1, 0]])
    steering = Conditioning(classes, sources, torch.zeros(2, 1, 24, 24), torch.zeros(2), "ab2", 3, 1.5)
    data = generator.images(steering, torch.randn(2, *generator.noise_shape))
    assert data.shape == (2, 3, 24, 24)
    assert torch.isfinite(data).all()


class Anxious:
    """A watch that sees a copy everywhere."""

    seen = False

    def look(self, training: object, card: Card) -> None:
        self.seen = True

    def copies(self) -> bool:
        return self.seen

    def take_back(self, training: object) -> dict[str, float]:
        return {"near_copies": 0.5}


@pytest.mark.slow
def test_a_run_begins_from_finished_weights_and_the_card_counts_both(blobs: Path, run: Path, tmp_path: Path) -> None:
    first, second = run / "weights", tmp_path / "second"
    still = replace(TINY, rate=0.0)
    train_generator(blobs, tmp_path / "run2", second, still, ABOUT, start=first)
    old, new = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    assert all(torch.allclose(old[name], new[name], atol=1e-3) for name in old), "a rate of 0 changes nothing"
    assert load_card(second).training.images_seen == 32
    assert load_card(second).training.steps == 8
    ended = train_generator(blobs, tmp_path / "run3", second, still, ABOUT, start=first, watch=lambda given: Anxious())
    assert ended.training.steps == 4 + 2, "it ends at the first checkpoint that its watch dislikes"
    assert ended.quality["watched"] == {"near_copies": 0.5}
    with pytest.raises(NonesuchError, match="channels"):
        train_generator(blobs, tmp_path / "run4", second, replace(TINY, channels=(32, 96)), ABOUT, start=first)


@pytest.mark.parametrize("precision", ["auto", "bf16"])
def test_half_precision_trains_and_ends_in_finite_weights(blobs: Path, tmp_path: Path, precision: str) -> None:
    training = trained(pictures_of(blobs), tmp_path / "run", replace(TINY, steps=1, precision=precision))
    assert training.precision in (["bf16"] if precision == "bf16" else ["bf16", "fp32"])
    assert all(torch.isfinite(value).all() for value in training.average.state_dict().values())


def _one_of_two(rank: int, port: int, folder: Path, blobs: Path) -> None:
    """A process as `torchrun` and `accelerate launch` start it: all that they give is in its environment."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in place.items()} | {"MASTER_ADDR": "127.0.0.1"})
    settings = replace(TINY, steps=3)
    with drawn_roughly():
        train_generator(blobs, folder / "run", folder / "both", settings, Description("both", "blob", "blobs"))


@pytest.mark.slow
def test_two_processes_train_one_network_on_pictures_of_their_own(blobs: Path, tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    processes = [killing.forked(_one_of_two, rank, port, tmp_path, blobs) for rank in range(2)]
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0, 0]
    assert load_card(tmp_path / "both").training.images_seen == 24
    alone = trained(pictures_of(blobs), tmp_path / "alone", replace(TINY, steps=3))
    both = load_file(tmp_path / "both/model.safetensors")
    assert any(not torch.equal(value.half(), both[name]) for name, value in alone.average.state_dict().items())
    lines = (tmp_path / "run/loss.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["0", "1", "2"], "one process keeps the account"


def test_a_favoured_source_is_drawn_three_times_as_often_or_alone(blobs: Path) -> None:
    pictures = replace(pictures_of(blobs), source_names=["here", "there"], sources=np.arange(32) % 2)
    drawn = [pictures, *(favouring(pictures, FlowSettings(favoured="there", alone=alone)) for alone in (False, True))]
    before, after, alone = (np.bincount(p.sources, p.chance) for p in drawn)
    assert after[1] / after[0] == pytest.approx(3 * before[1] / before[0])
    assert list(alone) == pytest.approx([0, 1])
    with pytest.raises(NonesuchError, match="sources are here, there"):
        favouring(pictures, FlowSettings(favoured="nowhere"))


def test_tampered_weights_are_refused(run: Path, tmp_path: Path) -> None:
    out = shutil.copytree(run / "weights", tmp_path / "weights")
    with (out / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(NonesuchError, match="sha256 differs"):
        load_generator(out)


def test_unlabelled_pictures_without_a_classifier_are_refused(blobs: Path, tmp_path: Path) -> None:
    unlabelled = shutil.copytree(blobs, tmp_path / "unlabelled")
    text = (blobs / "index.csv").read_text().replace("39.png,made,lenticular", "39.png,made,")
    (unlabelled / "index.csv").write_text(text)
    with pytest.raises(NonesuchError, match="--classifier"):
        pictures_of(unlabelled)


def test_a_folder_that_is_no_training_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(NonesuchError, match="nonesuch prepare"):
        TrainingSet.open(tmp_path)


def test_sketches_follow_the_picture_and_leave_the_sky_empty(blobs: Path) -> None:
    data = torch.from_numpy(pictures_of(blobs).data.astype(np.float32))
    drawn = sketches(data, torch.Generator().manual_seed(0))
    assert drawn.shape == (32, 1, 24, 24)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    middle, corner = drawn[:, :, 10:14, 10:14].mean(), drawn[:, :, :3, :3].mean()
    assert middle > 0.5
    assert corner < 0.2


@pytest.mark.parametrize("name", ["euler", "heun", "ab2"])
def test_a_sampler_follows_a_known_field(name: str) -> None:
    """dx/dt = x from t = 1 to 0 ends at x / e; the error falls with the order that the sampler claims."""
    start = torch.ones(1, dtype=torch.float64)
    errors = [abs(float(SAMPLERS[name](lambda x, t: x, start, times(n, 2.5), None)) - np.exp(-1)) for n in (16, 32)]
    assert errors[1] < errors[0] / (1.8 if name == "euler" else 3.2)


def test_the_ancestral_sampler_ends_where_the_network_points_and_renews_its_noise_late() -> None:
    noise = torch.randn(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    target = torch.linspace(-1, 1, 24).expand(2, 3, 24, 24)
    seen: list[torch.Tensor] = []
    ended = SAMPLERS["ancestral"](lambda x, t: (x - target) / t, noise, times(16, 2.5), lambda i, x: seen.append(x))
    assert torch.allclose(ended, target, atol=1e-5)
    path = times(16, 2.5)
    late = [i for i, t in enumerate(path[:-1]) if t < RENEWED_BELOW]
    assert 0 < len(late) < len(path) - 1
    held = noise
    for i, (t, s) in enumerate(pairwise(path[:-1])):
        if i in late:
            share = renewed(t, s) / s
            held = (1 - share**2) ** 0.5 * held + share * reordered(noise, i)
        assert torch.allclose(seen[i], (1 - s) * target + s * held, atol=1e-5)
    assert float((held * noise).mean()) < 0.95 * float((noise**2).mean()), "a part of the noise is new"
    first, second = reordered(noise, 0), reordered(noise, 1)
    for fresh in (first, second):
        assert torch.equal(fresh.flatten(1).sort(1).values, noise.flatten(1).sort(1).values), "a permutation"
    assert abs(float((first * second).mean())) < 0.1
    assert abs(float((first * noise).mean())) < 0.1


def test_euler_agrees_with_diffusers_own_scheduler() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    path = times(6, 2.5)
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=path[:-1])
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    ours = SAMPLERS["euler"](lambda y, t: torch.sin(y) + t, x, path, None)
    theirs = x
    for t, sigma in zip(scheduler.timesteps, path, strict=False):
        theirs = scheduler.step(torch.sin(theirs) + sigma, t, theirs).prev_sample
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_the_default_sampler_needs_at_most_24_passes() -> None:
    from render.training.samples import DEFAULT_SAMPLING as default

    nothing = torch.zeros(1)
    steering = Conditioning(nothing, nothing, nothing, nothing, default.sampler, default.steps, default.guidance)
    assert passes(default.sampler, default.steps) < steering.passes() <= 24
    for name in shipped_weights():
        card = load_card(find_weights(name))
        if card.family == "flow" and card.sampling:
            ours, below = card.sampling, card.network.get("expert", {}).get("below", 0.0)
            shipped = replace(steering, sampler=ours.sampler, steps=ours.steps, guidance=ours.guidance, below=below)
            assert shipped.passes() <= 24, name


@pytest.mark.parametrize(("steps", "own"), [(12, 6), (8, 4), (1, 1)])
def test_an_expert_takes_half_as_many_steps_again_and_ends_at_nought(steps: int, own: int) -> None:
    whole, with_expert = path(steps), path(steps, 0.4)
    upper = [t for t in whole if t >= 0.4]
    assert with_expert[: len(upper)] == upper
    assert len(with_expert) == len(upper) + own + 1
    assert all(a > b for a, b in pairwise(with_expert))
    assert with_expert[-1] == 0


def test_display_mapping_turns_the_sky_black_and_back(tmp_path: Path) -> None:
    mapping = DisplayMapping()
    picture = np.full((24, 24, 3), (21, 19, 24), dtype=np.uint8)
    picture[8:16, 8:16] = (200, 150, 90)
    data = mapping.to_data(picture)
    assert np.allclose(data[:, 0, 0], -1, atol=1e-6)
    assert (mapping.to_display(data)[0, 0] == 0).all()
    linear = (picture[10, 10] / 255 - mapping.sky(picture)) / (1 - mapping.sky(picture))
    assert np.allclose(mapping.to_linear(data)[:, 10, 10], linear, atol=1e-5)


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
    others = shutil.copytree(run / "weights", tmp_path / "others")
    save_card(others, load_card(others).model_copy(update={"classes": ["elliptical", "irregular"]}))
    with pytest.raises(NonesuchError, match="cannot teach these pictures: classes"):
        train_generator(blobs, tmp_path / "no.run", tmp_path / "no", TINY, ABOUT, teacher=others)
    with pytest.raises(UsageError, match="a student draws pixels at once"):
        train_generator(blobs, tmp_path / "no.run", tmp_path / "no", replace(TINY, expert=True), ABOUT, teacher=others)


def test_weights_that_learn_their_own_guidance_cost_half(blobs: Path, run: Path, tmp_path: Path) -> None:
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


def test_a_new_class_begins_as_none_and_a_known_one_as_itself(blobs: Path, run: Path) -> None:
    pool = Sketched(replace(pictures_of(blobs), class_names=["lenticular", "round"], source_names=["mine"]))
    old, new = load_file(run / "weights/model.safetensors"), grafted(run / "weights", pool)
    assert torch.equal(new["classes.weight"], old["classes.weight"][[1, 2, 2]].to(new["classes.weight"].dtype))
    assert torch.equal(new["sources.weight"], old["sources.weight"][[1, 1]].to(new["sources.weight"].dtype))


@pytest.fixture
def each(blobs: Path, tmp_path: Path) -> Path:
    """Like `blobs`, which are alike; here no picture is like another."""
    folder = shutil.copytree(blobs, tmp_path / "each")
    coarse = np.random.default_rng(0).integers(0, 255, (40, 6, 6, 3), dtype=np.uint8)
    fine = [np.asarray(Image.fromarray(one).resize((24, 24), Image.Resampling.BICUBIC)) for one in coarse]
    np.save(folder / "images.npy", np.stack(fine))
    return folder


class Watched:
    """A training under a real watch with the detector that ships; `draws` puts pictures in its generator's place."""

    def __init__(self, folder: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.run, self.said = folder, run, list[str]()
        self.pictures = pictures_of(folder).data.astype(np.float32)
        self.training = FlowTraining(pictures_of(folder), run, TINY)
        self.card = card_of(self.training, TrainingSet.open(folder), DisplayMapping(), ABOUT)
        self._monkeypatch, self._honest = monkeypatch, FlowTraining.generator
        self.watch = self.begun()

    def begun(self) -> Watch:
        detector = find_weights("galaxy-copydetector")
        return Watch(TrainingSet.open(self.folder), DisplayMapping(), detector, self.run, 16, self.said.append)

    def draws(self, shown: np.ndarray) -> None:
        def generator(training: FlowTraining, card: Card) -> FlowGenerator:
            made, rest = self._honest(training, card), iter(torch.from_numpy(shown.astype(np.float32)))
            self._monkeypatch.setattr(made, "images", lambda _, noise: torch.stack([next(rest) for _ in noise]))
            return made

        self._monkeypatch.setattr(FlowTraining, "generator", generator)

    def look(self) -> str:
        """The verdict of a look at the next step."""
        self.training.advance()
        self.watch.look(self.training, self.card)
        return self.said[-1].partition("; ")[2]


@pytest.mark.slow
def test_a_watched_training_ends_before_it_copies(each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs a copy of somebody's picture as "does not exist" has the trouble, and never knew."""
    watched = Watched(each, tmp_path, monkeypatch)
    assert watched.look() == "no sign of copying"
    good = load_file(tmp_path / "watched.safetensors")
    turned = watched.pictures[:16, :, ::-1].transpose(0, 1, 3, 2) * 0.9 - 0.1  # by heart, a quarter circle further
    noise = np.random.default_rng(1).standard_normal(turned.shape)
    watched.draws(np.concatenate([turned[:3], noise[3:]]))
    assert watched.look() == "no sign of copying", "three of sixteen are hardly more than luck has"
    watched.draws(turned)
    assert watched.look() == "it begins to copy"
    again = watched.begun()
    assert again.copies(), "a run that was killed here does not go on"
    told = again.take_back(watched.training)
    assert (told["near_copies"], watched.training.step) == (0, 1), "with hindsight the three were copies too"
    assert 3 / 16 <= told["by_chance"] < 1 / 2
    average = watched.training.average.state_dict()
    assert all(torch.equal(value, good[name]) for name, value in average.items())
    (tmp_path / "watched.json").unlink()
    late = watched.begun()
    late.look(watched.training, watched.card)
    with pytest.raises(NonesuchError, match="copies already"):
        late.take_back(watched.training)


@pytest.mark.slow
def test_a_watched_training_goes_on_while_its_pictures_are_unformed_or_new(
    each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins from weights of something else would get the noise of the first checkpoint for a model."""
    watched, random = Watched(each, tmp_path, monkeypatch), np.random.default_rng(1)
    noise = random.standard_normal((16, 3, 24, 24))
    mean = watched.pictures.mean(axis=0)
    held_out = TrainingSet.open(each).images[TrainingSet.open(each).folds == TEST_FOLD]
    unseen = np.stack([DisplayMapping().to_data(one) for one in held_out])
    for shown in (
        noise,
        gaussian_filter(noise, (0, 0, 2, 2)) * 4 - 0.5,  # blur
        np.repeat(np.repeat(noise[..., ::4, ::4], 4, axis=2), 4, axis=3),  # what a network begins with, cell by cell
        mean + noise / 10,
        gaussian_filter(watched.pictures[:16], (0, 0, 6, 6)),  # the light of training pictures, and no shape
        np.resize(unseen, (16, 3, 24, 24)),
    ):
        watched.draws(shown)
        assert watched.look() == "no sign of copying", watched.said[-1]


@pytest.mark.parametrize(("drawn", "real", "above"), [(16, 36, 1), (64, 160, 1), (64, 512, 5)])
def test_chance_alone_seldom_ends_a_training(drawn: int, real: int, above: int) -> None:
    """Where pictures are like real ones, every look is a lottery: one in a hundred may lose, and hardly fewer do."""
    order = np.random.default_rng(0).random((20_000, drawn + real))
    bar = np.sort(order[:, drawn:], axis=1)[:, -1 - above]
    found = (order[:, :drawn] > bar[:, None]).sum(axis=1)
    allowed = by_chance(drawn, real, above)
    spread = 3 * (CHANCE / len(order)) ** 0.5  # three standard deviations of a share that rare
    assert (found > allowed).mean() < CHANCE + spread
    assert (found >= allowed).mean() > CHANCE - spread


def test_a_set_of_one_fold_cannot_be_watched(each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = each / "index.csv"
    index.write_text(re.sub(r",\d,", ",3,", index.read_text()))
    with pytest.raises(NonesuchError, match="0 pictures can be compared"):
        Watched(each, tmp_path, monkeypatch)


def test_the_twin_holds_the_networks_own_tensors_and_pays_no_attention(run: Path) -> None:
    """Weights in memory twice would halve what fits on a device; a twin that attends would guide to nowhere."""
    generator = FlowGenerator.load(run / "weights", "cpu", "fp32")
    network, twin = generator.network, generator.twin
    assert all(a is b for a, b in zip(network.parameters(), twin.parameters(), strict=True))
    x = torch.randn(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    steering = (torch.eye(3)[:1], torch.eye(2)[:1], torch.zeros(1, 1, 24, 24), torch.zeros(1))
    with torch.inference_mode():
        own, blind = (one(x, torch.tensor([0.5]), *steering) for one in (network, twin))
        assert not torch.allclose(own, blind, atol=1e-4)
        for module in network.modules():
            if hasattr(
                module, "to_q"
            ):  # where all keys are alike, attention is a mean; where there are no values, nothing
                module.to_v.weight.zero_()
                module.to_v.bias.zero_()
        own, blind = (one(x, torch.tensor([0.5]), *steering) for one in (network, twin))
    assert torch.allclose(own, blind, atol=1e-5), "nothing but attention tells the two apart"


def test_guidance_away_from_inattention_costs_no_more_passes_and_belongs_to_the_recipe() -> None:
    plain = Recipe("flow", "0" * 64, 3, "ancestral", 16, 1.5, 24)
    assert replace(plain, away="attention").id != plain.id
    assert b"away" not in plain.canonical()
    with pytest.raises(UsageError, match="leads away"):
        Recipe.from_json(plain.as_json() | {"away": "taste"})
