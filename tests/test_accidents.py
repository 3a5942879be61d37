"""Accidents: Ctrl-C in the middle, a disk that is full, a download that lies. Real processes, a real small disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import killing
import pytest
from commanding import nonesuch
from tiny import tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.stages.keeping import check
from render.weights import verify


def shown(folder: Path) -> int:
    with Catalogue(folder / FILE) as catalogue:
        return sum(one.state == "shown" for one in catalogue.known())


@pytest.mark.slow
def test_ctrl_c_finishes_what_is_in_hand_bakes_it_and_says_3(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny")
    folder = tmp_path / "gallery"
    folder.mkdir()
    (folder / "gallery.toml").write_text(tiny_gallery(12, weights=str(weights), batch=2))
    process = killing.start(folder)
    until = time.monotonic() + 120
    while not list(folder.glob("store/*/*.avif")) and time.monotonic() < until:
        time.sleep(0.005)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(120)
    assert killing.ended(folder) == "3", killing.said(folder)
    assert "Traceback" not in killing.said(folder)
    begun = shown(folder)
    assert 0 < begun < 12
    assert (folder / "public/index.html").is_file(), "what there is can be looked at"
    assert check(load_gallery(folder)) == []
    killing.make(folder)
    assert shown(folder) == 12


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 700 kB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root, outside most containers, may mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=False)


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(small_disk: Path, tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny")
    (small_disk / "gallery.toml").write_text(tiny_gallery(16, weights=str(weights), batch=2))
    killing.start(small_disk).join(240)
    assert killing.ended(small_disk) == "1"
    told = killing.said(small_disk)
    assert "Traceback" not in told
    assert "room" in told or "space" in told
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    killing.make(small_disk)
    assert shown(small_disk) == 16
    assert check(load_gallery(small_disk)) == []


@pytest.mark.parametrize("limit", [4_096, 300_000])
def test_a_file_that_may_not_grow_is_one_sentence_and_the_next_run_goes_on(limit: int, tmp_path: Path) -> None:
    """As on a full disk: at the first file, and in the middle of the night when the catalogue's log has grown."""
    pytest.importorskip("resource", reason="only POSIX systems limit a process's files")
    folder = killing.gallery(tmp_path / "gallery")
    killing.start(folder, limit).join(240)
    assert killing.ended(folder) == "1"
    said = killing.said(folder)
    assert "Traceback" not in said
    assert "make room" in said, said
    killing.make(folder)
    assert shown(folder) == 14
    assert check(load_gallery(folder)) == []


def test_a_store_that_may_not_be_written_is_found_before_the_night_begins(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has a folder, /sys, that root cannot write to either")
    folder = killing.gallery(tmp_path / "gallery")
    (folder / "gallery.toml").write_text((folder / "gallery.toml").read_text() + '[store]\nlocation = "/sys/store"\n')
    killing.start(folder).join(240)
    assert killing.ended(folder) == "1"
    assert "cannot write to the media store /sys/store" in killing.said(folder)
    assert not (folder / "runs").exists(), "nothing was drawn for nothing"


@pytest.mark.slow
def test_weights_that_vanish_are_one_sentence_and_what_was_made_stays(tmp_path: Path) -> None:
    folder = killing.gallery(tmp_path / "gallery")
    killing.make(folder)
    model = folder / "tiny/model.safetensors"
    kept = model.read_bytes()
    model.unlink()
    killing.want(folder, 20)
    killing.start(folder).join(240)
    assert killing.ended(folder) == "1"
    assert "model.safetensors is missing though the card lists it" in killing.said(folder)
    assert check(load_gallery(folder)) == []
    model.write_bytes(kept)
    killing.make(folder)
    assert shown(folder) == 22


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A folder behind a web server on the loopback, and its address."""
    home = tmp_path / "served"
    home.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(home))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", home
        server.shutdown()


def test_weights_come_whole_or_not_at_all(served: tuple[str, Path], tmp_path: Path) -> None:
    address, home = served
    weights = tiny_weights(home / "tiny")
    fetch = ["weights", "fetch", f"{address}/tiny/"]
    plain = nonesuch(*fetch, tmp_path / "a")
    assert plain.returncode == 2
    assert "https" in plain.stderr
    done = nonesuch(*fetch, tmp_path / "a", "--allow-http")
    assert done.returncode == 0, done.stderr
    verify(tmp_path / "a")
    with (weights / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    odd = nonesuch("weights", "fetch", "https://127.0.0.1:1/ä", tmp_path / "b")
    assert odd.returncode == 1
    assert "is no address" in odd.stderr
    bad = nonesuch(*fetch, tmp_path / "b", "--allow-http")
    assert bad.returncode == 1
    assert "sha256 differs" in bad.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "served"], "nothing half-fetched is left"
