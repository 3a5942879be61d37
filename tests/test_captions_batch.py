"""Captions by the Batch API over real HTTP: half the price is no use if a night is lost or paid for twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from captioning import COUNT, SECRET, authors, captioned, drawn
from talking import completion, reply

from render.captions.key import KEY, KEY_FILE
from render.captions.paid import FILE as PAID
from render.captions.paid import Batch, Paid
from render.cli import run

MORE = "batch = true\nprices = { input = 1000.0, output = 2000.0 }\n"


@dataclass
class Office:
    """A batch service.

    answers: what the model says to a question; ready: whether batches are done, as status; one that expired has
    answers to every second question. lost: the connection breaks after a batch was taken, before the asker hears of it;
    cut: it breaks in the middle of a file.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: str = field(default_factory=reply)
    ready: bool = False
    status: str = "completed"
    lost: bool = False
    cut: bool = False

    def questions(self) -> list[str]:
        """The keys of every question that was ever sent."""
        return [json.loads(line)["custom_id"] for batch in self.batches.values() for line in self.sent(batch)]

    def sent(self, batch: dict[str, Any]) -> list[bytes]:
        return [line for line in self.files[batch["input_file_id"]].split(b"\n") if line.startswith(b'{"custom_id"')]

    def seen(self, identity: str) -> dict[str, Any]:
        batch = self.batches[identity]
        if self.ready and batch["status"] == "in_progress":
            batch["status"] = self.status
            if self.status in ("completed", "expired"):
                every = [json.loads(line)["custom_id"] for line in self.sent(batch)]
                keys = every[::2] if self.status == "expired" else every
                body = {"status_code": 200, "request_id": "r", "body": completion(self.answers)}
                lines = [json.dumps({"id": "l", "custom_id": key, "response": body, "error": None}) for key in keys]
                stray = json.dumps({"custom_id": "of-somebody-else", "response": body})
                batch["output_file_id"] = f"out-{identity}"
                self.files[batch["output_file_id"]] = "\n".join([*lines, stray, "no json", "{}"]).encode()
                late = {"code": "batch_expired", "message": "This request could not be executed in time."}
                missed = [
                    json.dumps({"id": "l", "custom_id": key, "response": None, "error": late})
                    for key in every
                    if key not in keys
                ]
                batch["error_file_id"] = f"missed-{identity}" if missed else None
                self.files[f"missed-{identity}"] = "\n".join(missed).encode()
        return batch


@contextmanager
def office() -> Iterator[Office]:
    service = Office()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"]))
            if self.path.endswith("/files"):
                identity = f"file-{len(service.files)}"
                service.files[identity] = sent
                self._say(
                    {"id": identity, "object": "file", "bytes": 1, "created_at": 0, "filename": "f", "purpose": "batch"}
                )
                return
            asked, identity = json.loads(sent), f"batch-{len(service.batches)}"
            made = {"id": identity, "object": "batch", "created_at": 0, "status": "in_progress", **asked}
            service.batches[identity] = made
            if service.lost:
                self.close_connection = True
            else:
                self._say(made)

        def do_GET(self) -> None:
            name = self.path.split("?")[0].split("/v1/")[1].split("/")
            if name[0] == "files":
                self._send(service.files[name[1]], cut=service.cut)
            elif len(name) == 1:
                every = list(service.batches.values())[::-1]
                self._say({"object": "list", "data": every, "has_more": False})
            else:
                self._say(service.seen(name[1]))

        def _say(self, value: Any) -> None:
            self._send(json.dumps(value).encode())

        def _send(self, body: bytes, cut: bool = False) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = self.close_connection or cut

        def log_message(self, *_: object) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    service.address = f"http://127.0.0.1:{running.server_port}/v1"
    try:
        yield service
    finally:
        running.shutdown()
        running.server_close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.delenv(KEY_FILE, raising=False)


def test_pages_have_words_tonight_and_the_models_when_the_batch_is_done(tmp_path: Path) -> None:
    with office() as service:
        drawn(tmp_path, service.address, more=MORE)
        assert captioned(tmp_path).shown == COUNT
        assert authors(tmp_path) == ["facts"] * COUNT
        captioned(tmp_path)
        assert len(service.questions()) == COUNT, "what is under way is not sent again"
        service.ready = True
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        assert captioned(tmp_path).nothing
        assert len(set(service.questions())) == len(service.questions()) == COUNT
    paid = Paid(tmp_path / PAID)
    assert paid.spent().answers == COUNT
    assert paid.spent().cost == pytest.approx(COUNT * 0.3), "half of 400 in at 1000 and 100 out at 2000 a million"
    assert paid.spent().reserved_cost == 0


def test_refused_answers_of_a_batch_are_asked_for_once_more_in_the_next(tmp_path: Path) -> None:
    with office() as service:
        service.answers, service.ready = reply(caption="Andromeda lies here."), True
        drawn(tmp_path, service.address, more=MORE)
        for _ in range(4):
            captioned(tmp_path)
        assert authors(tmp_path) == ["facts"] * COUNT
        assert len(service.questions()) == 2 * COUNT
        assert captioned(tmp_path).nothing


def test_a_batch_that_was_sent_but_not_noted_is_found_again(tmp_path: Path) -> None:
    """A night that breaks off in this moment would pay for all captions again."""
    with office() as service:
        service.lost = True
        drawn(tmp_path, service.address, more=MORE)
        captioned(tmp_path)
        service.lost, service.ready = False, True
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        assert len(service.questions()) == COUNT


def test_a_batch_that_failed_or_was_never_sent_is_asked_again(tmp_path: Path) -> None:
    with office() as service:
        service.ready, service.status = True, "failed"
        drawn(tmp_path, service.address, more=MORE)
        captioned(tmp_path)
        Paid(tmp_path / PAID).begin_batch(Batch("never", None, 10, 5.0), [])
        captioned(tmp_path)
        assert (len(service.batches), authors(tmp_path)) == (2, ["facts"] * COUNT)
        service.status = "completed"
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
    assert Paid(tmp_path / PAID).spent().reserved_cost == 0


def test_what_an_expired_batch_did_not_answer_is_asked_again_and_the_rest_is_not(tmp_path: Path) -> None:
    """A day's wait that ended half done: what came was paid for, and the rest still needs its words."""
    with office() as service:
        service.ready, service.status = True, "expired"
        drawn(tmp_path, service.address, more=MORE)
        captioned(tmp_path)
        captioned(tmp_path)
        half = COUNT // 2
        assert sorted(map(str, authors(tmp_path))) == ["facts"] * half + ["model-x"] * half
        assert Paid(tmp_path / PAID).spent().cost == pytest.approx(half * 0.3)
        service.status = "completed"
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        assert captioned(tmp_path).nothing
        first, second = ({json.loads(line)["custom_id"] for line in service.sent(b)} for b in service.batches.values())
    assert (len(first), len(second)) == (COUNT, half)
    assert second < first, "the same questions, and only those without an answer"
    spent = Paid(tmp_path / PAID).spent()
    assert (spent.answers, spent.cost, spent.reserved_cost) == (COUNT, pytest.approx(COUNT * 0.3), 0)


def test_a_line_that_breaks_in_the_answers_of_a_batch_ends_no_night(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with office() as service:
        drawn(tmp_path, service.address, more=MORE)
        captioned(tmp_path)
        service.ready, service.cut = True, True
        captioned(tmp_path)
        assert "could not be looked at" in caplog.text
        service.cut = False
        captioned(tmp_path)
        assert authors(tmp_path) == ["model-x"] * COUNT
        assert len(service.questions()) == COUNT, "nothing is asked, or paid, twice"


def test_a_budget_of_tokens_counts_what_is_under_way(tmp_path: Path) -> None:
    budget = 12_000
    with office() as service:
        drawn(tmp_path, service.address, more=f"batch = true\nmax_tokens = 200\nbudget_tokens = {budget}\n")
        captioned(tmp_path)
        sent, reserved = len(service.questions()), Paid(tmp_path / PAID).spent().reserved_tokens
        assert 0 < sent < COUNT
        assert budget * (1 - 1 / sent) < reserved <= budget, "as many as it allows"
        captioned(tmp_path)
        assert len(service.questions()) == sent
        service.ready = True
        captioned(tmp_path)
        assert len(service.questions()) > sent, "answers took less than the most they could"
        assert authors(tmp_path).count("model-x") == sent


def test_a_dry_run_asks_nobody_and_says_what_it_would_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office() as service:
        drawn(tmp_path, service.address, more=MORE)
        before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
        assert run(["caption", str(tmp_path), "--dry-run"]) == 0
        told = capsys.readouterr().out
        assert f"{COUNT} questions to model-x" in told
        assert "in money as a batch" in told
        assert not service.files
        assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
        captioned(tmp_path)
        run(["caption", str(tmp_path), "--dry-run"])
        assert f"0 questions to model-x, {COUNT} answered or under way" in capsys.readouterr().out
