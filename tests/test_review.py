"""Choosing pictures: what a person would lose is an evening's decisions, or their choice to somebody else's page."""

from __future__ import annotations

import csv
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import chromium
from PIL import Image, ImageDraw
from test_prepare import picture

from render.training.dataset import TrainingSet
from render.training.labels import fold_of
from render.training.prepare import Request, prepare
from render.training.review import Review


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    home = tmp_path / "photos"
    for label in ("moon", "comet"):
        (home / label).mkdir(parents=True)
        for seed in range(5):
            picture(seed + 10 * (label == "moon"), (130, 130)).save(home / label / f"{seed}.png")
    return home


def dropped(folder: Path) -> dict[str, str]:
    with (folder / "dropped.csv").open(newline="") as file:
        return {row["file"]: row["reason"] for row in csv.DictReader(file)}


def asked(address: str, value: object = None, **headers: str) -> tuple[int, bytes]:
    body = None if value is None else json.dumps(value).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_what_was_rejected_is_left_out_now_and_the_next_time(photos: Path, tmp_path: Path) -> None:
    decisions = tmp_path / "decisions.csv"

    def person(folder: Path) -> None:
        server = Review(folder, decisions)
        threading.Timer(0, server.decide, (0, False)).start()
        threading.Timer(0.3, server.done.set).start()
        assert server.wait() == 1

    made = prepare(Request(photos, tmp_path / "one", 64, (128,), decisions=decisions, asked=person))
    assert made.kept == 9
    rejected = next(name for name, reason in dropped(tmp_path / "one/64").items() if reason == "rejected by hand")
    for size in (64, 128):
        opened = TrainingSet.open(tmp_path / "one" / str(size))
        assert (len(opened.rows), opened.images.shape) == (9, (9, size, size, 3))
        assert rejected not in opened.column("file")
    prepare(Request(photos, tmp_path / "two", 64, decisions=decisions))
    assert dropped(tmp_path / "two") == {rejected: "rejected by hand"}
    assert np.array_equal(TrainingSet.open(tmp_path / "two").images, TrainingSet.open(tmp_path / "one/64").images)


def test_the_page_answers_to_its_token_and_its_own_name_alone(photos: Path, tmp_path: Path) -> None:
    prepare(Request(photos, tmp_path / "set", 64))
    server = Review(tmp_path / "set", tmp_path / "decisions.csv")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}/"
    try:
        assert asked(server.address)[0] == 200
        assert asked(server.address, Host="evil.example")[0] == 403
        assert asked(server.address + "decide", {"index": 0, "kept": False}, Origin="http://evil.example")[0] == 403
        for path in ("", "wrong/", "wrong/pictures.json", f"{server.token[:-1]}/"):
            assert asked(root + path)[0] == 403
        for path in ("../../secrets", "picture/99.png", "picture/-1.png", "review.py"):
            assert asked(server.address + path)[0] in (403, 404)
        assert asked(server.address + "decide", {"index": 99, "kept": False})[0] == 400
        assert asked(server.address + "decide", {"index": 0, "kept": "no"})[0] == 400
        assert not (tmp_path / "decisions.csv").exists()
        assert asked(server.address + "decide", {"index": 2, "kept": False})[0] == 200
        assert (tmp_path / "decisions.csv").read_text().splitlines()[1].endswith(",rejected")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
def test_a_person_rejects_by_click_and_by_key(photos: Path, tmp_path: Path) -> None:
    prepare(Request(photos, tmp_path / "set", 64))
    server = Review(tmp_path / "set", tmp_path / "decisions.csv")
    waiting = threading.Thread(target=server.wait, daemon=True)
    waiting.start()
    with chromium() as browser:
        page = browser.new_page()
        page.goto(server.address)
        page.locator("#sheet button").nth(3).click()
        page.get_by_text("1 of 10 rejected").wait_for()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("x")
        page.get_by_text("2 of 10 rejected").wait_for()
        page.reload()
        page.get_by_text("2 of 10 rejected").wait_for()
        assert page.locator('#sheet [aria-pressed="true"]').count() == 2
        page.get_by_text("Done", exact=True).click()
        page.get_by_text("can be closed").wait_for()
    waiting.join(5)
    assert not waiting.is_alive()
    with (tmp_path / "decisions.csv").open(newline="") as file:
        told = [row["decision"] for row in csv.DictReader(file)]
    assert (told.count("rejected"), told.count("kept")) == (2, 8)


def test_a_sample_is_balanced_and_names_are_those_of_the_content(photos: Path, tmp_path: Path) -> None:
    request: dict[str, Any] = {"folders_are_labels": True, "sample": 2, "rename": True}
    prepare(Request(photos, tmp_path / "one", 64, **request))
    one = TrainingSet.open(tmp_path / "one")
    assert sorted(one.column("label")) == ["comet", "comet", "moon", "moon"]
    assert [fold_of(name) for name in one.column("file")] == one.folds.tolist()
    for path in list(photos.rglob("*.png")):
        path.rename(path.with_name(f"renamed-{path.name}"))
    prepare(Request(photos, tmp_path / "all", 64, rename=True))
    assert set(one.column("file")) <= set(TrainingSet.open(tmp_path / "all").column("file"))
    assert all(
        name.startswith(("moon/renamed-", "comet/renamed-"))
        for name in TrainingSet.open(tmp_path / "all").column("was")
    )


def test_an_overlay_that_many_share_is_found_and_cropped_or_dropped(tmp_path: Path) -> None:
    home = tmp_path / "photos"
    home.mkdir()
    for seed in range(60):
        image = picture(seed, (160, 160))
        if seed % 3:
            ImageDraw.Draw(image).text((112, 146), "(c) NAME", fill=(250, 250, 250))
        image.save(home / f"{seed:02d}.png")
    made = prepare(Request(home, tmp_path / "dropped", 64, watermarks="drop"))
    assert made.dropped == {"watermark": 40}
    assert made.watermarked == pytest.approx(2 / 3, abs=0.05)
    made = prepare(Request(home, tmp_path / "cropped", 64, watermarks="crop"))
    assert (made.kept, made.dropped) == (60, {})
    plain = TrainingSet.open(tmp_path / "dropped")
    cropped = TrainingSet.open(tmp_path / "cropped")
    place = cropped.column("file").index(plain.column("file")[0])
    assert np.array_equal(cropped.images[place], plain.images[0])  # what carries none stays as it is
    marked = cropped.images[cropped.column("file").index("01.png")].astype(int)
    clean = np.asarray(picture(1, (160, 160)).resize((64, 64), Image.Resampling.LANCZOS)).astype(int)
    written = np.asarray(Image.open(home / "01.png").resize((64, 64), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(written - clean).max() > 60
    inside = [
        np.asarray(Image.fromarray(clean.astype(np.uint8)).crop((m, m, 64 - m, 64 - m)).resize((64, 64)))
        for m in range(4, 13)
    ]
    assert min(np.abs(marked - one).max() for one in inside) < 40  # the middle of the unmarked picture, nothing else


def test_pictures_of_one_kind_share_light_and_no_watermark(tmp_path: Path) -> None:
    home = tmp_path / "galaxies"
    home.mkdir()
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    for seed in range(40):
        random = np.random.default_rng(seed)
        turn, flat = random.uniform(0, np.pi), random.uniform(1, 2)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        light = 220 * np.exp(-np.hypot(along, flat * across) * random.uniform(4, 12))
        noisy = np.clip(light + random.normal(8, 4, light.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).convert("RGB").save(home / f"{seed}.png")
    made = prepare(Request(home, tmp_path / "set", 64, watermarks="drop", keep_duplicates=True))
    assert (made.kept, made.watermarked) == (40, None)
