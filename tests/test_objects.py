"""Media in an object store: a real S3 protocol server on the loopback, behind a proxy that makes it fail."""

from __future__ import annotations

import html
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from tiny import tiny_weights

from render.catalogue import Catalogue
from render.config import load_gallery
from render.errors import NonesuchError, UsageError
from render.media import objects
from render.media.objects import PART, ObjectStore
from render.stages import make
from render.stages.keeping import check, mend
from render.stages.report import Report
from render.stages.sweeping import collect

SETTINGS = """
[gallery]
title = "nonesuch"
address = "https://example.org/"
[[collection]]
slug = "galaxies"
title = "galaxy"
plural = "galaxies"
weights = "./tiny"
count = 3
[render]
device = "cpu"
batch = 4
[store]
location = "s3://media/galaxies"
"""
KEY, SECRET = "AKIAMANYMACHINES", "the+secret/that-no-file-and-no-log-may-hold"


class Moody(ThreadingHTTPServer):
    """Passes requests on to a server; with `every`, each so many-th is answered with 500 or 503 instead, and after
    `writes` more uploads all are refused.
    """

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind, self.every, self.writes = behind, 0, -1
        self.asked, self.failed = 0, 0
        self.puts: list[str] = []
        self.lock = threading.Lock()

    def mood(self, method: str, path: str) -> int:
        """The status to fail with, or 0."""
        with self.lock:
            self.asked += 1
            if method == "PUT" and self.writes >= 0:
                self.writes -= 1
                if self.writes < 0:
                    self.writes = 0
                    return 403
            if self.every and self.asked % self.every == 0:
                self.failed += 1
                return 500 if self.failed % 2 else 503
            if method == "PUT":
                self.puts.append(path)
            return 0


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Moody

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, answer = self.server.mood(self.command, self.path), {}, b""
        if not status:
            asked = urllib.request.Request(f"{self.server.behind}{self.path}", body or None, method=self.command)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "content-length"):
                    asked.add_header(name, value)
            if body and not self.headers.get("Content-Type"):
                asked.add_header("Content-Type", "binary/octet-stream")
            try:
                reply = urllib.request.urlopen(asked, timeout=60)
            except urllib.error.HTTPError as error:
                reply = error
            status, headers, answer = reply.status, dict(reply.headers), reply.read()
        self.send_response(status)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(answer))
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Moody]:
    """The server behind its proxy, with an empty bucket, and the environment that leads there."""
    behind = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    behind.start()
    proxy = Moody("http://{}:{}".format(*behind.get_host_and_port()))
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        ObjectStore("s3://media")._files.call_s3("create_bucket", Bucket="media")
        yield proxy
    proxy.shutdown()
    proxy.server_close()
    behind.stop()


@pytest.fixture
def folder(tmp_path: Path, server: Moody) -> Path:
    tiny_weights(tmp_path / "gallery" / "tiny")
    (tmp_path / "gallery" / "gallery.toml").write_text(SETTINGS)
    server.every, server.writes = 0, -1
    return tmp_path / "gallery"


@pytest.mark.slow
def test_a_night_with_its_media_in_an_object_store_that_fails_every_third_time(
    folder: Path, server: Moody, capfd: pytest.CaptureFixture[str]
) -> None:
    store = ObjectStore("s3://media/galaxies")
    server.writes = 7
    with pytest.raises(NonesuchError, match="cannot write to the media store s3://media/galaxies"):
        make(load_gallery(folder), Report())
    there = set(store.keys())
    with Catalogue(folder / "catalogue.sqlite") as catalogue:
        assert {key for key, _ in catalogue.media_keys()} <= there, "a row came before its files"

    server.writes, server.every, server.failed = -1, 3, 0
    outcome = make(load_gallery(folder), Report())
    assert (outcome.exit_code, outcome.shown) == (0, 3)
    assert server.failed > 4, "the server was not moody enough to tell"
    server.every = 0
    with Catalogue(folder / "catalogue.sqlite") as catalogue:
        named = {key for key, _ in catalogue.media_keys()}
    assert named <= set(store.keys())
    site = {f"{path.parent.name}/{path.name}" for path in (folder / "public/media").rglob("*.*")}
    assert site == {key for key in named if not key.endswith(".png")}, "masters stay in the store"

    assert check(load_gallery(folder)) == []
    lost = next(key for key in sorted(named) if key.endswith(".png"))
    store.delete(lost)
    assert any(f"{lost} is missing" in sentence for sentence in check(load_gallery(folder)))
    mend(load_gallery(folder))
    assert make(load_gallery(folder), Report()).shown == 3
    assert store.exists(lost)
    assert collect(load_gallery(folder), delete=False).count == 0

    _elsewhere(folder, named)
    printed = "".join(capfd.readouterr())
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (KEY, SECRET):
        assert secret not in printed
        assert secret.encode() not in written


def _elsewhere(folder: Path, named: set[str]) -> None:
    """The same gallery with its media at a CDN: pages point there, and only numbers have pictures on the site."""
    (folder / "gallery.toml").write_text(SETTINGS + 'media_url = "https://cdn.example.net/sky"\n')
    assert make(load_gallery(folder), Report()).rebaked
    public = folder / "public"
    assert not list((public / "media").rglob("*.*"))
    page = html.unescape((public / "galaxies/1.html").read_text())
    assert 'src="https://cdn.example.net/sky/' in page
    assert "media/" not in page.replace("media-src", "")
    assert "img-src 'self' https://cdn.example.net data:" in page
    assert "media-src 'self' https://cdn.example.net" in (public / "_headers").read_text()
    assert 'data-media="https://cdn.example.net/sky/"' in page
    assert (public / "galaxies/1.jpg").stat().st_size > 500, "a number has its picture for ever"
    assert "https://cdn.example.net/sky/" in (public / "galaxies/feed.json").read_text()
    assert not make(load_gallery(folder), Report()).rebaked


def test_a_long_film_goes_in_parts_and_what_a_killed_run_left_is_given_up(
    server: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, film = ObjectStore("s3://media/films"), bytes(range(256)) * (2 * PART // 256) + b"end"
    server.puts.clear()
    server.every, server.writes = 3, -1
    key = store.put(film, "mp4")
    server.every = 0
    assert len([path for path in server.puts if "partNumber=" in path]) == 3
    assert store.read(key) == film
    store._files.call_s3("create_multipart_upload", Bucket="media", Key=f"films/{key}")
    with monkeypatch.context() as young:  # this server says of every upload that it was begun in 2010
        young.setattr(objects, "STALE", timedelta(days=100_000))
        assert store.leftovers() == [], "it may be another machine's, at work now"
    assert store.sweep() == 1
    assert store.leftovers() == []


def test_what_is_wrong_with_a_store_is_one_sentence(folder: Path, server: Moody) -> None:
    with pytest.raises(NonesuchError, match=r"s3://nowhere-at-all: there is no such bucket\."):
        ObjectStore("s3://nowhere-at-all").probe()
    with pytest.raises(NonesuchError, match="is no key of the media store"):
        ObjectStore("s3://media").read("../../etc/passwd")
    with pytest.raises(NonesuchError, match="is missing; `nonesuch check --mend`"):
        ObjectStore("s3://media").read(f"ab/{'ab' * 10}.png")
    for wrong in (f"s3://{KEY}:secret@media", "s3://", "s3:media", "gs://media"):
        (folder / "gallery.toml").write_text(SETTINGS.replace("s3://media/galaxies", wrong))
        with pytest.raises(UsageError, match="store, location: expected"):
            load_gallery(folder)
