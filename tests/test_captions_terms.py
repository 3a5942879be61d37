"""On whose terms a server is asked: the tokens a maker allows, the key's own place, the hour the server names."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from captioning import COUNT, SECRET, authors, baked, captioned, drawn
from talking import Line, reply, server
from test_captions import observed
from test_captions_server import captioner

from render.captions.budget import tokens_of
from render.captions.connection import retry_after
from render.captions.key import KEY, KEY_FILE
from render.captions.paid import FILE as PAID
from render.captions.paid import Paid
from render.catalogue import FILE, Catalogue
from render.config import load_gallery


def test_the_budget_of_tokens_stops_the_calling_and_the_facts_take_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A maker whose server has no price would find a month's quota gone after a night."""
    monkeypatch.setenv(KEY, SECRET)
    budget, most, each = 9_000, 200, 500  # tokens: of all, of an answer at most, of a question with its answer
    with server([Line(text=reply())]) as heard:
        drawn(tmp_path, heard.address, more=f"max_tokens = {most}\nbudget_tokens = {budget}\n")
        outcome = captioned(tmp_path)
        written = len(heard.bodies)
        assert authors(tmp_path) == ["model-x"] * written + ["facts"] * (COUNT - written)
        question = max(tokens_of(body["messages"]) for body in heard.bodies)
        assert written * each <= budget < (written + 1) * each + question + most, "no more, and not much less"
        assert 0 < written < COUNT
        assert (outcome.exit_code, outcome.shown) == (0, COUNT)
        assert caplog.text.count("the budget for captions is spent") == 1
        captioned(tmp_path)
        assert len(heard.bodies) == written, "another run has no budget of its own"
        settings = tmp_path / "gallery.toml"
        settings.write_text(settings.read_text().replace(f"budget_tokens = {budget}", "budget_tokens = 1_000_000"))
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        assert len(heard.bodies) == COUNT, "what was paid for is not asked again"
    spent = Paid(tmp_path / PAID).spent()
    assert spent.tokens_in + spent.tokens_out == COUNT * each


def test_a_key_from_a_file_is_used_and_is_nowhere_in_the_gallery_and_pages_say_who_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    (tmp_path / "key").write_text(f"{SECRET}\n")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    gallery = tmp_path / "gallery"
    gallery.mkdir()
    wrong = Line(text=reply(caption=f"It whispers {SECRET}."))
    with server([wrong, wrong, wrong, Line(text=reply())]) as heard:
        captioned(drawn(gallery, heard.address))
    assert {header["authorization"] for header in heard.headers} == {f"Bearer {SECRET}"}
    assert authors(gallery) == ["facts"] + ["model-x"] * (COUNT - 1), "the first was refused twice"
    baked(gallery)
    files = [path for path in gallery.rglob("*") if path.is_file()]
    assert {PAID, FILE, "1.html"} <= {path.name for path in files}
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    with Catalogue(gallery / FILE) as catalogue:
        wrote = {one.number: (one.texts or {})["author"] for one, _ in catalogue.exhibits()}
    for number, author in wrote.items():
        page = (load_gallery(gallery).public / "galaxies" / f"{number}.html").read_text()
        assert ("Words: model-x, a language model" in page) == (author == "model-x")
        assert ("Words: by rule, from the measurements and from reviewed facts." in page) == (author == "facts")


def test_a_busy_server_may_name_the_hour() -> None:
    told: list[int] = []

    def script(body: dict[str, Any], number: int) -> Line:
        if number > 1:
            told.append(int(time.time() * 1000))
            return Line(text=reply())
        told.append((int(time.time()) + 2) * 1000)
        return Line(429, "{}", {"retry-after": formatdate(told[0] / 1000, usegmt=True)})

    with server(script) as heard:
        (texts,) = captioner(heard.address).write([observed(1)])
    assert texts.author == "model-x"
    assert len(told) == 2
    assert told[1] >= told[0], "milliseconds of the hour that was named, and of the next question"


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_every_form_of_a_date_is_read_wherever_the_maker_lives(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, section 5.6.7: two of them are old, and one of these names no zone."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        seconds = retry_after({"retry-after": time.strftime(form, time.gmtime(time.time() + 100))})
        assert seconds == pytest.approx(100, abs=2)
        assert retry_after({"retry-after": time.strftime(form, time.gmtime(1e9))}) == 0
    finally:
        monkeypatch.undo()
        time.tzset()
