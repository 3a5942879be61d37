"""Planets: views that agree on a sphere, maps without a seam, globes that hang as their seed says, and the training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from tiny import tiny_surface

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery
from render.errors import NonesuchError
from render.evidence.bodies import BodyEvidence
from render.evidence.thumbnails import decoded
from render.generators import load_generator
from render.generators.sphere import Views, gathered, lattice, map_directions, owners, weights
from render.generators.surface import SurfaceGenerator
from render.generators.zones import Zones, zonal_share
from render.media.globe import Aspect, globe
from render.noise import normals
from render.provenance import read_mark
from render.recipe import Recipe
from render.resources import resource
from render.stages import make
from render.stages.report import Report
from render.training.bodies_judge import copy_of
from render.training.run import train
from render.training.shipping import Description
from render.training.surface import Surfaces, load_bodies, view_of
from render.training.surface_weights import SETTINGS, SurfaceTraining, card_of
from render.weights import load_card, unfit

WIDE = Views.around(18, 80, 32)


def of(generator: SurfaceGenerator, seed: int, kind: str = "rocky_planet", source: str | None = None) -> Recipe:
    choice = generator.card.sampling
    assert choice is not None
    size = generator.card.size
    return Recipe("surface", "0" * 64, seed, choice.sampler, choice.steps, 1.0, size, class_name=kind, source=source)


def drawn(generator: SurfaceGenerator, recipe: Recipe) -> np.ndarray:
    noise = torch.from_numpy(normals(recipe.seed, generator.noise_shape))[None]
    return generator.images(generator.condition([recipe]), noise)[0].numpy()


def seam(surface: np.ndarray) -> float:
    """How much larger the step over the date line is than other steps from column to column, over all rows."""
    steps = np.abs(np.diff(surface, axis=2, append=surface[:, :, :1])).mean(axis=(0, 1))
    return float(steps[-1] / steps[:-1].mean())


def pole(surface: np.ndarray) -> float:
    """The spread of the row next to the pole, of which all pixels lie within a degree, beside that of the whole map."""
    rows = np.stack([surface[:, 0], surface[:, -1]])
    return float(rows.std(axis=2).mean() / surface.std(axis=(1, 2)).mean())


def test_what_is_smooth_on_the_sphere_is_smooth_on_the_map() -> None:
    """Views of a pattern without seam or pole, laid out as a map, give the pattern back, edges and poles included."""

    def pattern(d: np.ndarray) -> np.ndarray:
        return np.sin(3 * d[..., 0]) + d[..., 1] * d[..., 2]

    seen = pattern(WIDE.directions()).reshape(-1, 1).astype(np.float32)
    flat = map_directions(64)
    laid = (weights(flat, WIDE, 3.0) @ seen)[:, 0]
    # bilinear in views of 2.5 degrees a pixel: half a pixel squared times the pattern's curvature of at most 9
    assert np.abs(laid - pattern(flat)).max() < 0.01
    with pytest.raises(ValueError, match="do not cover"):
        weights(flat, Views.around(6, 60, 32), 1.0)


def test_noise_is_white_in_every_view_and_the_same_where_views_meet() -> None:
    noise = normals(5, (3, 200_000))
    views = gathered(noise, owners(lattice(200_000), WIDE), WIDE.size)
    assert abs(views.std() - 1) < 0.01  # 55,000 values
    assert abs((views[..., 1:] * views[..., :-1]).mean()) < 0.02  # neighbours know nothing of each other
    near = int((WIDE.frames[1:, 2] @ WIDE.frames[0, 2]).argmax()) + 1
    inside, x, y = WIDE.places(near, WIDE.directions()[0].reshape(-1, 3))
    there = views[near][:, ((y + 1) * 16).astype(int), ((x + 1) * 16).astype(int)]
    here = views[0].reshape(3, -1)[:, inside]
    assert len(inside) > 100
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.25


def belts_of(views: np.ndarray, zones: Zones) -> np.ndarray:
    """(views, zones): the mean of every view's pixels in every zone."""
    count = zones.mean.shape[0]
    sums = [np.bincount(zone, one.ravel(), count) for zone, one in zip(zones.which, views, strict=True)]
    return np.array(sums) / np.maximum([np.bincount(zone, minlength=count) for zone in zones.which], 1)


def test_noise_that_is_alike_along_a_latitude_is_white_in_every_view() -> None:
    points = lattice(200_000)
    noise, own, zones = normals(5, (3, 200_000)), owners(points, WIDE), Zones.across(WIDE, points)
    before = gathered(noise, own, WIDE.size)
    assert np.array_equal(zones.alike(before, noise, own[0], 0.0), before.astype(np.float32))
    views = zones.alike(before, noise, own[0], 1.0)
    assert abs(views.std() - 1) < 0.01
    assert abs((views[..., 1:] * views[..., :-1]).mean()) < 0.05
    # two views on either side of the planet, near the equator: their zones rise and fall together, and did not before
    here = int(np.abs(WIDE.frames[:, 2, 2]).argmin())
    there = int((WIDE.frames[:, 2] @ (WIDE.frames[here, 2] * [-1, -1, 1])).argmax())
    middle = slice(36, 60)
    for shown, least, most in ((before, -0.5, 0.5), (views, 0.6, 1.0)):
        belts = belts_of(shown[:, 0], zones)[:, middle]
        assert least < np.corrcoef(belts[here], belts[there])[0, 1] < most


def test_belts_are_as_strong_as_on_the_bodies_that_were_learned_from() -> None:
    zones = Zones.across(WIDE, lattice(1000))
    latitude = np.arcsin(WIDE.directions()[..., 2]).reshape(-1, 1)
    weak = (0.1 * np.sin(9 * latitude) + 0.2 * normals(1, (len(latitude), 1))).astype(np.float32)

    def share(values: np.ndarray) -> float:
        belts = zones.back @ (zones.mean @ values)
        whole = zones.area @ (values - zones.area @ values) ** 2
        return float((zones.area @ (belts - zones.area @ belts) ** 2).sum() / whole.sum())

    strong = zones.levelled(weak, 0.9)
    assert share(weak) < 0.3
    assert abs(share(strong) - 0.9) < 0.06  # belts of one pixel are between two zones
    assert abs(float((zones.area @ strong**2)[0] / (zones.area @ weak**2)[0]) - 1) < 0.1
    assert zones.levelled(strong, 0.3) is strong, "what has belts keeps them"
    banded = np.repeat(np.random.default_rng(0).integers(0, 255, (64, 1, 3)), 128, axis=1).astype(np.uint8)
    assert zonal_share(banded) == pytest.approx(1)
    assert zonal_share(np.random.default_rng(0).integers(0, 255, (64, 128, 3)).astype(np.uint8)) < 0.05


def test_a_belted_body_has_a_belted_map_and_others_draw_as_they_did(tmp_path: Path) -> None:
    folder = tiny_surface(tmp_path / "tiny")
    plain = load_generator(folder)
    assert isinstance(plain, SurfaceGenerator)
    surface = plain.surface.model_copy(update={"zonal": {"neptune": 0.95}})
    belted = SurfaceGenerator(plain.card.model_copy(update={"surface": surface}), plain.network, "cpu", "fp32")
    giant, rocky = of(plain, 1, "gas_giant"), of(plain, 1)
    assert np.array_equal(drawn(belted, rocky), drawn(plain, rocky))

    def share(recipe: Recipe, generator: SurfaceGenerator) -> float:
        return zonal_share(np.moveaxis(drawn(generator, recipe), 0, 2))

    assert share(giant, belted) > 0.8 > share(giant, plain)


def test_a_map_has_no_seam_and_clean_poles_and_does_not_depend_on_its_batch(tmp_path: Path) -> None:
    generator = load_generator(tiny_surface(tmp_path / "tiny"))
    assert isinstance(generator, SurfaceGenerator)
    one, other = of(generator, 1), of(generator, 2, "gas_giant")
    first = drawn(generator, one)
    assert first.shape == (3, 48, 96)
    assert first.std() > 0.05
    assert seam(first) < 1.5
    assert pole(first) < 0.6
    noise = torch.from_numpy(np.stack([normals(r.seed, generator.noise_shape) for r in (other, one)]))
    assert np.array_equal(generator.images(generator.condition([other, one]), noise)[1].numpy(), first)


def test_a_planet_is_a_blend_of_two_bodies_of_its_kind_or_the_one_that_was_asked_for(tmp_path: Path) -> None:
    generator = load_generator(tiny_surface(tmp_path / "tiny"))
    assert isinstance(generator, SurfaceGenerator)
    shares = generator.condition([of(generator, seed) for seed in range(8)]).bodies
    assert torch.allclose(shares.sum(1), torch.ones(8))
    assert (shares[:, 2:] == 0).all()
    assert (shares[:, :2] >= 0.29).all()
    assert len(shares[:, 0].unique()) == 8
    assert generator.condition([of(generator, 1, source="venus")]).bodies.tolist() == [[0, 1, 0, 0]]
    with pytest.raises(NonesuchError, match="knows no body 'pluto'; it knows mars, venus, neptune"):
        generator.condition([of(generator, 1, source="pluto")])
    with pytest.raises(NonesuchError, match="no sampler called 'ancestral'"):
        generator.condition([replace(of(generator, 1), sampler="ancestral")])


def test_a_globe_is_lit_from_where_its_phase_says_with_north_up() -> None:
    north_is_white = np.full((3, 64, 128), -1.0, dtype=np.float32)
    north_is_white[:, :32] = 1
    recipe = Recipe("surface", "0" * 64, 1, "ab2", 4, 1.0, 16, class_name="moon")
    upright = Aspect(phase=0, sun_height=0, lean=0, towards=0, longitude=0, rings=False)
    full = globe(north_is_white, upright, recipe, 96)[0]
    assert full[30, 48] > 0.8
    assert full[66, 48] < -0.99
    assert full[0, 0] == -1
    half = globe(np.ones_like(north_is_white), replace(upright, phase=90), recipe, 96)[0]
    assert half[48, 80] > 0.3
    assert half[48, 16] < -0.7
    turned = globe(north_is_white, replace(upright, lean=90), recipe, 96)[0]
    assert turned[48, 66] > 0.8
    assert turned[48, 30] < -0.99
    ringed = globe(np.ones_like(north_is_white), replace(upright, towards=20, rings=True), recipe, 96)
    assert ringed[0, 48, 6:16].max() > -0.9  # beside the sphere there is a ring


GALLERY = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "planets"
title = "planet"
weights = "./tiny"
count = 2
[[walk]]
collection = "planets"
slug = "loop"
frames = 8
keyframes = [{ seed = 1 }, { seed = 2 }]
[render]
device = "cpu"
"""


def test_a_planet_is_shown_as_a_globe_with_its_map_to_take_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_surface(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(GALLERY)
    outcome = make(load_gallery(tmp_path), Report())
    assert (outcome.shown, outcome.exit_code) == (3, 0)
    with Catalogue(tmp_path / FILE) as catalogue:
        exhibit, media = next(iter(catalogue.exhibits("planets")))
    found = {medium.role: medium for medium in media}
    page = (tmp_path / "public/planets/1.html").read_text()
    surface = tmp_path / "public/media" / found["map"].key
    assert found["map"].key in page
    assert "data-map=" in page
    assert 'download="nonesuch-planets-1-map.jpg"' in page
    assert exhibit.display is not None
    assert json.dumps(exhibit.display["globe"]["phase"]) in page
    with Image.open(surface) as image:
        assert image.size == (96, 48)
    assert read_mark(surface.read_bytes()) is not None  # says that a model made it
    for role in ("fallback", "map"):  # the globe and the map are the recipe's, each in its own way
        assert (
            run(["inspect", str(tmp_path / "public/media" / found[role].key), "--weights", str(tmp_path / "tiny")]) == 0
        )
        assert "same" in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / "public/media" / found["fallback"].key))
    assert picture.shape == (384, 384, 3)
    assert picture[:8].max() < 8
    assert picture.max() > 30


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    folder = tmp_path / "maps"
    folder.mkdir()
    for number, name in enumerate(("a", "b", "held")):
        rng = np.random.default_rng(number)
        small = Image.fromarray(rng.integers(0, 255, (8, 16, 3), dtype=np.uint8))
        small.resize((128, 64), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    (tmp_path / "maps.csv").write_text(
        "file,label,fold,north,licence,attribution\na.png,moon,3,20,CC0-1.0,A\nb.png,rocky_planet,4,,CC-BY-4.0,B\n"
        "held.png,moon,1,,CC0-1.0,H\n"
    )
    return folder


def test_a_killed_training_goes_on_exactly_and_never_sees_what_is_held_out(maps: Path, tmp_path: Path) -> None:
    bodies = load_bodies(maps, tmp_path / "maps.csv")
    settings = replace(SETTINGS, steps=3, batch=2, precision="fp32", checkpoint_every=100)

    def trained(name: str, stop_after: int = 3) -> SurfaceTraining:
        training = SurfaceTraining(Surfaces(bodies), tmp_path / name, settings)
        train(training, stop=lambda: training.step >= stop_after)
        return training

    whole, _, resumed = trained("whole"), trained("killed", 1), trained("killed")
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name
    card = card_of(whole, bodies, Description("tiny", "planet", "two maps"))
    assert card.surface is not None
    assert card.surface.bodies == {"a": "moon", "b": "rocky_planet"}
    assert card.classes == ["moon", "rocky_planet"]
    assert [(one.name, one.licence) for one in card.training.credits] == [("A", "CC0-1.0"), ("B", "CC-BY-4.0")]
    assert isinstance(whole.generator(card), SurfaceGenerator)


def test_a_view_never_shows_the_unseen_part_of_a_map(maps: Path, tmp_path: Path) -> None:
    """The map `a` shows something south of 20 degrees north only."""
    body = next(one for one in load_bodies(maps, tmp_path / "maps.csv") if one.name == "a")
    for place in np.random.default_rng(0).random((200, 3)):
        _, directions = view_of(body, True, place, (False, False))
        assert np.degrees(np.arcsin(directions[..., 2].max())) < 25  # a corner may look 5 degrees beyond


def test_maps_that_are_none_are_refused_in_a_sentence(
    maps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (64, 64)).save(maps / "a.png")
    labels = tmp_path / "maps.csv"
    asked = ["train", "surface", str(maps), str(tmp_path / "out"), "--labels", str(labels)]
    assert run(asked) == 2
    assert "'a.png' is 64 x 64 px: an equirectangular map is twice as wide" in capsys.readouterr().err
    labels.write_text("file,label\nmissing.png,moon\n")
    assert run(asked) == 2
    assert "names 'missing.png', which is not among the maps" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_planets_that_ship_have_no_seam_and_clean_poles() -> None:
    generator = load_generator(resource("weights") / "planet-64")
    assert isinstance(generator, SurfaceGenerator)
    surface = drawn(generator, of(generator, 4))
    assert seam(surface) < 1.3
    assert pole(surface) < 0.5


def test_a_part_of_a_body_is_known_again_and_noise_is_no_body() -> None:
    judge = BodyEvidence.load(resource("weights") / "planet-bodies")
    assert unfit(judge.card, load_card(resource("weights") / "planet-64")) is None
    random = np.random.default_rng(0)
    names = [one["file"] for one in judge.pictures]
    for name in ("callisto", "io"):
        shown = decoded(judge.thumbnail(names.index(name))).astype(np.float32) / 255
        verdict = judge.verdict(copy_of(shown, random.random(shown.shape).astype(np.float32), "everything", random))
        assert (verdict.near_copy, verdict.neighbours[0].file) == (True, name)
    spots = gaussian_filter(random.normal(size=(64, 128, 3)), (2, 2, 0), mode=("nearest", "wrap", "nearest"))
    verdict = judge.check(torch.from_numpy(np.float32(spots / np.abs(spots).max())).permute(2, 0, 1)[None])[0]
    assert not verdict.near_copy
    assert len(verdict.neighbours) == 3
