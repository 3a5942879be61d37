"""Training: what a person would lose is an evening of it, or a network that learnt from what it must not see."""

from __future__ import annotations

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
from blobs import ABOUT, TINY, pictures_of
from safetensors.torch import load_file
from test_families import prepared
from tiny import drawn_roughly

from render.classify import CLASSES
from render.display import DisplayMapping
from render.errors import NonesuchError, UsageError
from render.generators import load_generator
from render.generators.flow import Conditioning, FlowGenerator
from render.generators.network import NetworkSettings
from render.generators.samplers import RENEWED_BELOW, SAMPLERS, passes, renewed, reordered, times
from render.recipe import Recipe
from render.training.checkpoint import step_generator
from render.training.dataset import TrainingSet
from render.training.examples import Ahead, Example, example
from render.training.flow import FlowSettings, FlowTraining, Sketched, favouring
from render.training.grafting import grafted
from render.training.pool import Pictures
from render.training.run import train
from render.training.shipping import Description, gather, train_generator
from render.training.sketch import sketches
from render.weights import Card, find_weights, load_card, shipped_weights, verify


@pytest.fixture(scope="module", autouse=True)
def _roughly() -> Iterator[None]:
    with drawn_roughly():  # nothing below is about how good pictures look
        yield


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
    assert (out / "sheet.jpg").stat().st_size > 0
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


@pytest.mark.slow
def test_a_run_goes_on_at_another_size_and_with_pictures_of_another_kind(run: Path, tmp_path: Path) -> None:
    """Weights of 24 px of the sky, for plain pictures of 16 px with other classes, at once and in two."""
    others, small = prepared(tmp_path / "set"), replace(TINY, channels=(), steps=2)
    for zoom, side in ((1, 16), (2, 8)):
        mapping, out = DisplayMapping.plain(), tmp_path / f"out{zoom}"
        start = run / "weights"
        card = train_generator(
            others, tmp_path / f"run{zoom}", out, small, ABOUT, start=start, mapping=mapping, zoom=zoom
        )
        known = load_card(start)
        assert (card.size, card.network["size"], card.network["zoom"], card.classes) == (
            16,
            side,
            zoom,
            ["bar", "disc"],
        )
        assert card.network["channels"] == known.network["channels"], "theirs, since none were asked for"
        assert card.training.steps == known.training.steps + 2
        assert FlowGenerator.load(out, "cpu", "fp32").network.settings.spreads, (
            "folded by frequencies, as plain ones are"
        )


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


def test_without_any_label_the_classes_are_the_classifiers(blobs: Path, tmp_path: Path) -> None:
    """It named every picture, for minutes, and the network then knew one class, 'picture'."""
    unlabelled = shutil.copytree(blobs, tmp_path / "unlabelled")
    text = re.sub("lenticular|elliptical", "", (blobs / "index.csv").read_text())
    (unlabelled / "index.csv").write_text(text)
    _, named = gather(unlabelled, tmp_path / "run", DisplayMapping(), find_weights("galaxy-classifier"))
    assert named.class_names == list(CLASSES)
    assert np.allclose(named.classes.sum(axis=1), 1)
    _, plain = gather(unlabelled, tmp_path / "run", DisplayMapping())
    assert plain.class_names == ["picture"]


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


def test_display_mapping_turns_the_sky_black_and_back(tmp_path: Path) -> None:
    mapping = DisplayMapping()
    picture = np.full((24, 24, 3), (21, 19, 24), dtype=np.uint8)
    picture[8:16, 8:16] = (200, 150, 90)
    data = mapping.to_data(picture)
    assert np.allclose(data[:, 0, 0], -1, atol=1e-6)
    assert (mapping.to_display(data)[0, 0] == 0).all()
    linear = (picture[10, 10] / 255 - mapping.sky(picture)) / (1 - mapping.sky(picture))
    assert np.allclose(mapping.to_linear(data)[:, 10, 10], linear, atol=1e-5)


def test_a_new_class_begins_as_none_a_new_source_as_those_that_are_known(blobs: Path, run: Path) -> None:
    pool = Sketched(replace(pictures_of(blobs), class_names=["lenticular", "round"], source_names=["mine"]))
    old = load_file(run / "weights/model.safetensors")
    new = grafted(run / "weights", pool, 4, DisplayMapping()).tensors
    assert torch.equal(new["classes.weight"], old["classes.weight"][[1, 2, 2]].to(new["classes.weight"].dtype))
    assert torch.equal(new["sources.weight"], old["sources.weight"]), "one source was known: the new one begins as that"


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
