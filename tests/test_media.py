"""Media: what a person would lose is a file that is half there, a mark that is missing, or bytes that never end."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.media import Store, data_of_master, encode_image, encode_walk, films, neighbour_media
from render.media.images import enlarged, widths
from render.provenance import CAPTURE, TRAINED, read_mark
from render.recipe import Keyframe, Recipe, Walk
from render.weights import Card

CARD = Card(name="tiny", family="flow", size=24, display=DisplayMapping().settings())
RECIPE = Recipe("flow", "ab" * 32, 7, "ab2", 3, 1.5, 24, class_name="irregular")


def galaxy(turn: float = 0.0, size: int = 24) -> np.ndarray:
    """A tilted blob in data space, (3, h, w), black sky."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    light = np.exp(-((u / 0.6) ** 2 + (v / 0.25) ** 2))
    return (2 * np.stack([light, 0.9 * light, 0.7 * light]) - 1).astype(np.float32)


def walk(frames: int) -> Recipe:
    loop = Walk("great-circle", frames, (Keyframe(1, "irregular"), Keyframe(2, "elliptical")))
    return Recipe("flow", "ab" * 32, 1, "ab2", 3, 1.5, 24, kind="walk", class_name="irregular", walk=loop)


def test_an_exhibit_has_every_file_and_each_says_what_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    encoded = encode_image(store, galaxy(), RECIPE, CARD)
    sizes = [(m.role, m.format, m.width) for m in encoded.media]
    assert sizes == [
        ("master", "png", 24),
        ("image", "avif", 192),
        ("image", "avif", 384),
        ("fallback", "jpeg", 384),
    ]
    for medium in encoded.media:
        data = store.read(medium.key)
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (medium.width, medium.height)
            assert len(data) == medium.bytes
        mark = read_mark(data)
        assert mark is not None
        assert mark.source_type == TRAINED
        assert Recipe.from_json(mark.recipe).id == RECIPE.id
    assert sum(m.bytes for m in encoded.media) < 40 * 1024
    assert len(encoded.display["placeholder"]) < 200


def test_no_size_is_larger_than_there_is_something_to_see() -> None:
    assert widths(96) == [192, 384, 576]
    assert widths(256) == [192, 384, 768]
    assert widths(24) == [192, 384], "the fallback's size is there for every exhibit"


def test_the_same_pixels_are_the_same_files(tmp_path: Path) -> None:
    first = encode_image(Store(tmp_path / "a"), galaxy(), RECIPE, CARD)
    second = encode_image(Store(tmp_path / "b"), galaxy(), RECIPE, CARD)
    assert first == second
    other = encode_image(Store(tmp_path / "b"), galaxy(0.5), RECIPE, CARD)
    assert other.pixel_hash != first.pixel_hash
    assert not {m.key for m in other.media} & {m.key for m in first.media}


def test_the_master_gives_the_picture_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    encoded = encode_image(store, galaxy(), RECIPE, CARD)
    back = data_of_master(store, encoded.media, CARD)
    assert np.abs(back - galaxy().clip(-1, 1)).max() <= 1 / 255 + 1e-6  # half a step of 8 bits over a range of 2


def test_a_sky_stays_black_when_it_is_enlarged() -> None:
    corner = enlarged(galaxy(), 384)[:16, :16]
    assert corner.max() <= 1, "a grey square on a black page is the first thing that one would see"


def test_a_walk_is_a_loop_without_a_frame_twice_and_every_file_is_marked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    frames = [galaxy(2 * np.pi * i / 8) for i in range(8)]
    encoded = encode_walk(store, iter(frames), walk(8), CARD, 24)
    assert encoded.display["frames"] == 8
    roles = {(m.role, m.format) for m in encoded.media}
    assert {("video", "h264"), ("gif", "gif"), ("poster", "avif"), ("poster", "jpeg"), ("master", "png")} <= roles
    for medium in encoded.media:
        mark = read_mark(store.read(medium.key))
        assert mark is not None
        assert mark.source_type == TRAINED
        assert '"walk"' in mark.recipe
    gif = next(m for m in encoded.media if m.role == "gif")
    with Image.open(store.path(gif.key)) as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
    video = next(m for m in encoded.media if m.format == "h264")
    import imageio_ffmpeg

    assert imageio_ffmpeg.count_frames_and_secs(str(store.path(video.key)))[0] == 8
    frames_read = imageio_ffmpeg.read_frames(str(store.path(video.key)))
    assert next(frames_read)["size"] == (384, 384)
    frames_read.close()
    again = encode_walk(Store(tmp_path / "again"), iter(frames), walk(8), CARD, 24)
    assert [m.key for m in again.media] == [m.key for m in encoded.media]


def test_a_real_picture_is_marked_as_real_whatever_its_credit_says(tmp_path: Path) -> None:
    store = Store(tmp_path)
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (30, 20, 10)).save(picture, "WEBP")
    credit = 'SDSS <script>"&\x07 — Baillard & co.'
    medium = neighbour_media(store, picture.getvalue(), 2, credit, "CC-BY")
    data = store.read(medium.key)
    mark = read_mark(data)
    assert mark is not None
    assert mark.source_type == CAPTURE
    assert mark.recipe == ""
    assert mark.credit == credit.replace("\x07", "")
    assert b"<script>" not in data
    assert (medium.role, medium.position) == ("neighbour", 2)


@pytest.mark.parametrize("key", ["../../etc/passwd", "ab/../cd.png", "/etc/passwd", "ab/xyz.png", ""])
def test_no_key_leaves_the_store(tmp_path: Path, key: str) -> None:
    with pytest.raises(NonesuchError, match="no key"):
        Store(tmp_path).path(key)


def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(tmp_path: Path) -> None:
    """A file-size limit stands in for a full disk: the system refuses the write in the middle."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from render.media import Store\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "Store(Path(sys.argv[1])).put(b'x' * 5000, 'png')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "the disk is full" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_killed_writer_leaves_no_half_file_under_a_final_name(tmp_path: Path) -> None:
    code = (
        "import sys, os; from pathlib import Path; from render.media import Store\n"
        "store = Store(Path(sys.argv[1])); print('go', flush=True)\n"
        "while True: store.put(os.urandom(300_000), 'png')"
    )
    for wait in (0.02, 0.05, 0.11):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(wait)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    store = Store(tmp_path)
    assert all(store.path(key).stat().st_size == 300_000 for key in store.keys())  # noqa: SIM118 - no dict
    store.sweep()
    assert store.leftovers() == []


def test_a_walk_that_ffmpeg_refuses_fails_alone(tmp_path: Path) -> None:
    """As a NonesuchError it would end the whole night."""
    with pytest.raises(films.FilmError, match="ffmpeg could not encode a walk") as told:
        films._ffmpeg(["-i", str(tmp_path / "none.rgb"), str(tmp_path / "out.gif")], tmp_path)
    assert not isinstance(told.value, NonesuchError)
