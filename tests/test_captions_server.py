"""Captions from a server over real HTTP: what a person would lose when it is busy, broken, slow, or lies."""

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
from pydantic import SecretStr
from talking import Heard, Line, reply, server
from test_captions import observed

from render.bake import bake
from render.captions.budget import Prices
from render.captions.dialogue import Voice
from render.captions.key import KEY, KEY_FILE, find_key
from render.captions.paid import FILE as PAID
from render.captions.paid import Paid
from render.captions.server import ServerCaptioner, Terms
from render.catalogue import FILE, Catalogue, Exhibit, Medium
from render.config import load_gallery
from render.engine.stop import stopping
from render.media import Store
from render.recipe import Recipe
from render.stages import Outcome, Report, make
from render.stages.captioning import observe

SECRET = "sk-never-to-be-seen"
QUICK = {"retry-after-ms": "10"}


def captioner(address: str, paid: Paid | None = None, **terms: Any) -> ServerCaptioner:
    whole = {"timeout": 5.0, "retries": 1, "concurrency": 1} | terms
    return ServerCaptioner(Voice("model-x", address), paid or Paid(None), (SecretStr(SECRET), ""), Terms(**whole))


def asked(script: list[Line], **terms: Any) -> tuple[str, str, Heard]:
    with server(script) as heard:
        (texts,) = captioner(heard.address, **terms).write([observed(1)])
    return texts.author, texts.caption, heard


def test_a_good_reply_is_signed_and_the_facts_are_printed_word_for_word() -> None:
    author, caption, heard = asked([Line(text=reply(facts=[2, 1]))])
    told = json.loads(heard.bodies[0]["messages"][1]["content"])
    assert author == "model-x"
    assert caption == f"Probably a spiral. {told['facts'][1]['text']} {told['facts'][0]['text']}"
    assert {"found", "probability, calibrated on real pictures", "asked for"} <= set(told["seen"]["class"])
    assert {"axis ratio (short by long)", "colour of the core", "outline"} <= set(told["seen"]["measured"])
    assert {"bar", "ring", "arms"} <= set(told["seen"]["features"]) | {"arms"}
    assert heard.bodies[0]["response_format"]["json_schema"]["schema"]["required"]


def test_a_busy_server_is_asked_again_when_it_said() -> None:
    author, _, heard = asked([Line(429, "{}", {"retry-after": "1"}), Line(text=reply())])
    assert author == "model-x"
    assert heard.times[1] - heard.times[0] >= 1.0


@pytest.mark.parametrize(
    ("trouble", "terms"),
    [
        (Line(500, json.dumps({"error": {"message": f"bad key {SECRET}"}}), QUICK), {}),
        (Line(0), {}),
        (Line(text=reply(), cut=40), {}),
        (Line(text=reply(), wait=1.5), {"timeout": 1.0}),
        (Line(text="<html>please log in</html>", whole=True), {"retries": 0}),
        (Line(text="x" * 2_000_000, whole=True), {"retries": 0}),
        (Line(text=json.dumps({"choices": []}), whole=True), {"retries": 0}),
    ],
    ids=["500", "dropped", "truncated", "slow", "no JSON", "2 MB", "no completion"],
)
def test_trouble_on_the_line_leaves_the_facts_and_the_next_one_is_still_asked(
    trouble: Line, terms: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    tries = terms.get("retries", 1) + 1
    with server([trouble] * tries + [Line(text=reply())]) as heard:
        writer = captioner(heard.address, **terms)
        texts = writer.write([observed(1), observed(2)])
    assert [t.author for t in texts] == ["facts", "model-x"]
    assert texts[0].awaits == "server", "the next run asks again"
    assert len(heard.bodies) == tries + 1
    assert "NONESUCH 1 keeps the texts from the facts" in caplog.text
    assert SECRET not in caplog.text + str(texts)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I am sorry", "not the JSON"),
        (reply()[:-20], "not the JSON"),
        (reply(caption="<script>alert()</script>"), "markup"),
        (reply(caption="See https://example.org"), "markup"),
        (reply(title="gal\u202eaxy"), "direction"),
        (reply(caption="It is 37219 wide."), "number"),
        (reply(caption="It looks like Andromeda."), "names something real"),
        (reply(alt="a" * 141), "longer than 140"),
        (reply(caption=f"The key is {SECRET}."), "[key]"),
        (reply(facts=[99]), "not in the list"),
        (reply(facts=[]), "one or two"),
    ],
)
def test_a_refused_reply_is_asked_for_once_more_with_the_reason(answer: str, reason: str) -> None:
    paid = Paid(None)
    with server([Line(text=answer), Line(text=reply())]) as heard:
        (better,) = captioner(heard.address, paid).write([observed(1)])
    assert better.author == "model-x"
    repeated, wish = heard.bodies[1]["messages"][-2:]
    assert repeated["role"] == "assistant"
    assert SECRET not in heard.raw.replace(f"Bearer {SECRET}", "")
    assert reason in wish["content"] or reason in repeated["content"]
    author, caption, heard = asked([Line(text=answer)])
    assert (author, len(heard.bodies)) == ("facts", 2)
    assert SECRET not in caption


def test_a_server_that_knows_no_schema_is_asked_for_plain_json() -> None:
    """llama.cpp, Ollama and others of an older kind answer 400 to a schema, or to the newer name of a limit."""

    def strict(body: dict[str, Any], number: int) -> Line:
        if {"response_format", "max_completion_tokens"} & set(body):
            return Line(400, json.dumps({"error": {"message": "unknown field"}}))
        return Line(text=f"Here it is:\n```json\n{reply()}\n```\nIs that all right?")

    with server(strict) as heard:
        texts = captioner(heard.address).write([observed(n) for n in range(3)])
    assert [t.author for t in texts] == ["model-x"] * 3
    assert len(heard.bodies) == 3 + 3, "the forms that it refuses are tried once a run"


@pytest.mark.parametrize(
    ("status", "body"), [(401, "{}"), (404, "{}"), (429, '{"error": {"code": "insufficient_quota"}}')]
)
def test_what_cannot_get_better_tonight_is_asked_once(status: int, body: str, caplog: pytest.LogCaptureFixture) -> None:
    with server([Line(status, body)]) as heard:
        texts = captioner(heard.address).write([observed(n) for n in range(5)])
    assert [t.awaits for t in texts] == ["server"] * 5
    assert len(heard.bodies) == 1
    assert caplog.text.count("is not asked again in this run") == 1


def test_several_at_once_but_no_more_than_were_allowed_and_a_pause_holds_all_of_them() -> None:
    def script(body: dict[str, Any], number: int) -> Line:
        return Line(429, "{}", {"retry-after": "1"}) if number == 1 else Line(text=reply(), wait=0.1)

    with server(script) as heard:
        texts = captioner(heard.address, concurrency=3).write([observed(n) for n in range(9)])
    assert {t.author for t in texts} == {"model-x"}
    assert heard.most == 3
    assert sum(t - heard.times[0] < 1.0 for t in heard.times[1:]) <= 2 + 2, "those under way, and one more of each"


def test_the_budget_stops_the_calling_and_a_larger_one_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    prices = Prices(input=1000.0, output=2000.0)  # 0.6 for an answer of 400 and 100 tokens
    paid = Paid(None)
    with server([Line(text=reply())]) as heard:
        voice = Voice("model-x", heard.address, max_tokens=200)
        key = (SecretStr(SECRET), "")
        many = [observed(n) for n in range(8)]
        for budget, written in ((3.0, 3), (100.0, 8)):
            terms = Terms(prices=prices, budget=budget, concurrency=1)
            texts = ServerCaptioner(voice, paid, key, terms).write(many)
            authors = [t.author for t in texts]
            assert authors == ["model-x"] * authors.count("model-x") + ["facts"] * authors.count("facts")
            assert {t.awaits for t in texts if t.author == "facts"} <= {"budget"}
            assert paid.spent().cost <= budget
            assert len(heard.bodies) == authors.count("model-x"), "what was paid for is not asked again"
            assert authors.count("model-x") >= written - 1
    assert authors == ["model-x"] * 8
    assert caplog.text.count("the budget for captions is spent") == 1


def test_the_model_is_shown_the_picture_when_it_may_see(tmp_path: Path) -> None:
    from dataclasses import replace

    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    with server([Line(text=reply())]) as heard:
        writer = ServerCaptioner(Voice("m", heard.address, picture=True), Paid(None), (SecretStr("k"), ""))
        writer.write([replace(observed(1), picture=(tmp_path / "a.jpg").read_bytes)])
    text, image = heard.bodies[0]["messages"][1]["content"]
    assert text["type"] == "text"
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/")


COUNT = 24
SETTINGS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = {count}
[evidence]
weights = "./none"
[captions]
model = "model-x"
base_url = "{address}"
concurrency = {concurrency}
"""


def drawn(folder: Path, address: str, concurrency: int = 1, more: str = "") -> Path:
    """A gallery of exhibits that wait for their texts."""
    text = SETTINGS.format(address=address, concurrency=concurrency, count=COUNT) + more
    (folder / "gallery.toml").write_text(text)
    with Catalogue(folder / FILE, write=True) as catalogue:
        for seed in range(COUNT):
            recipe = Recipe("flow", "ab" * 32, seed, "ab2", 3, 1.5, 24)
            file = Medium("image", "avif", 192, 192, f"ab/{seed:020x}.avif", 100, "ab" * 32)
            catalogue.rendered(Exhibit(recipe, "galaxies", seed, asked="spiral_mid"), [file])
    return folder


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.delenv(KEY_FILE, raising=False)


class Said(Report):
    """Keeps what a person is told."""

    text = ""

    def say(self, text: str) -> None:
        self.text += text


def captioned(folder: Path, report: Report | None = None) -> Outcome:
    with stopping(lambda text: None) as stop:
        return make(load_gallery(folder), report or Report(), stop, stages=["caption"])


def authors(folder: Path) -> list[str | None]:
    """Who wrote the texts of each exhibit; None where there are none."""
    with Catalogue(folder / FILE) as catalogue:
        return [one.texts and one.texts["author"] for one, _ in catalogue.exhibits()]


def baked(folder: Path) -> None:
    """The pages of what `drawn` made, with some picture for each exhibit."""
    with Catalogue(folder / FILE) as catalogue:
        for name, _ in catalogue.media_keys():
            picture = folder / "store" / name
            picture.parent.mkdir(parents=True, exist_ok=True)
            synthetic.spiral(1, 32).save(picture)
    bake(load_gallery(folder), site=synthetic.built_site(folder / "site"))


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
    several = 4
    environment = os.environ | {KEY: SECRET, "OMP_NUM_THREADS": "1"}

    def script(body: dict[str, Any], number: int) -> Line:
        if number == 14 and (process := running[0]).poll() is None:
            process.kill()
        return Line(text=reply())

    running: list[subprocess.Popen[bytes]] = []
    with server(script) as heard:
        drawn(tmp_path, heard.address, several)
        running.append(subprocess.Popen([sys.executable, "-c", NIGHT, str(tmp_path)], env=environment))
        assert running[0].wait(60) == -signal.SIGKILL
        first = [json.dumps(body["messages"]) for body in heard.bodies]
        running[0] = subprocess.Popen([sys.executable, "-c", NIGHT, str(tmp_path)], env=environment)
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
