"""A night of captions: what a person would lose when a server dies, a run is stopped or killed, or a key leaks."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
import synthetic
from captioning import COUNT, SECRET, Said, authors, baked, captioned, drawn
from talking import Line, reply, server
from test_captions_server import QUICK

from render.captions.dialogue import Voice
from render.captions.key import KEY, KEY_FILE, find_key
from render.captions.paid import FILE as PAID
from render.captions.paid import Paid
from render.captions.server import ServerCaptioner
from render.catalogue import FILE, Catalogue
from render.media import Store
from render.stages.captioning import observe


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.delenv(KEY_FILE, raising=False)


@pytest.mark.usefixtures("key")
def test_a_dead_server_is_left_alone_for_the_rest_of_the_run_and_asked_again_by_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A night would be spent on asking a server that is down, exhibit after exhibit; or its words be lost for good."""
    lines = [Line(500, "{}", QUICK)] * (3 * (1 + 3)) + [Line(text=reply())]
    with server(lines) as heard:
        outcome = captioned(drawn(tmp_path, heard.address))
        assert len(heard.bodies) == 3 * (1 + 3), "three exhibits, each with three retries"
        assert caplog.text.count("is not asked again") == 1
        assert (outcome.exit_code, outcome.shown) == (0, COUNT)
        assert authors(tmp_path) == ["facts"] * COUNT
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        before = len(heard.bodies)
        assert captioned(tmp_path).nothing
        assert len(heard.bodies) == before


def test_a_missing_key_is_said_once_and_one_in_the_gallery_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv(KEY_FILE, raising=False)
    with server([Line(text=reply())]) as heard:
        assert captioned(drawn(tmp_path, heard.address)).shown == COUNT
        assert caplog.text.count("not called") == 1
        (tmp_path / "key.txt").write_text(SECRET)
        monkeypatch.setenv(KEY_FILE, str(tmp_path / "key.txt"))
        captioned(tmp_path)
        assert "move it out of there" in caplog.text
        monkeypatch.setenv(KEY, "sk-one\nsk-two")
        assert find_key()[0] is None, "the HTTP library would print such a key in its complaint"
    assert not heard.bodies


@pytest.mark.usefixtures("key")
def test_the_first_ctrl_c_ends_a_long_server_run_and_the_next_goes_on(tmp_path: Path) -> None:
    """A person would wait for hours, or lose the model's words for good."""

    def script(body: dict[str, Any], number: int) -> Line:
        if number == 15:
            os.kill(os.getpid(), signal.SIGINT)
        return Line(text=reply())

    report = Said()
    with server(script) as heard:
        first = captioned(drawn(tmp_path, heard.address), report)
        assert len(heard.bodies) == 15, "the answer in hand is waited for, and kept"
        assert authors(tmp_path) == ["model-x"] * 15 + [None] * (COUNT - 15)
        assert (first.exit_code, first.shown) == (3, 15)
        assert f"{COUNT - 15} exhibits get their texts from the next run" in report.text
        second = captioned(tmp_path)
        assert len(heard.bodies) == COUNT
    assert (second.exit_code, second.shown) == (0, COUNT)
    assert authors(tmp_path) == ["model-x"] * COUNT


@pytest.mark.usefixtures("key")
def test_a_stop_does_not_wait_for_a_server_that_asks_for_patience(tmp_path: Path) -> None:
    def script(body: dict[str, Any], number: int) -> Line:
        os.kill(os.getpid(), signal.SIGINT)
        return Line(429, "{}", {"retry-after": "600"})

    with server(script) as heard:
        start = time.monotonic()
        captioned(drawn(tmp_path, heard.address))
    assert time.monotonic() - start < 10  # seconds, of the 600 that the server wanted
    assert len(heard.bodies) == 1


@pytest.mark.usefixtures("key")
def test_a_stop_leaves_nothing_on_the_site_without_words(tmp_path: Path) -> None:
    """A classifier that came late sends shown exhibits back for their texts; Ctrl-C must not leave their pages bare."""

    def script(body: dict[str, Any], number: int) -> Line:
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return Line(text=reply())

    report, shown = Said(), 10
    with server(script) as heard:
        drawn(tmp_path, heard.address)
        with Catalogue(tmp_path / FILE, write=True) as catalogue:
            everything = [one.id for one, _ in catalogue.exhibits()]
            catalogue.give_numbers("galaxies", unchecked=True)
            catalogue.show(everything[COUNT - shown :])
        outcome = captioned(tmp_path, report)
        assert len(heard.bodies) == 1
        assert authors(tmp_path) == ["model-x"] + [None] * (COUNT - shown - 1) + ["facts"] * shown
        assert (outcome.exit_code, outcome.shown) == (3, shown + 1)
        assert f"{COUNT - shown - 1} exhibits get their texts from the next run, and are shown then" in report.text
        captioned(tmp_path)
    assert authors(tmp_path) == ["model-x"] * COUNT, "the words of the facts stood in only for a while"


NIGHT = """
import sys
from pathlib import Path
from render.config import load_gallery
from render.stages import Report, make
make(load_gallery(Path(sys.argv[1])), Report(), stages=["caption"])
"""


def test_killed_and_started_again_no_caption_is_paid_for_twice(tmp_path: Path) -> None:
    """kill -9 in the middle: answers that had come are in the file, and only those under way can be lost."""
    several, command = 4, [sys.executable, "-c", NIGHT, str(tmp_path)]
    environment = os.environ | {KEY: SECRET, "OMP_NUM_THREADS": "1"}

    def script(body: dict[str, Any], number: int) -> Line:
        if number == 14 and (process := running[0]).poll() is None:
            process.kill()
        return Line(text=reply())

    running: list[subprocess.Popen[bytes]] = []
    with server(script) as heard:
        drawn(tmp_path, heard.address, several)
        running.append(subprocess.Popen(command, env=environment, cwd=tmp_path))
        assert running[0].wait(60) == -signal.SIGKILL
        first = [json.dumps(body["messages"]) for body in heard.bodies]
        running[0] = subprocess.Popen(command, env=environment, cwd=tmp_path)
        assert running[0].wait(60) == 0
        again = [json.dumps(body["messages"]) for body in heard.bodies[len(first) :]]
    assert authors(tmp_path) == ["model-x"] * COUNT
    assert len(set(first)) == len(first)
    assert len(set(first) & set(again)) <= several, "at most what was under way at the moment of the kill"
    with sqlite3.connect(tmp_path / PAID) as paid:
        assert paid.execute("SELECT count(*) FROM answers").fetchone() == (COUNT,)


@pytest.mark.usefixtures("key")
def test_the_key_is_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in a file of the gallery, not in a log, not in what a person is told, not in a traceback."""
    caplog.set_level("DEBUG")
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {SECRET}", "code": SECRET}})
    lines = [
        Line(text=reply(caption=f"It whispers {SECRET}.")),
        Line(text=reply(title=SECRET)),
        Line(500, echo, QUICK),
        Line(400, echo),
        Line(400, echo),
        Line(400, echo),
        Line(400, echo),
        Line(text=SECRET, whole=True),
        Line(0),
        Line(text=reply()),
        Line(401, echo),
    ]
    report = Said()
    with server(lines) as heard:
        captioned(drawn(tmp_path, heard.address), report)
        try:
            ServerCaptioner(Voice("m", heard.address), Paid(None), find_key()).connection.client.models.list()
        except Exception as error:
            trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
        assert "model-x" in authors(tmp_path)
    assert any(SECRET in header["authorization"] for header in heard.headers)
    baked(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {PAID, FILE, "1.html"} <= {path.name for path in files}
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + report.text + printed.out + printed.err + trace


def test_a_walk_is_told_about_by_the_name_on_its_page(tmp_path: Path) -> None:
    """The model, the log and the page would speak of different things: walks have numbers of their own."""
    made = synthetic.gallery(tmp_path, 1)
    picture = synthetic.pictures(tmp_path / "store", [synthetic.spiral(1, 32)], widths=(48,))[0]
    waiting = [synthetic.walk(7, tmp_path, picture), (synthetic.exhibit(7, picture), [])]
    told = [one.designation for one in observe(made, Store(made.store_path), waiting)]
    assert told == ["Walk 7", "NONESUCH 7"]
