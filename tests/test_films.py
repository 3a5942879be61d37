"""Walks of every kind and their films: closed in latents and in pixels, going on after a kill, left out alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from tiny import PLANE, tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.display import DisplayMapping
from render.doctor import examine
from render.engine.executor import LocalExecutor, steered
from render.engine.frames import Frame, frames_of
from render.engine.plan import make_plan
from render.engine.sources import sources
from render.engine.stop import Stop
from render.generators.stylegan2 import StyleGan2Generator
from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network
from render.media import Store, encode_walk
from render.media.films import Reel
from render.media.swirl import Stage, film_frames, swirled
from render.noise import walk_blends, walk_noise, walk_shares
from render.recipe import Keyframe, Recipe, Swirl, Walk
from render.recipe import Path as WalkPath
from render.stages import Outcome, make
from render.stages.report import Report
from render.stages.status import status
from render.weights import Card, weights_hash

CARD = Card(name="t", family="flow", size=24, display=DisplayMapping().settings())


def recipe(path: WalkPath, frames: int, *keys: Keyframe, swirl: Swirl | None = None, **more: Any) -> Recipe:
    start: dict[str, Any] = {"class_name": keys[0].class_name, "source": keys[0].source}
    settings: dict[str, Any] = {"family": "flow", "weights": "ab" * 32, "sampler": "ab2", "steps": 3} | more
    walk = Walk(path, frames, keys, swirl)
    return Recipe(seed=keys[0].seed, guidance=1.5, size=24, kind="walk", walk=walk, **start, **settings)


def steps(loop: np.ndarray) -> np.ndarray:
    """How far each frame lies from the one before it; the first step is the one over the seam."""
    rows = loop.reshape(len(loop), -1).astype(np.float64)
    return np.linalg.norm(rows - np.roll(rows, 1, axis=0), axis=1)


def closed(loop: np.ndarray) -> bool:
    """Whether the step over the seam is no larger than the others; 1e-5 is what float32 leaves of equal steps."""
    over, *others = steps(loop)
    return bool(0 < over <= max(others) * (1 + 1e-5))


STATIONS = [Keyframe(seed, name, "efigi") for seed, name in ((1, "elliptical"), (2, "spiral_mid"), (3, "irregular"))]
MORPH = [Keyframe(1, key.class_name, "efigi") for key in STATIONS]


def test_no_walk_steps_farther_over_its_seam_in_latents() -> None:
    """A jump once a round is what everybody sees of a loop that is none."""
    circle, spline = Walk("great-circle", 20, STATIONS[:2]), Walk("spline", 20, STATIONS)
    for walk in (circle, spline):
        assert closed(walk_noise(walk, (3, 8, 8), range(20)))
    shares = np.array([walk_shares(Walk("w-spline", 20, STATIONS), frame) for frame in range(20)])
    assert closed(shares)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-12)
    np.testing.assert_array_equal(shares[0], [1, 0, 0])
    morph = Walk("morph", 21, MORPH)
    assert not steps(walk_noise(morph, (3, 8, 8), range(21))).any(), "a morph's noise does not move"
    weights = np.zeros((21, 3))
    for frame, blend in enumerate(walk_blends(morph)):
        weights[frame, blend.a] += 1 - blend.t
        weights[frame, blend.b] += blend.t
    assert closed(weights)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("flow") / "tiny")


@pytest.mark.parametrize("path", ["great-circle", "spline", "morph"])
def test_no_walk_steps_farther_over_its_seam_in_pixels(flow: Path, path: WalkPath) -> None:
    keys = {"great-circle": STATIONS[:2], "spline": STATIONS, "morph": MORPH}[path]
    walk = recipe(path, 12, *keys, weights=weights_hash(flow))
    executor = LocalExecutor({walk.weights: flow}, batch=4, lanes=1)
    frames = list(frames_of(walk, executor.noise_shape(walk)))
    loop = executor.pictures(frames)
    assert closed(loop)
    further = list(frames_of(walk, executor.noise_shape(walk), 8))
    assert np.array_equal(executor.pictures(further), loop[8:]), "a film goes on with the very frames that it lacks"
    for number in range(len(keys)) if path == "morph" else ():
        (still,) = frames_of(walk.keyframe(number), executor.noise_shape(walk))
        assert np.array_equal(executor.pictures([still] * 4)[0], loop[4 * number]), "it passes the exhibits themselves"


def test_a_spline_through_w_is_closed_and_passes_its_keyframes() -> None:
    torch.manual_seed(3)
    network = StyleGan2Network(NetworkSettings(latent=16, styles=24, depth=2, channels=(16, 16, 8), classes=3))
    names = ["rock", "ice", "gas"]
    card = Card(name="moons", family="stylegan2", size=16, classes=names)
    generator = StyleGan2Generator(card, network, "cpu", "fp32")
    keys = [Keyframe(seed, name) for seed, name in zip((4, 5, 6, 7), [*names, "rock"], strict=True)]
    for layer_noise in (None, "seed"):
        walk = recipe("w-spline", 16, *keys, family="stylegan2", layer_noise=layer_noise)
        frames = list(frames_of(walk, generator.noise_shape))
        noise = torch.zeros(16, *generator.noise_shape)
        loop = generator.images(steered(generator, frames), noise).numpy()
        assert closed(loop)
        assert min(steps(loop)) > 0.5 * steps(loop).mean(), (
            "it does not slow down at keyframes: straight ways ease to 0.4"
        )
        for number in range(len(keys)):
            still = walk.keyframe(number)
            alone = generator.images(
                generator.condition([still]),
                torch.from_numpy(next(frames_of(still, generator.noise_shape)).noise)[None],
            )
            np.testing.assert_allclose(loop[4 * number], alone[0].numpy(), atol=1e-4)  # sums in another order


def turning(count: int, size: int = 24) -> np.ndarray:
    """A spot that goes round once, (count, 3, size, size) in data space."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    angles = 2 * np.pi * np.arange(count) / count
    spots = [np.exp(-((x - 0.5 * np.cos(a)) ** 2 + (y - 0.5 * np.sin(a)) ** 2) * 8) for a in angles]
    return np.stack([np.stack([2 * s - 1, 1.6 * s - 1, s - 1]) for s in spots]).astype(np.float32)


SWIRL = Swirl(flow=1.0, zoom=2.0, drifts=2, mirrors=6, between=3)


@pytest.mark.parametrize("mirrors", [0, 5, 6])
def test_a_swirl_is_closed_moves_and_stands_between_its_mirrors(mirrors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.media.swirl.GRID", 48)  # coarse, and quick
    walk = recipe("great-circle", 16, *STATIONS[1:], swirl=Swirl(1.0, 2.0, 2, mirrors, 3))
    pictures = turning(16)
    film = np.stack(list(swirled(iter(pictures), walk, 64, pictures[0])))
    assert film.shape == (film_frames(walk), 3, 64, 64) == (48, 3, 64, 64)
    assert closed(film)
    assert min(steps(film)) > 0.2 * max(steps(film)), "it never stands still"
    again = np.stack(list(swirled(iter(pictures[14:]), walk, 64, pictures[0], start=14)))
    assert np.array_equal(again, film[42:]), "it goes on in the middle as if it had never been killed"
    if mirrors:
        assert np.array_equal(film, film[..., ::-1])
        assert np.array_equal(film, film[:, :, ::-1]) == (mirrors == 6)


def test_a_swirl_without_flow_zoom_and_mirrors_is_the_picture() -> None:
    picture = turning(8)[1]
    calm = Stage.of(recipe("great-circle", 8, *STATIONS[:2], swirl=Swirl(0.0, 1.0, 1, 0, 3)), 24).frame(picture, 0.0)
    light = np.clip((picture + 1) / 2, 0, 1)
    np.testing.assert_allclose((calm + 1) / 2, np.tanh(1.2 * light) / np.tanh(1.2), atol=0.01)  # its tone curve


def test_a_swirls_recipe_comes_back_and_older_ones_keep_their_ids() -> None:
    walk = recipe("morph", 16, *MORPH, swirl=SWIRL)
    assert Recipe.from_json(walk.canonical()) == walk
    assert json.loads(walk.canonical())["walk"]["swirl"]["mirrors"] == 6
    old = Recipe("flow", "ab" * 32, 1, "ab2", 3, 1.5, 24, kind="walk", walk=Walk("great-circle", 8, STATIONS[:2]))
    assert "swirl" not in old.canonical().decode()


def decoded(path: Path) -> np.ndarray:
    frames = imageio_ffmpeg.read_frames(str(path))
    width, height = next(frames)["size"]
    return np.stack([np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in frames])


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from render.media import Store, encode_walk, films
from render.recipe import Recipe
from render.weights import Card
from render.display import DisplayMapping

films.SEGMENT = 8
folder = Path(sys.argv[1])
pictures = np.load(folder / "pictures.npy")

def until_the_lights_go_out():
    for number, picture in enumerate(pictures):
        if number == 19:
            os.kill(os.getpid(), signal.SIGKILL)
        yield picture

card = Card(name="t", family="flow", size=24, display=DisplayMapping().settings())
recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
encode_walk(Store(folder / "store"), until_the_lights_go_out(), recipe, card, 20, width=128, reels=folder / "films")
"""


def test_a_film_of_many_segments_loses_no_frame_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who loses power at minute four must not wait for the four minutes again, nor see where the film was joined."""
    monkeypatch.setattr("render.media.films.SEGMENT", 8)
    walk, pictures = recipe("great-circle", 20, *STATIONS[:2]), turning(20)
    np.save(tmp_path / "pictures.npy", pictures)
    (tmp_path / "recipe.json").write_bytes(walk.canonical())
    night = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert night.returncode == -signal.SIGKILL
    reel = Reel.of(tmp_path / "films", walk, 20, 128)
    assert reel.pictures == 16, "two whole segments"
    store, settings = Store(tmp_path / "store"), {"width": 128, "reels": tmp_path / "films"}
    made = encode_walk(store, iter(pictures[14:]), walk, CARD, 20, begun=14, **settings)
    for form in ("h264", "av1"):
        film = store.path(next(m.key for m in made.media if m.format == form))
        assert imageio_ffmpeg.count_frames_and_secs(str(film)) == (20, pytest.approx(1.0, abs=0.01))
        whole = decoded(film)
        assert closed(whole[..., 0])
        alone = [decoded(reel.folder / f"{n:06d}-{form}.mp4") for n in range(3)]
        assert np.array_equal(whole, np.concatenate(alone)), "copied, not encoded again"
    never = encode_walk(Store(tmp_path / "again"), iter(pictures), walk, CARD, 20, width=128)
    assert [m.sha256 for m in never.media] == [m.sha256 for m in made.media], "the same as if nothing had happened"
    with pytest.raises(ValueError, match="first picture"):
        encode_walk(store, iter(pictures[14:]), walk, CARD, 30, begun=14, **settings)


SETTINGS = tiny_gallery(count=1)
LONG = """
[[walk]]
collection = "galaxies"
slug = "long"
path = "morph"
frames = 20
width = 128
keyframes = [{ seed = 1, class = "elliptical" }, { seed = 1, class = "spiral_mid" }]
"""


class Switched(LocalExecutor):
    """A device that is switched off after so many pictures, and counts them."""

    drawn = 0
    most = 10_000
    stop: Stop

    def pictures(self, frames: Sequence[Frame]) -> np.ndarray:
        type(self).drawn += len(frames)
        if self.drawn >= self.most:
            self.stop.requested = True
        return super().pictures(frames)


def test_a_night_goes_on_with_the_film_that_the_last_one_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.media.films.SEGMENT", 8)
    tiny_weights(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(SETTINGS + LONG)
    gallery, films = load_gallery(tmp_path), tmp_path / ".nonesuch/films"

    def night(most: int) -> Outcome:
        Switched.drawn, Switched.most, Switched.stop = 0, most, Stop()
        return make(gallery, Report(), Switched.stop, make_executor=lambda _, at: Switched(at, batch=4, lanes=1))

    assert night(14).exit_code == 3
    (reel,) = films.iterdir()
    assert len(list(reel.glob("*-h264.mp4"))) == 1
    (films / "ab").mkdir()  # of a film that nobody wants any more
    assert night(10_000).exit_code == 0
    assert Switched.drawn == 12, "of twenty, eight were there"
    assert not any(films.iterdir()), "what the film was joined from is gone"
    with Catalogue(tmp_path / FILE) as catalogue:
        ((walk, media),) = catalogue.exhibits(kind="walk")
    assert walk.state == "shown"
    film = Store(tmp_path / "store").path(next(m.key for m in media if m.format == "h264"))
    assert imageio_ffmpeg.count_frames_and_secs(str(film))[0] == 20
    assert closed(decoded(film))


WRONG = {
    "one": ("keyframes = [{ seed = 1 }]", "it goes through 1 keyframe, and a walk through 2 or more; add one"),
    "same": ("keyframes = [{ seed = 5 }, { seed = 5 }]", "a great circle goes through two different seeds"),
    "few": (
        "frames = 8\nkeyframes = [" + "{ seed = 1 }, { seed = 2 }, " * 5 + "]",
        "8 frames are too few for 10 keyframes",
    ),
    "w": ('path = "w-spline"\nkeyframes = [{ seed = 1 }, { seed = 2 }]', "the weights 'tiny' (flow) have no W"),
    "class": (
        'path = "morph"\nkeyframes = [{ seed = 1, class = "elliptical" }, { seed = 1, class = "spiral_midd" }]',
        "the weights 'tiny' know no class 'spiral_midd'; did you mean 'spiral_mid'?",
    ),
    "still": ('path = "morph"\nkeyframes = [{ seed = 1 }, { seed = 1 }]', "all of its keyframes are one picture"),
    "plane": (
        'path = "plane"\nkeyframes = [{ seed = 1 }, { seed = 2 }, { seed = 3 }, { seed = 4 }]',
        "the pictures of a plane make a square, and 48 do not; ask for 36 or 49",
    ),
    "corners": (
        'path = "plane"\nframes = 9\nkeyframes = [{ seed = 1 }, { seed = 2 }]',
        "a plane lies between 4 keyframes, its corners, not 2",
    ),
    "noise": ('path = "morph"\nkeyframes = [{ seed = 1 }, { seed = 2 }]', "a morph keeps its noise"),
}


def test_walks_that_cannot_be_drawn_are_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    tiny_weights(tmp_path / "tiny")
    good = LONG.replace("frames = 20", "frames = 8").replace('"long"', '"good"')
    tables = "".join(
        f'[[walk]]\ncollection = "galaxies"\nslug = "{name}"\n{table}\n' for name, (table, _) in WRONG.items()
    )
    (tmp_path / "gallery.toml").write_text(SETTINGS + tables + good)
    gallery = load_gallery(tmp_path)
    outcome = make(gallery, Report())
    assert outcome.exit_code == 3
    assert not any(outcome.lacking.values()), "nothing is waited for that cannot come"
    for (name, (_, why)), told in zip(WRONG.items(), outcome.aside, strict=True):
        assert told.startswith(f"walk '{name}' of 'galaxies' was left out: {why}"), told
    assert len(list((tmp_path / "public/galaxies/walks").glob("[0-9]*.html"))) == 1
    assert len(status(gallery).reasons) == len(WRONG)
    assert sum(found.subject == "walk" for found in examine(tmp_path)) == len(WRONG), "and it is said in the evening"
    # a table that goes wrong takes no film from the site
    (tmp_path / "gallery.toml").write_text(SETTINGS + good.replace('"spiral_mid"', '"spirl"'))
    assert make(load_gallery(tmp_path), Report()).exit_code == 3
    assert len(list((tmp_path / "public/galaxies/walks").glob("[0-9]*.html"))) == 1
    page = (tmp_path / "public/galaxies/walks/1.html").read_text()
    assert "Morph." in page
    assert "The noise is the same in every frame" in page
    assert "<dt>Path</dt><dd>morph</dd>" in page


def test_a_swirl_and_a_plane_are_made_told_about_and_rendered_again(tmp_path: Path) -> None:
    from render.stages.inspecting import describe, render_again

    tiny_weights(tmp_path / "tiny")
    table = (
        LONG.replace("frames = 20", "frames = 8\nfps = 12")
        .replace('path = "morph"', "swirl = { between = 2, drifts = 1 }")
        .replace('seed = 1, class = "spiral_mid"', "seed = 2")
    )
    (tmp_path / "gallery.toml").write_text(SETTINGS + table + PLANE)
    gallery = load_gallery(tmp_path)
    assert make(gallery, Report()).exit_code == 0
    with Catalogue(tmp_path / FILE) as catalogue:
        (walk, media), (plane, sheets) = catalogue.exhibits(kind="walk")
    assert walk.recipe.walk is not None
    assert walk.recipe.walk.swirl == Swirl(1.0, 2.0, 1, 6, 2)
    assert (walk.display["frames"], walk.display["fps"], walk.display["width"]) == (16, 12, 128)
    page = (tmp_path / "public/galaxies/walks/1.html").read_text()
    assert "Swirl over a great circle." in page
    assert "stand between 6 mirrors" in page
    assert "8 pictures · 16 frames · 12 a second" in page
    assert "<dt>Swirl, mirrors</dt><dd>6</dd>" in page
    page = (tmp_path / "public/galaxies/walks/2.html").read_text()
    (sheet,) = [medium for medium in sheets if medium.format == "avif"]
    assert (plane.display["width"], sheet.width) == (128, 3 * 128)
    assert 'data-plane="3"' in page
    assert sheet.key in page
    assert "between 4 keyframes · 9 pictures" in page
    assert "<video" not in page
    for medium in (*media, *(one for one in sheets if one.role != "poster")):
        if medium.format in ("png", "gif", "h264", "jpeg"):
            data = Store(tmp_path / "store").read(medium.key)
            found = describe(data)
            assert found is not None
            assert found.recipe is not None
            again = render_again(data, found.recipe, [tmp_path / "tiny"])
            assert again.answer in ("same", "near"), (medium.format, again)
    (tmp_path / "gallery.toml").write_text((SETTINGS + table + PLANE).replace("width = 128", "width = 160"))
    wider = load_gallery(tmp_path)
    with Catalogue(tmp_path / FILE) as catalogue:
        item, other = [item for part in make_plan(wider, sources(wider), catalogue.known()) for item in part]
    assert (other.recipe.id, other.again) == (plane.id, True)
    assert (item.recipe.id, item.again, item.width) == (walk.id, True, 160), "the same walk, another film"
