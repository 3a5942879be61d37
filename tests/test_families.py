"""Families that draw in one pass: what a person would lose is an evening of training, or a model that draws nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators import Generator, load_generator
from render.generators.dcgan import DcganNetwork, NetworkSettings, stages
from render.noise import normals
from render.recipe import Recipe
from render.training.augment import LARGEST, Amount, augmented, colours, rotation
from render.training.dcgan import WIDTHS, DcganSettings, DcganTraining, Judge
from render.training.run import Run, train
from render.training.samples import samples
from render.training.shipping import Description, Job, Work, gather, train_family
from render.training.stylegan2 import StyleGan2Settings, StyleGan2Training
from render.training.vae import VaeSettings, VaeTraining, divergence, unseen
from render.weights import Card, load_card, save_card, verify

SIZE = 16
Begin = Callable[[Work], Run]


def prepared(folder: Path, labels: tuple[str, ...] = ("bar", "disc"), count: int = 40) -> Path:
    """A prepared set of bright bars and discs on black, in the format of `nonesuch prepare`."""
    folder.mkdir()
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    images, rows = [], []
    for i in range(count):
        wide = 1 + 12 * (i % 2)
        light = np.exp(-(x**2 + y**2 * wide) * (3 + i % 5))[..., None] * [250, 200, 60 + 4 * i]
        images.append(light.clip(0, 255).astype(np.uint8))
        rows.append([f"{i}.png", "made", labels[i % len(labels)], str(i // 2 % 10), "CC0-1.0", "nobody"])
    np.save(folder / "images.npy", np.stack(images))
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "source", "label", "fold", "licence", "attribution"], *rows])
    return folder


def dcgan(**more: Any) -> Begin:
    settings = DcganSettings(steps=4, batch=4, checkpoint_every=2, latent=6, width=4)
    return lambda work: DcganTraining(work.pictures, work.job.run, replace(settings, **more))


def vae(**more: Any) -> Begin:
    settings = VaeSettings(steps=4, batch=4, checkpoint_every=2, latent=6, width=8, anneal=3)
    return lambda work: VaeTraining(
        work.pictures, work.job.run, replace(settings, **more), unseen(work.training_set, work.mapping, work.pictures)
    )


def stylegan2(**more: Any) -> Begin:
    settings = StyleGan2Settings(steps=4, batch=4, checkpoint_every=2, latent=12, base=128, most=16, adjust=0.02)
    return lambda work: StyleGan2Training(work.pictures, work.job.run, replace(settings, **more))


FAMILIES = {"dcgan": dcgan, "vae": vae, "stylegan2": stylegan2}


def begun(source: Path, run: Path, begin: Begin, labelled: bool = True) -> Any:
    job = Job(source, run, run.with_name("out"), Description("tiny", "shape", "shapes"), labelled=labelled)
    mapping = DisplayMapping.plain()
    return begin(Work(job, *_split(job, mapping)))


def _split(job: Job, mapping: DisplayMapping) -> tuple[Any, DisplayMapping, Any]:
    training_set, pictures = gather(job.source, job.run, mapping, None, job.turns, job.labelled)
    return training_set, mapping, pictures


class Killed(BaseException):
    """The process is gone: nothing that was only in memory is left."""


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_that_was_killed_goes_on_to_exactly_the_same_weights(tmp_path: Path, family: str) -> None:
    source, begin = prepared(tmp_path / "set"), FAMILIES[family](steps=6)  # penalties fall on the steps 0 and 4
    whole = begun(source, tmp_path / "whole", begin)
    train(whole)

    def kill(step: int, *rest: float) -> None:
        if step == 3:  # the checkpoint is that of step 2
            raise Killed

    with pytest.raises(Killed):
        train(begun(source, tmp_path / "killed", begin), kill)
    again = begun(source, tmp_path / "killed", begin)
    assert again.step == 2
    train(again)
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, again.average.state_dict()[name]), name
    assert (tmp_path / "whole/loss.csv").read_text() == (tmp_path / "killed/loss.csv").read_text()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("labelled", [True, False])
def test_a_trained_folder_is_whole_and_draws_what_its_sheet_shows(tmp_path: Path, family: str, labelled: bool) -> None:
    out = tmp_path / "mine"
    about = Description("mine", "shape", "shapes")
    job = Job(prepared(tmp_path / "set"), tmp_path / "run", out, about, turns="mirror", labelled=labelled)
    train_family(job, FAMILIES[family]())
    verify(out)
    card = load_card(out)
    assert (card.family, card.size, card.display["name"]) == (family, SIZE, "plain")
    assert card.classes == (["bar", "disc"] if labelled else [])
    assert card.training.images_seen == 16
    assert card.quality["real"] > 0
    assert (tmp_path / "run/loss.png").stat().st_size > 0
    generator = load_generator(out)
    assert isinstance(generator, Generator)
    named = [Recipe(family, "0" * 64, seed, "none", 1, 1.0, SIZE, class_name=name) for seed, name in SEEDS[labelled]]
    noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in named]))
    data = generator.images(generator.condition(named), noise)
    assert data.shape == (2, 3, SIZE, SIZE)
    assert (out / "sheet.jpg").stat().st_size > 0
    sheet = np.asarray(Image.open(max((tmp_path / "run").glob("sheet-*.png")))).astype(int)
    first = card.mapping.to_display(data[0].numpy()).astype(int)
    # the sheet was drawn before the weights were rounded to half precision
    assert np.abs(sheet[:SIZE, :SIZE] - first).max() <= 2
    shown = sheet[-SIZE:, -SIZE:].astype(np.uint8)
    pictures = _split(job, DisplayMapping.plain())[2]
    of_it = pictures.data[pictures.classes[:, -1] == 1]
    assert any((shown == card.mapping.to_display(one)).all() for one in of_it), "a real one of its class ends the row"
    a, b = generator.condition(named[:1]), generator.condition(named[1:])
    halfway = generator.images(generator.mix(a, b, [0.0]), noise[:1])
    assert torch.allclose(halfway, data[:1], atol=1e-5)  # a walk begins at its first keyframe


SEEDS = {True: [(0, "bar"), (1, "disc")], False: [(0, None), (1, None)]}


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("dcgan", {"spectral": True, "steps": 40, "batch": 8}),
        ("vae", {"latent": 2, "beta": 4.0, "steps": 40, "batch": 8}),
        ("stylegan2", {"steps": 16}),
    ],
)
def test_a_few_steps_learn_something(tmp_path: Path, family: str, more: dict[str, Any]) -> None:
    """Pictures come nearer to real ones in their mean than noise was: gradients reach the network that ships."""
    more |= {"rate": 2e-3, "average": 0.5}
    training = begun(prepared(tmp_path / "set"), tmp_path / "run", FAMILIES[family](**more), labelled=False)
    real = torch.from_numpy(training.pictures.data.astype(np.float32)).clamp(-1, 1).mean(0)

    def distance() -> float:
        made = samples(training.generator(Card(name="t", family=family, size=SIZE)), 8)
        return float((torch.from_numpy(made).mean(0) - real).square().mean())

    before = distance()
    train(training)
    assert distance() < 0.85 * before


def test_a_dcgan_of_512_px_stays_far_below_100_million_numbers() -> None:
    for width in WIDTHS:
        for size in (64, 128, 256, 512):
            plan = NetworkSettings(channels=stages(size, width))
            assert plan.size == size
            with torch.device("meta"):
                networks = [DcganNetwork(plan), Judge(plan, spectral=False)]
            assert all(sum(p.numel() for p in network.parameters()) < 40_000_000 for network in networks)
    assert stages(64, 64) == (512, 256, 128, 64), "the tutorial's plan"


def test_the_divergence_is_that_of_two_normals() -> None:
    mean, spread = torch.tensor([[0.3, -1.0]]), torch.tensor([[0.2, -0.5]])
    found = torch.distributions.Normal(mean, torch.exp(spread / 2))
    prior = torch.distributions.Normal(torch.zeros(1, 2), torch.ones(1, 2))
    wanted = torch.distributions.kl_divergence(found, prior).sum(1)
    assert torch.allclose(divergence(mean, spread), wanted, atol=1e-6)


def test_reconstructions_are_shown_under_pictures_that_were_never_trained_on(tmp_path: Path) -> None:
    job = Job(prepared(tmp_path / "set"), tmp_path / "run", tmp_path / "out", Description("t", "shape", "shapes"))
    train_family(job, vae(steps=2))
    sheet = np.asarray(Image.open(max((tmp_path / "run").glob("reconstructions-*.png")))).astype(int)
    assert (tmp_path / "out/reconstructions.jpg").stat().st_size > 0
    real = np.load(job.source / "images.npy")[2]  # the first of fold 1
    assert np.abs(sheet[:SIZE, :SIZE] - real).max() <= 1  # once through half precision
    assert sheet.shape[0] == 2 * SIZE + 2


def test_what_a_family_cannot_learn_is_one_sentence(tmp_path: Path) -> None:
    source = prepared(tmp_path / "set")
    with pytest.raises(NonesuchError, match="2 to 512"):
        begun(source, tmp_path / "a", vae(latent=600))
    train(begun(source, tmp_path / "b", dcgan(steps=2)))
    with pytest.raises(NonesuchError, match="another training"):
        begun(source, tmp_path / "b", dcgan(width=8))
    images = np.load(source / "images.npy")
    np.save(source / "images.npy", np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0))))
    with pytest.raises(NonesuchError, match="have 24 px"):
        begun(source, tmp_path / "c", dcgan())


def test_a_latent_that_does_not_match_the_tensors_is_named(tmp_path: Path) -> None:
    job = Job(prepared(tmp_path / "set"), tmp_path / "run", tmp_path / "out", Description("t", "shape", "shapes"))
    train_family(job, vae(steps=1))
    text = (job.out / "card.toml").read_text()
    (job.out / "card.toml").write_text(text.replace("latent = 6", "latent = 7"))
    with pytest.raises(NonesuchError, match=r"are not those that model.safetensors was finished with"):
        load_generator(job.out)
    save_file(load_file(job.out / "model.safetensors"), job.out / "model.safetensors")  # as if from elsewhere
    save_card(job.out, load_card(job.out))
    with pytest.raises(NonesuchError, match=r"'found\.weight' is 12 x .* and should be 14 x"):
        load_generator(job.out)
    assert all(value.dtype != torch.float32 for value in load_file(job.out / "model.safetensors").values())


def test_plain_pictures_are_shown_as_they_are() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    mapping = DisplayMapping.plain()
    data = mapping.to_data(picture)
    assert np.array_equal(mapping.to_display(data), picture)
    assert np.allclose(mapping.to_linear(data).transpose(1, 2, 0), picture / 255, atol=1e-6)
    assert DisplayMapping(**mapping.settings()) == mapping


def test_augmentation_rises_while_the_judge_is_too_sure_and_falls_after() -> None:
    amount = Amount(0.6, per_picture=0.01)
    for step in range(8):
        amount.observe(torch.ones(4), step, 4)  # sure of every real picture
    assert amount.p == pytest.approx(2 * 4 * 4 * 0.01)  # two moves of four steps of four pictures
    for step in range(8, 12):
        amount.observe(torch.tensor([1.0, -1, 1, -1]), step, 4)
    assert amount.p == pytest.approx(4 * 4 * 0.01)
    for step in range(1000):
        amount.observe(torch.ones(4), step, 4)
    assert amount.p == LARGEST
    never = Amount(0.0, per_picture=0.01)
    never.observe(torch.ones(4), 3, 4)
    assert never.p == 0


def test_augmentation_changes_as_many_pictures_as_it_should_and_lets_gradients_through() -> None:
    random = torch.Generator().manual_seed(0)
    pictures = torch.rand(400, 3, 8, 8, generator=random) * 2 - 1
    assert augmented(pictures, 0.0, random) is pictures
    changed = (augmented(pictures, 0.02, random) - pictures).abs().amax((1, 2, 3)) > 1e-4
    # twelve changes, three of which are nothing half or a quarter of the time: 1 - 0.98^11 is about a fifth
    assert 0.12 < float(changed.float().mean()) < 0.28
    shown = augmented(pictures.requires_grad_(), 0.8, random)
    assert torch.isfinite(shown).all()
    (slope,) = torch.autograd.grad(shown.sum(), pictures)
    assert (slope.abs().amax((1, 2, 3)) > 0).float().mean() > 0.95


def test_colours_turn_around_grey() -> None:
    """A grey picture has no hue: only brightness, contrast and the flip may change it, and it stays grey."""
    matrix = colours(50, 1.0, torch.Generator().manual_seed(0))
    grey = matrix @ torch.tensor([0.3, 0.3, 0.3, 1.0], dtype=torch.float64)
    assert torch.allclose(grey[:, 0], grey[:, 1])
    assert torch.allclose(grey[:, 0], grey[:, 2])
    quarter = rotation(torch.tensor([np.pi / 2], dtype=torch.float64))[0]
    assert torch.allclose(quarter @ torch.tensor([1.0, 0, 1], dtype=torch.float64), torch.tensor([0.0, 1, 1]).double())
