"""The second stage: what a generator draws, enlarged by a network of its own, from training to page."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import LOOP, recipe, tiny_detector, tiny_gallery, tiny_surface, tiny_upscaler, tiny_weights

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery, read_lock
from render.engine.executor import LocalExecutor
from render.engine.frames import frames_of
from render.engine.sources import Source
from render.errors import NonesuchError, UsageError
from render.generators import load_generator
from render.generators.upscaler import BEGIN, MARGIN, QUARTERS, STEPS, Upscaler, bicubic, coarse, path, upscaled
from render.media import data_of_master, open_store
from render.noise import normals
from render.quantise import quantise
from render.recipe import Keyframe, Recipe, Walk
from render.stages import make
from render.stages.report import Report
from render.stages.upgrading import upgrade
from render.weights import Card, load_card, misfit, save_card, unfit, weights_hash

SIZE, LARGE = 24, 48
OWN = 'upscaler = "./upscaler"'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upscaler")
    tiny_weights(folder / "tiny")
    tiny_upscaler(folder / "upscaler")
    return folder


def second(home: Path, seed: int) -> Recipe:
    """A recipe of both stages."""
    told = recipe(home / "tiny", seed).as_json()
    return Recipe.from_json({**told, "size": LARGE, "upscaler": weights_hash(home / "upscaler")})


def executor(home: Path) -> LocalExecutor:
    folders = {weights_hash(home / name): home / name for name in ("tiny", "upscaler")}
    return LocalExecutor(folders, batch=2, lanes=1)


def test_both_stages_draw_from_one_vector_of_which_the_first_has_its_own(home: Path) -> None:
    """So an exhibit is the same galaxy with an upscaler as without."""
    generator, upscaler = load_generator(home / "tiny"), Upscaler.load(home / "upscaler")
    both, one = upscaled(generator, upscaler), second(home, 5)
    side = LARGE + 2 * MARGIN
    assert both.noise_shape == (1, 1, 3 * SIZE**2 + 3 * side**2)
    assert both.card.size == LARGE
    whole = torch.from_numpy(normals(5, both.noise_shape))[None]
    own = torch.from_numpy(normals(5, generator.noise_shape))[None]
    assert torch.equal(whole.flatten()[: own.numel()], own.flatten())
    small = generator.images(generator.condition([one]), own)
    rest = whole.flatten()[own.numel() :].view(1, 3, side, side)
    found = both.images(both.condition([one]), whole)
    assert torch.equal(found, upscaler.enlarged(small, rest))
    drawn = executor(home).pictures(list(frames_of(one, both.noise_shape)))
    assert drawn.shape == (1, 3, LARGE, LARGE)
    assert np.allclose(drawn, found.numpy(), atol=1e-5)


def test_its_steps_grow_denser_to_the_end() -> None:
    moments = path()
    lengths = -np.diff(moments)
    assert (moments[0], moments[-1], len(moments)) == (BEGIN, 0, STEPS + 1)
    assert (np.diff(lengths) < 0).all()
    assert len(set(QUARTERS)) == STEPS, "no place on the grid is seen twice"


def test_a_walk_goes_through_the_noise_of_both(home: Path) -> None:
    device = executor(home)
    loop = Walk("great-circle", 4, (Keyframe(1, "irregular"), Keyframe(2, "elliptical")))
    told = {**second(home, 1).as_json(), "kind": "walk", "walk": {}, "class_name": "irregular"}
    walk = Recipe(**{**told, "walk": loop})
    frames = list(frames_of(walk, device.noise_shape(walk)))
    film, still = device.pictures(frames[:2]), device.pictures(list(frames_of(walk.keyframe(0), frames[0].noise.shape)))
    assert np.abs(film[0] - still[0]).max() < 0.02, "walks are brought to one distance from the middle"
    assert not np.array_equal(film[0], film[1])


def test_a_walk_is_enlarged_where_it_asks_for_that(home: Path, tmp_path: Path) -> None:
    for name in ("tiny", "upscaler"):
        shutil.copytree(home / name, tmp_path / name)
    (tmp_path / "gallery.toml").write_text(tiny_gallery(own=OWN) + LOOP)
    gallery = load_gallery(tmp_path)
    source, (walk,) = Source.of(gallery, gallery.collections[0]), gallery.walks
    assert (source.walk(walk).size, source.walk(walk).networks) == (SIZE, (source.sha256,))
    larger = source.walk(walk.model_copy(update={"enlarged": True}))
    assert (larger.size, larger.networks) == (LARGE, source.networks)
    image = source.recipe(0)
    assert image is not None
    assert image.networks == source.networks
    both = LOOP + LOOP.replace('"loop"', '"larger"\nenlarged = true')
    (tmp_path / "gallery.toml").write_text(tiny_gallery(own=OWN) + both)
    assert len(load_gallery(tmp_path).walks) == 2, "they are two loops"


def test_what_does_not_go_together_is_refused_in_a_sentence(home: Path, tmp_path: Path) -> None:
    upscaler, generator = load_card(home / "upscaler"), load_card(home / "tiny")
    plain = generator.model_copy(update={"display": {"name": "plain"}})
    large = generator.model_copy(update={"size": LARGE})
    told = [
        misfit(generator, upscaler),
        misfit(upscaler, load_card(tiny_surface(tmp_path / "surface"))),
        misfit(upscaler, plain),
        misfit(upscaler, large),
    ]
    for sentence, word in zip(told, ("enlarges nothing", "maps of spheres", "shown otherwise", "itself"), strict=True):
        assert word in (sentence or "")
    assert misfit(upscaler, generator) is None
    with pytest.raises(NonesuchError, match="only an upscaler enlarges pictures"):
        Upscaler.load(home / "tiny")
    with pytest.raises(NonesuchError, match="enlarges nothing"):
        upscaled(
            load_generator(home / "tiny"), Upscaler(generator, Upscaler.load(home / "upscaler").network, "cpu", "fp32")
        )


def test_a_judge_must_know_what_both_stages_learned_from() -> None:
    judge = Card(name="j", family="copydetector", size=24)
    judge.training.pictures_sha256 = "a"
    one, other = (Card(name=name, family=name, size=24) for name in ("flow", "upscaler"))
    one.training.pictures_sha256, other.training.pictures_sha256 = "a", "b"
    assert unfit(judge, one) is None
    assert "'upscaler' learned from" in (unfit(judge, one, other) or "")
    judge.training.parts = ["b"]
    assert unfit(judge, one, other) is None
    namer = Card(name="c", family="classifier", size=24, classes=["x"])
    assert unfit(namer, one.model_copy(update={"classes": ["x"]}), other) is None


@pytest.mark.slow
def test_a_gallery_of_two_stages_from_night_to_page(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "tiny", tmp_path / "tiny")
    shutil.copytree(home / "upscaler", tmp_path / "upscaler")
    tiny_detector(tmp_path / "detector")
    text = tiny_gallery(count=3, judged=True, own='classes = ["elliptical"]\n').replace('"./classifier"', '"./none"')
    (tmp_path / "gallery.toml").write_text(text)
    assert make(load_gallery(tmp_path), Report()).exit_code == 0
    (tmp_path / "gallery.toml").write_text(text.replace("\ncount", f"\n{OWN}\ncount"))
    gallery = load_gallery(tmp_path)
    assert upgrade(gallery) == {"galaxies": 3}, "what one stage drew keeps its pages"
    outcome = make(gallery, Report())
    assert (outcome.exit_code, outcome.shown) == (0, 6)
    lock = read_lock(tmp_path).weights
    assert lock["./upscaler"] == weights_hash(tmp_path / "upscaler")
    with Catalogue(tmp_path / FILE) as catalogue:
        rows = {one.number: (one, media) for one, media in catalogue.exhibits("galaxies")}
    for number in (1, 2, 3):
        (old, _), (new, media) = rows[number], rows[number + 3]
        assert (new.recipe.seed, new.recipe.size, new.recipe.upscaler) == (old.recipe.seed, LARGE, lock["./upscaler"])
        assert (new.evidence or {}).get("neighbours"), "its judge knows what both stages learned from"
        master = next(medium for medium in media if medium.role == "master")
        assert Image.open(tmp_path / "store" / master.key).size == (LARGE, LARGE)
        judged = data_of_master(open_store("store", tmp_path), media, load_card(tmp_path / "tiny"))
        assert judged.shape == (3, SIZE, SIZE), "judges look at what they were made for"
    page = (tmp_path / "public/galaxies/4.html").read_text()
    assert lock["./upscaler"] in page
    assert "Enlarges what another network draws" in (tmp_path / "public/about/index.html").read_text()
    assert run(["inspect", str(tmp_path / "public/galaxies/4.jpg"), "--weights", str(tmp_path / "tiny")]) == 0
    both = [word for name in ("tiny", "upscaler") for word in ("--weights", str(tmp_path / name))]
    assert run(["inspect", str(tmp_path / "public/galaxies/4.jpg"), *both]) == 0
    one = ["--gallery", str(tmp_path), "--collection", "galaxies", "--out", str(tmp_path / "one")]
    assert run(["generate", *one]) == 0
    (given,) = (tmp_path / "one").rglob("*.png")
    assert Image.open(given).size == (LARGE, LARGE)
    shutil.rmtree(tmp_path / "upscaler")
    tiny_upscaler(tmp_path / "upscaler", seed=1)
    with pytest.raises(NonesuchError, match=r"the weights './upscaler' are not those"):
        make(gallery, Report())


@pytest.mark.slow
def test_what_ships_enlarges_galaxies_and_browsers_repeat_the_first_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = 'upscaler = "galaxy-upscaler"\nsampler = "euler"\nsteps = 2'
    (tmp_path / "gallery.toml").write_text(tiny_gallery(count=1, own=own, weights="galaxy-96", batch=1))
    assert make(load_gallery(tmp_path), Report()).exit_code == 0
    page = (tmp_path / "public/galaxies/1.html").read_text()
    assert "made it 256 pixels wide afterwards" in page
    assert "data-enlarged" in page
    assert 'data-pixels=""' in page, "the browser's picture is another than the page's"
    assert run(["inspect", str(tmp_path / "public/galaxies/1.jpg")]) == 0
    assert "Rendered again with galaxy-96 and galaxy-upscaler: " in capsys.readouterr().out


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of 20 soft blobs with grain, 64 px wide, in the folds 1 to 8."""
    folder, random = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    images = [
        np.clip(180 * np.exp(-6 * (x**2 + (1 + n % 3) * y**2))[..., None] + random.normal(20, 8, (64, 64, 3)), 0, 255)
        for n in range(20)
    ]
    np.save(folder / "images.npy", np.stack(images).astype(np.uint8))
    rows = [f"{n}.png,made,,{1 + n % 8},CC0-1.0,A" for n in range(20)]
    (folder / "index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    return folder


@pytest.mark.slow
def test_it_learns_in_two_sittings_and_its_card_says_what_it_is(large: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start = tiny_weights(tmp_path / "start", channels=(32, 64), groups=16, head=32)
    out = tmp_path / "upscaler"
    asked = ["train", "upscaler", str(large), str(out), "--from", str(start), "--batch", "4", "--smaller", "24"]
    for steps in ("30", "60"):
        assert run([*asked, "--steps", steps, "--checkpoint-every", "30", "--precision", "fp32"]) == 0
    card = load_card(out)
    assert (card.family, card.size, card.classes, card.sources, card.sampling) == ("upscaler", 64, [], [], None)
    assert card.training.steps == 60
    quality = card.quality
    assert (quality["reduced_to"], quality["real"]) == (24, 3)
    error = quality["spectrum_error"]
    assert error["upscaler"]["fine"] < error["bicubic"]["fine"], "grain is what it is for"
    assert quality["decibels_kept"] > 15
    assert set(card.network["gains"]) == {"light", "colour", "spread"}
    before = (out / "model.safetensors").read_bytes()
    assert run([*asked, "--touches"]) == 0
    for name, rows in load_card(out).network["gains"].items():
        assert np.allclose(rows, card.network["gains"][name], atol=0.02), "measured again, it is the same"
    assert (out / "model.safetensors").read_bytes() == before
    losses = np.loadtxt(tmp_path / "upscaler.run/loss.csv", delimiter=",")
    assert losses[-10:, 1].mean() < losses[:10, 1].mean()
    assert Image.open(out / "sheet.jpg").size == (3 * 64 + 2 * 2, 3 * 64 + 2 * 2)
    less = quantise(out, tmp_path / "less")
    assert (tmp_path / "less/model.safetensors").stat().st_size < 0.7 * (out / "model.safetensors").stat().st_size
    assert less.family == "upscaler"
    again = ["--steps", "1", "--batch", "2", "--precision", "fp32", "--smaller", "24"]
    assert run(["train", "upscaler", str(large), str(tmp_path / "on"), "--from", str(tmp_path / "less"), *again]) == 0


def test_pictures_that_are_no_larger_are_refused(
    large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", "upscaler", str(large), str(tmp_path / "out"), "--steps", "1"]
    assert run([*asked, "--smaller", "64"]) == UsageError.exit_code
    assert "an upscaler from 64 px needs larger ones" in capsys.readouterr().err
    other = tiny_surface(tmp_path / "surface")
    assert run([*asked, "--smaller", "24", "--from", str(other)]) == 1
    assert "this begins from flow or upscaler" in capsys.readouterr().err


def test_coarse_structure_stays_the_generators(home: Path) -> None:
    """Or a smooth galaxy would be called a spiral once it is larger."""
    generator, upscaler = load_generator(home / "tiny"), Upscaler.load(home / "upscaler")
    one = recipe(home / "tiny", 2)
    small = generator.images(generator.condition([one]), torch.from_numpy(normals(2, generator.noise_shape))[None])
    plain = bicubic(small, LARGE)
    large = upscaler.enlarged(small, torch.from_numpy(normals(9, upscaler.noise_shape))[None])
    off = [float(coarse(large - plain, cycles).abs().mean()) for cycles in (1.5, LARGE)]
    assert off[0] < 0.05 * off[1], "only what is fine differs"
    waves = torch.cos(2 * torch.pi * 6 * torch.arange(LARGE) / LARGE).expand(1, 1, LARGE, LARGE)
    assert torch.allclose(coarse(waves, 6), waves / 2, atol=1e-5)


def test_enlarging_keeps_the_light() -> None:
    picture = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    assert float((bicubic(picture, LARGE).mean() - picture.mean()).abs()) < 0.01


def test_a_card_with_another_display_cannot_slip_through(home: Path, tmp_path: Path) -> None:
    """The gallery's check is the evening's; the executor asks again."""
    shutil.copytree(home / "upscaler", tmp_path / "upscaler")
    card = load_card(tmp_path / "upscaler")
    save_card(tmp_path / "upscaler", card.model_copy(update={"display": {"name": "plain"}}))
    folders = {weights_hash(home / "tiny"): home / "tiny", weights_hash(tmp_path / "upscaler"): tmp_path / "upscaler"}
    with pytest.raises(NonesuchError, match="shown otherwise"):
        LocalExecutor(folders, lanes=1).noise_shape(second(home, 1))
