"""Captions from a server over real HTTP: what a person would lose when it is busy, broken, slow, or lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from captioning import SECRET
from pydantic import SecretStr
from talking import Heard, Line, reply, server
from test_captions import observed

from render.captions.budget import Prices
from render.captions.dialogue import Voice
from render.captions.paid import Paid
from render.captions.server import ServerCaptioner, Terms

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
