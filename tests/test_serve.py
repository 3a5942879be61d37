"""The preview: the site as a web server would show it, for its own machine only."""

from __future__ import annotations

import http.client
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic

from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.config import Gallery
from render.serve import Preview

ROOT = Path(__file__).resolve().parent.parent
BASE = "/any-repo/"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[synthetic.Picture]]:
    """A store with the one picture that all exhibits show."""
    store = tmp_path_factory.mktemp("shown") / "store"
    return store, synthetic.pictures(store, [synthetic.spiral(1)], widths=(48,))


def four(folder: Path, shown: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    made = synthetic.gallery(folder, 4, f'base = "{BASE}"')
    shutil.copytree(shown[0], folder / "store")
    synthetic.fill(folder, shown[1], 4)
    return made


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, shown: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    """Four exhibits and a walk, baked for /any-repo/."""
    folder = tmp_path_factory.mktemp("serve") / "gallery"
    made = four(folder, shown)
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(*synthetic.walk(1, folder, shown[1][0], video=bytes(range(256)) * 40))
    bake(made, site=synthetic.built_site(folder.parent / "site"))
    return made


@pytest.fixture(scope="module")
def server(gallery: Gallery) -> Iterator[Preview]:
    with Preview(gallery.public, base=BASE) as preview:
        thread = threading.Thread(target=preview.serve_forever, daemon=True)
        thread.start()
        yield preview
        preview.shutdown()
        thread.join()


def ask(server: Preview, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_pages_and_files_under_a_base(server: Preview, gallery: Gallery) -> None:
    """What works in the preview would not work on GitHub Pages, or the other way round."""
    assert ask(server, "/")[1]["Location"] == BASE
    assert ask(server, f"{BASE}galaxies")[1]["Location"] == f"{BASE}galaxies/"
    status, headers, body = ask(server, BASE)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"This galaxy does not exist." in body
    for suffix, mime in ((".avif", "image/avif"), (".jpg", "image/jpeg"), (".gif", "image/gif")):
        file = next((gallery.public / "media").rglob(f"*{suffix}"))
        path = f"{BASE}media/{file.parent.name}/{file.name}"
        status, headers, body = ask(server, path)
        assert (status, headers["Content-Type"], body) == (200, mime, file.read_bytes())
        assert ask(server, path, "HEAD")[2] == b""


def test_an_unknown_address_gets_the_404_page(server: Preview) -> None:
    """A visitor would see a bare error, or a page without its style."""
    for path in (f"{BASE}no/such/page", "/outside", f"{BASE}galaxies/1.html/"):
        status, _, body = ask(server, path)
        assert status == 404
        assert b"This page does not exist either." in body
        assert f'href="{BASE}assets/style'.encode() in body


def test_videos_can_be_sought(server: Preview, gallery: Gallery) -> None:
    """Safari plays no video from a server without ranges, and no browser could seek."""
    file = next((gallery.public / "media").rglob("*.mp4"))
    path, data = f"{BASE}media/{file.parent.name}/{file.name}", file.read_bytes()
    size = len(data)
    for wanted, part in (("0-1", data[:2]), ("100-", data[100:]), ("-10", data[-10:]), ("5-999999", data[5:])):
        status, headers, body = ask(server, path, Range=f"bytes={wanted}")
        assert (status, body) == (206, part)
        assert headers["Content-Range"].endswith(f"/{size}")
        assert headers["Content-Type"] == "video/mp4"
    assert ask(server, path, Range=f"bytes={size}-")[0] == 416
    assert ask(server, path, Range="bytes=9-3")[0] == 200


def test_nothing_outside_the_site_can_be_read(server: Preview, gallery: Gallery) -> None:
    """Any program on the machine, and through a trick any web page, could read the maker's files."""
    secret = gallery.folder / "gallery.toml"
    (gallery.public / "galaxies" / "leak.txt").symlink_to(secret)
    paths = ["../gallery.toml", "%2e%2e/gallery.toml", "galaxies/..%2f..%2fgallery.toml", "galaxies/leak.txt"]
    for path in [*paths, "..%5cgallery.toml", "%00", ".nojekyll", str(secret), "/" + str(secret)]:
        status, _, body = ask(server, BASE + path)
        assert status == 404, path
        assert b"[gallery]" not in body


def test_only_its_own_name_is_answered(server: Preview) -> None:
    """A page of another site, its name pointed at 127.0.0.1, could read the preview through the visitor's browser."""
    assert ask(server, BASE, Host="evil.example")[0] == 421
    assert ask(server, BASE, Host=f"evil.example:{server.server_port}")[0] == 421
    assert ask(server, BASE, Host=f"localhost:{server.server_port}")[0] == 200
    assert ask(server, BASE, "POST")[0] == 501


class Watched:
    """`nonesuch serve` in a process of its own, and one open page that waits to be told to reload."""

    def __init__(self, folder: Path, program: Path = ROOT) -> None:
        environment = {**os.environ, "PYTHONPATH": str(program), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "render.cli", "serve", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._port = int(re.findall(r"127\.0\.0\.1:(\d+)/any-repo/", self.said(" is at "))[0])
        open_page = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        open_page.request("GET", f"{BASE}-live/events")
        self._events = open_page.getresponse()
        time.sleep(0.2)  # the stream counts reloads from the moment in which its thread begins

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def said(self, words: str) -> str:
        """The next line of the terminal with these words; a traceback before it fails."""
        while words not in (line := self._lines.get(timeout=60)):
            assert "Traceback" not in line
        return line

    def reloaded(self) -> None:
        """Returns when the open page was told to reload."""
        while b"reload" not in (line := self._events.readline()):
            assert line

    def page(self, path: str = "") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("GET", BASE + path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A checkout whose templates may be broken: they are copies, the rest is this one's."""
    home = tmp_path / "checkout"
    shutil.copytree(ROOT / "render", home / "render", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", home / "templates")
    shutil.copy(ROOT / "hatch_build.py", home)
    for name in ("site", "weights"):
        (home / name).symlink_to(ROOT / name)
    return home


@pytest.mark.slow
def test_a_change_of_the_settings_reloads_the_page(gallery: Gallery) -> None:
    """The maker would look at yesterday's page while changing today's."""
    with Watched(gallery.folder) as preview:
        assert b"-live/reload.js" in preview.page()
        text = (gallery.folder / "gallery.toml").read_text()
        (gallery.folder / "gallery.toml").write_text(text.replace('title = "nonesuch"', 'title = "the changed one"'))
        preview.reloaded()
        assert b"the changed one" in preview.page()


@pytest.mark.slow
def test_a_broken_template_is_named_and_reloads_once_it_is_mended(
    tmp_path: Path, program: Path, shown: tuple[Path, list[synthetic.Picture]]
) -> None:
    """One typing error would end the watching, and every later change would go unseen."""
    folder = four(tmp_path / "gallery", shown).folder
    template = program / "templates" / "base.html"
    good = template.read_text()
    line = good[: good.index("</body>")].count("\n") + 1
    with Watched(folder, program) as preview:
        for mistake, told in (("{{ nobody }}", "'nobody' is undefined"), ("{% if %}", "Expected an expression")):
            template.write_text(good.replace("</body>", f"{mistake}</body>"))
            assert f"{template}, line {line}: {told}" in preview.said("the template")
            assert b"This galaxy does not exist." in preview.page()
        template.write_text(good.replace("</body>", "<p>Mended.</p></body>"))
        preview.reloaded()
        assert b"<p>Mended.</p>" in preview.page()


@pytest.mark.slow
def test_a_change_of_the_catalogue_reloads_the_page(
    tmp_path: Path, shown: tuple[Path, list[synthetic.Picture]]
) -> None:
    """While a night goes on, the preview would show the evening."""
    folder = four(tmp_path / "gallery", shown).folder
    with Watched(folder) as preview:
        assert b'5.html"' not in preview.page("galaxies/4.html")
        synthetic.fill(folder, shown[1], 1, first=5)
        preview.reloaded()
        assert b"NONESUCH 5" in preview.page("galaxies/5.html")
        assert b'5.html"' in preview.page("galaxies/4.html")
