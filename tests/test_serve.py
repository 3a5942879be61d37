"""The preview: the site as a web server would show it, for its own machine only."""

from __future__ import annotations

import http.client
import os
import re
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
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Four exhibits and a walk, baked for /any-repo/."""
    folder = tmp_path_factory.mktemp("serve") / "gallery"
    made = synthetic.gallery(folder, 4, f'base = "{BASE}"')
    shown = synthetic.pictures(folder / "store", [synthetic.spiral(1)], widths=(48,))
    synthetic.fill(folder, shown, 4)
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(*synthetic.walk(1, folder, shown[0], video=bytes(range(256)) * 40))
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


@pytest.mark.slow
def test_a_change_reloads_the_page(gallery: Gallery) -> None:
    """The maker would look at yesterday's page while changing today's."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "render.cli", "serve", str(gallery.folder), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if " is at " in line)
        port = int(re.findall(r"127\.0\.0\.1:(\d+)/any-repo/", line)[0])
        page = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        page.request("GET", BASE)
        assert b"-live/reload.js" in page.getresponse().read()
        page.request("GET", f"{BASE}-live/events")
        events = page.getresponse()
        time.sleep(0.2)
        text = (gallery.folder / "gallery.toml").read_text()
        (gallery.folder / "gallery.toml").write_text(text.replace('title = "nonesuch"', 'title = "the changed one"'))
        while b"reload" not in (said := events.readline()):
            assert said
        after = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        after.request("GET", BASE)
        assert b"the changed one" in after.getresponse().read()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
