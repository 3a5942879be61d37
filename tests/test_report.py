"""A run's report: what the maker reads in the morning, what may be passed on, and who is told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny import tiny_gallery, tiny_weights

from render.config import Gallery, load_gallery
from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.engine.plan import Item
from render.noise import Floats
from render.recipe import Recipe
from render.stages import make
from render.stages.morning import page
from render.stages.record import FAILURES, SAMPLES, SLOWEST, Record
from render.stages.report import Report
from render.stages.throughput import plot


class Failing(LocalExecutor):
    """A device that fails for one seed, with a cause that would be a script."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        if any(frame.a.seed == 2 for frame in frames):
            raise ValueError(f"<script>alert(1)</script> in {Path.home()}/secret/file.bin")
        return super().pictures(frames)


def night(folder: Path, count: int) -> tuple[Gallery, dict, str]:
    if not (folder / "tiny").exists():
        tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(tiny_gallery(count).replace("nonesuch", "<b>mine</b> & yours"))
    gallery = load_gallery(folder)
    make(gallery, Report(), make_executor=lambda g, folders: Failing(folders, batch=4, lanes=1))
    run = max((folder / "runs").iterdir(), key=lambda path: int(path.name))
    return gallery, json.loads((run / "report.json").read_text()), (run / "report.html").read_text()


def test_the_report_says_how_the_night_went_and_can_be_passed_on(tmp_path: Path) -> None:
    _, told, html = night(tmp_path, 6)
    assert (told["outcome"], told["exit_code"], told["pictures"]) == ("complete", 3, 9)
    assert told["collections"] == [{"slug": "galaxies", "made": 6, "failed": 1, "stopped": None}]
    assert [one["ordinal"] for one in told["failures"]] == [2]
    assert len(told["slowest"]) == 6
    assert {one["number"] for one in told["slowest"]} == set(range(1, 7))
    assert told["before"] is None
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;mine&lt;/b&gt; &amp; yours" in html
    for text in (html, json.dumps(told)):
        assert str(tmp_path) not in text
        assert str(Path.home()) not in text
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert "unsafe" not in policy
    _, again, html = night(tmp_path, 9)
    assert again["before"]["run"] == told["run"]
    assert again["before"]["difference"]["pictures"] == again["pictures"] - 9
    assert f"Beside run {told['run']}" in html


def test_a_night_that_ends_with_an_error_has_a_report_too(tmp_path: Path) -> None:
    class Gone(LocalExecutor):
        def pictures(self, frames: Sequence[Frame]) -> Floats:
            raise ValueError(f"{tmp_path}/tiny/model.safetensors is gone")

    tiny_weights(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(tiny_gallery(30).replace("nonesuch", "<b>mine</b> & yours"))
    with pytest.raises(Exception, match="is gone"):
        make(load_gallery(tmp_path), Report(), make_executor=lambda g, folders: Gone(folders, batch=8))
    told = json.loads((tmp_path / "runs/1/report.json").read_text())
    assert (told["outcome"], told["exit_code"]) == ("failed", 1)
    assert "model.safetensors is gone" in told["sentence"]
    assert str(tmp_path) not in json.dumps(told)


class Hook(BaseHTTPRequestHandler):
    """Somebody who wants to be told."""

    heard: list[tuple[str, dict]]
    code = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, json.loads(body)))
        self.send_response(self.code)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    mine = type("Mine", (Hook,), {"heard": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), mine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", mine
        server.shutdown()


class Heard(Report):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_whoever_asked_is_told_and_nobody_else(
    tmp_path: Path, hook: tuple[str, type[Hook]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, server = hook
    monkeypatch.setenv("NONESUCH_WEBHOOK", f"{address}/secret-token")
    _, told, _ = night(tmp_path, 3)
    assert server.heard == [("/secret-token", told)]
    server.code = 307
    heard = Heard()
    (tmp_path / "gallery.toml").write_text(tiny_gallery(4).replace("nonesuch", "<b>mine</b> & yours"))
    make(load_gallery(tmp_path), heard)
    assert len(server.heard) == 2, "a redirection is not followed"
    assert any("127.0.0.1 did not take the report (HTTP 307)" in one for one in heard.said)
    monkeypatch.setenv("NONESUCH_WEBHOOK", "http://example.org/secret-token")
    (tmp_path / "gallery.toml").write_text(tiny_gallery(5).replace("nonesuch", "<b>mine</b> & yours"))
    make(load_gallery(tmp_path), heard)
    assert any("must begin with https://" in one for one in heard.said)
    assert not any("secret-token" in one for one in heard.said), "the address may be a secret"
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"secret-token" in path.read_bytes()]
    assert kept == []


def test_a_record_stays_small_however_long_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("render.stages.record.ticks", lambda: now[0])
    record = Record()
    recipe = Recipe("flow", "0" * 64, 1, "ab2", 3, 1.5, 24)
    for ordinal in range(40_000):
        now[0] += 2.0
        item = Item("galaxies", ordinal, recipe)
        record.drawn(8, now[0] / 2)
        (record.exhibit(item, float(ordinal % 977)) if ordinal % 5 else record.aside(item, "too dark"))
    assert len(record.samples) <= SAMPLES
    assert record.samples[-1][1] > 0.99 * record.frames
    assert len(record.failures) == FAILURES
    assert record.failed["galaxies"] == 8000
    assert sorted(seconds for seconds, *_ in record.slowest) == [976.0] * SLOWEST or len(record.slowest) == SLOWEST
    rate, busy = record.lately()
    assert rate == pytest.approx(4.0)
    assert busy == pytest.approx(0.5)


def test_the_plot_shows_when_it_was_slow() -> None:
    samples = [(float(second), 10 * min(second, 300) + max(0, second - 300)) for second in range(0, 601, 5)]
    drawn = plot(samples)
    assert drawn is not None
    heights = [float(point.split(",")[1]) for point in drawn.points.split()]
    assert max(heights[:25]) < min(heights[-25:]), "fast stands higher than slow"
    assert [label for _, label in drawn.levels] == ["0", "5", "10"]
    assert plot(samples[:2]) is None


def test_a_title_cannot_leave_its_place() -> None:
    told = {
        "gallery": '"></title><script>', "run": 1, "ended": "2026", "seconds": 1.0, "outcome": "complete",
        "sentence": "<i>", "asked": {"until": None}, "pictures": 0, "rate": None, "device": {}, "before": None,
        "collections": [], "ledger": {}, "slowest": [], "failures": [], "failures_in_all": 0, "samples": [],
        "nonesuch": "0",
    }  # fmt: skip
    html = page(told).decode()
    assert "<script" not in html
    assert "<i>" not in html
