"""What visitors read: texts that say only what was seen, in words that differ, whoever wrote them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from render.captions import Observation, facts, facts_captioner
from render.captions.server import KEY, ServerCaptioner
from render.catalogue import FILE, Catalogue, Exhibit, Medium
from render.config import load_gallery
from render.engine.stop import stopping
from render.recipe import Recipe
from render.stages import Outcome, Report, make

CLASSES = ("elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical")


def observed(number: int, found: str = "spiral_mid", share: float | None = None) -> Observation:
    r = random.Random(number)
    p = share if share is not None else r.choice([0.95, 0.7, 0.5])
    other = "lenticular" if found != "lenticular" else "elliptical"
    return Observation(
        f"NONESUCH {number}",
        f"id-{number}",
        found,
        found,
        {found: p, other: (1 - p) * 0.8},
        {name: r.random() for name in ("bar", "ring", "dust", "edge_on")},
        {
            "detected": True,
            "axis_ratio": r.uniform(0.2, 1),
            "position_angle_deg": r.uniform(0, 180),
            "half_light_radius": r.uniform(0.1, 0.3),
            "core_colour": r.uniform(-0.3, 0.5),
            "disc_colour": r.uniform(-1, 0.3),
            "neighbours_in_field": r.randrange(5),
        },
    )


@pytest.mark.parametrize("topic", [*CLASSES, "bar", "ring", "dust", "edge_on", "galaxy"])
def test_every_topic_has_reviewed_facts(topic: str) -> None:
    chosen = [fact for fact in facts().values() if fact.topic == topic]
    assert 4 <= len(chosen) <= 8
    for fact in chosen:
        assert fact.source.startswith("http")
        assert fact.title
        assert isinstance(fact.read, date)
        assert len(fact.passage) > 20
        assert fact.text.endswith(".")
        assert fact.text not in fact.passage  # our words, not the source's


def test_two_hundred_of_one_class_do_not_read_like_a_template() -> None:
    for found in CLASSES:
        texts = facts_captioner().write([observed(n, found) for n in range(200)])
        assert len({t.caption for t in texts}) > 150
        assert len({t.description for t in texts}) > 150
        assert len({t.caption.split()[0] + t.caption.split()[1] for t in texts}) >= 5
        assert max(len(t.alt) for t in texts) <= 140
        assert all(t.alt.endswith(".") for t in texts)  # none was cut
        for word in ("None", " a elliptical", " a irregular", " a early", " a oval", "..", "  "):
            assert not any(word in f"{t.alt} {t.description} {t.caption}" for t in texts)


def test_the_same_exhibit_gets_the_same_words_in_any_batch() -> None:
    many = facts_captioner().write([observed(n) for n in range(20)])
    assert facts_captioner().write([observed(7)]) == [many[7]]


def test_doubt_and_a_broken_promise_are_told() -> None:
    unsure = Observation("N 1", "a", "irregular", "lenticular", {"lenticular": 0.36, "elliptical": 0.34})
    (texts,) = facts_captioner().write([unsure])
    assert texts.title.endswith("?")
    assert "asked for" in texts.caption
    assert "irregular" in texts.caption
    assert any(word in texts.caption for word in ("cannot tell", "neither is certain"))


def test_what_was_not_measured_is_not_mentioned() -> None:
    (bare,) = facts_captioner().write([Observation("NONESUCH 1", "x")])
    assert bare.alt
    assert "colour" not in bare.description
    assert "not been classified" in bare.caption


def test_a_walk_names_its_stops_and_returns() -> None:
    (texts,) = facts_captioner().write([Observation("W", "w", keyframes=("elliptical", "spiral_late"), frames=48)])
    assert "elliptical" in texts.title
    assert "late spiral" in texts.title
    assert "48 frames" in texts.caption


def test_captions_need_neither_torch_nor_openai() -> None:
    code = "import sys; sys.modules.update(torch=None, openai=None); import render.captions, render.captions.server"
    subprocess.run([sys.executable, "-c", code], check=True)


@contextmanager
def server(
    script: list[tuple[int, str]], heard: Callable[[int], None] = lambda requests: None
) -> Iterator[tuple[str, list[str]]]:
    """A real HTTP server that answers as scripted; the last line repeats. Yields its address and what it was sent.

    heard: called with how many requests there were, before each answer.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["content-length"])).decode())
            heard(len(seen))
            status, body = script[min(len(seen), len(script)) - 1]
            if status == 0:
                time.sleep(1.0)
                return
            if status == 200:
                message = {"role": "assistant", "content": body}
                choice = {"index": 0, "finish_reason": "stop", "message": message}
                body = json.dumps(
                    {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
                )
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("retry-after-ms", "10")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/v1", seen
    finally:
        running.shutdown()
        running.server_close()


def reply(**changes: str) -> str:
    good = {
        "title": "A spiral",
        "alt": "A spiral on black.",
        "description": "It has arms.",
        "caption": "Probably a spiral.",
    }
    return json.dumps(good | changes)


SECRET = "sk-never-to-be-seen"


def asked(script: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch, timeout: float = 5.0) -> tuple[str, str, int]:
    monkeypatch.setenv(KEY, SECRET)
    with server(script) as (address, seen):
        (texts,) = ServerCaptioner("model-x", address, timeout=timeout, retries=1).write([observed(1)])
    assert SECRET not in str(texts)
    assert SECRET not in "".join(seen)
    return texts.author, texts.caption, len(seen)


def test_a_good_reply_is_used_and_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked([(200, reply())], monkeypatch) == ("model-x", "Probably a spiral.", 1)


def test_a_busy_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked([(429, "{}"), (200, reply())], monkeypatch)[::2] == ("model-x", 2)


@pytest.mark.parametrize(
    "answer",
    [
        (500, json.dumps({"error": {"message": f"bad key {SECRET}"}})),
        (200, "I am sorry"),
        (200, reply(caption="<script>alert()</script>")),
        (200, reply(caption="See https://example.org")),
        (200, reply(title="gal\u202eaxy")),
        (200, reply(caption="It is 37219 light years away.")),
        (200, reply(alt="a" * 141)),
        (200, reply(caption=SECRET)),
        (0, ""),
    ],
)
def test_a_bad_reply_leaves_the_facts(
    answer: tuple[int, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    author, _, _ = asked([answer], monkeypatch, timeout=0.3 if answer[0] == 0 else 5.0)
    assert author == "facts"
    assert "NONESUCH 1" in caplog.text
    assert SECRET not in caplog.text


def test_without_a_key_nobody_is_called(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv("OPENAI_API_KEY_FILE", raising=False)
    with server([(200, reply())]) as (address, seen):
        (texts,) = ServerCaptioner("model-x", address).write([observed(1)])
    assert texts.author == "facts"
    assert not seen
    assert "not called" in caplog.text


COUNT = 70
SETTINGS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 70
[evidence]
weights = "./none"
[captions]
model = "model-x"
base_url = "{address}"
"""


def drawn(folder: Path, address: str) -> Path:
    """A gallery of exhibits that wait for their texts."""
    (folder / "gallery.toml").write_text(SETTINGS.format(address=address))
    with Catalogue(folder / FILE, write=True) as catalogue:
        for seed in range(COUNT):
            recipe = Recipe("flow", "ab" * 32, seed, "ab2", 3, 1.5, 24)
            file = Medium("image", "avif", 192, 192, f"ab/{seed:04d}.avif", 100, "ab" * 32)
            catalogue.rendered(Exhibit(recipe, "galaxies", seed), [file])
    return folder


def captioned(folder: Path, report: Report | None = None) -> Outcome:
    with stopping(lambda text: None) as stop:
        return make(load_gallery(folder), report or Report(), stop, stages=["caption"])


def authors(folder: Path) -> list[str | None]:
    """Who wrote the texts of each exhibit; None where there are none."""
    with Catalogue(folder / FILE) as catalogue:
        return [one.texts and one.texts["author"] for one, _ in catalogue.exhibits()]


def test_a_dead_server_is_left_alone_for_the_rest_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A night would be spent on asking a server that is down, exhibit after exhibit."""
    monkeypatch.setenv(KEY, SECRET)
    with server([(500, "{}")]) as (address, seen):
        outcome = captioned(drawn(tmp_path, address))
    assert len(seen) == 3 * (1 + 3), "three exhibits, each with three retries"
    assert caplog.text.count("is not asked again") == 1
    assert (outcome.exit_code, outcome.shown) == (0, COUNT)
    assert authors(tmp_path) == ["facts"] * COUNT


def test_a_missing_key_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv("OPENAI_API_KEY_FILE", raising=False)
    with server([(200, reply())]) as (address, seen):
        assert captioned(drawn(tmp_path, address)).shown == COUNT
    assert not seen
    assert caplog.text.count("not called") == 1


class Said(Report):
    """Keeps what a person is told."""

    text = ""

    def say(self, text: str) -> None:
        self.text += text


def test_the_first_ctrl_c_ends_a_long_server_run_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person would wait for hours, or lose the model's words for good."""
    monkeypatch.setenv(KEY, SECRET)

    def interrupt(requests: int) -> None:
        if requests == 40:
            os.kill(os.getpid(), signal.SIGINT)

    report = Said()
    with server([(200, reply())], interrupt) as (address, seen):
        first = captioned(drawn(tmp_path, address), report)
        assert len(seen) == 40, "the answer in hand is waited for, and kept"
        assert authors(tmp_path) == ["model-x"] * 40 + [None] * 30
        assert (first.exit_code, first.shown) == (3, 40)
        assert "30 exhibits get their texts from the next run" in report.text
        second = captioned(tmp_path)
        assert len(seen) == COUNT
    assert (second.exit_code, second.shown) == (0, COUNT)
    assert authors(tmp_path) == ["model-x"] * COUNT


def test_a_stop_leaves_nothing_on_the_site_without_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A classifier that came late sends shown exhibits back for their texts; Ctrl-C must not leave their pages bare."""
    monkeypatch.setenv(KEY, SECRET)

    def interrupt(requests: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    report = Said()
    with server([(200, reply())], interrupt) as (address, seen):
        drawn(tmp_path, address)
        with Catalogue(tmp_path / FILE, write=True) as catalogue:
            everything = [one.id for one, _ in catalogue.exhibits()]
            catalogue.give_numbers("galaxies", unchecked=True)
            catalogue.show(everything[COUNT - 20 :])
        outcome = captioned(tmp_path, report)
        assert len(seen) == 1
    assert authors(tmp_path) == ["model-x"] + [None] * (COUNT - 21) + ["facts"] * 20
    assert (outcome.exit_code, outcome.shown) == (3, 21)
    assert f"{COUNT - 21} exhibits get their texts from the next run, and are shown then" in report.text
