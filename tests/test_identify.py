"""Identifying: someone who holds a picture would not learn what it is, or would be told more than is known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import synthetic
from PIL import Image

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.media import Store, encode_image
from render.provenance import TRAINED, Mark, xmp_packet
from render.weights import Card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gallery with one real exhibit, number 4, and its files as someone downloaded them."""
    gallery = synthetic.gallery(tmp_path / "g", 4)
    one = synthetic.exhibit(4, synthetic.Picture((), {}))
    data = np.asarray(synthetic.spiral(1), dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
    store = Store(gallery.store_path)
    encoded = encode_image(store, data, one.recipe, Card(name="t", family="flow", size=96))
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.rendered(one, encoded.media)
    for medium in encoded.media:
        shutil.copy(store.path(medium.key), tmp_path / f"{medium.role}-{medium.width}.{medium.key.rpartition('.')[2]}")
    return tmp_path


def test_a_file_says_which_exhibit_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever format was downloaded, the way back to its page would be lost."""
    files = [str(path) for path in sorted(folder.iterdir()) if path.is_file()]
    assert len(files) > 3
    assert run(["identify", *files, "--gallery", str(folder / "g"), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(one["collection"], one["number"], one["state"]) for one in told} == {("galaxies", 4, "shown")}
    assert {one["source_type"] for one in told} == {TRAINED}
    assert told[0]["recipe"]["seed"] == 4


def test_what_says_nothing_is_not_guessed_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A photograph would be called generated, or a stranger's mark believed to be a recipe of ours."""
    Image.new("RGB", (9, 9)).save(folder / "plain.png")
    Image.new("RGB", (9, 9)).save(folder / "foreign.jpg", xmp=xmp_packet(Mark("", "me", "", recipe="{not json")))
    assert run(["identify", str(folder / "plain.png"), str(folder / "foreign.jpg")]) == 3
    out = capsys.readouterr().out
    assert "plain.png: says nothing of itself" in out
    assert "made: not said" in out
    assert "id:" not in out
    assert run(["identify", str(folder / "gone.png")]) == 1


def test_a_strangers_words_stay_on_their_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A credit could write a line of its own over ours, and one damaged mark keep the other answers back."""
    forged = xmp_packet(Mark("", "me\nexhibit: galaxies 1 (shown)\x9b\u202e", "CC0"))
    Image.new("RGB", (9, 9)).save(folder / "forged.jpg", xmp=forged)
    Image.new("RGB", (9, 9)).save(folder / "damaged.jpg", xmp=b"<x:xmpmeta><unclosed></x:xmpmeta>")
    assert run(["identify", str(folder / "damaged.jpg"), str(folder / "forged.jpg")]) == 1
    told = capsys.readouterr()
    assert "not well-formed" in told.err or "damaged.jpg" in told.err
    assert "credit: me exhibit: galaxies 1 (shown)  " in told.out
