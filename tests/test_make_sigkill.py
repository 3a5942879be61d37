"""`make` killed by SIGKILL at random moments: what a person would lose is a night, or a site that is not whole."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import tiny_weights

from render.catalogue import FILE, Catalogue
from render.cli import run as nonesuch
from render.config import load_gallery
from render.stages.keeping import check

SETTINGS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
plural = "galaxies"
weights = "./tiny"
count = {count}
[[walk]]
collection = "galaxies"
slug = "loop"
frames = 8
keyframes = [{{ seed = 1 }}, {{ seed = 2 }}]
[render]
device = "cpu"
batch = 4
[classify]
weights = "./none"
[evidence]
weights = "./none"
"""
ROOT = Path(__file__).resolve().parent.parent
FIXED = {"OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "1700000000"}
KILLS = 10
STEP = 6
"""Further exhibits that are asked for whenever all are there, so that there is something to kill."""


def gallery(folder: Path) -> Path:
    tiny_weights(folder / "tiny")
    want(folder, 12)
    return folder


def want(folder: Path, count: int) -> None:
    (folder / "gallery.toml").write_text(SETTINGS.format(count=count))


def run(folder: Path) -> None:
    """`nonesuch make` in a process of its own, which writes a last word when it was through."""
    os.environ.update(FIXED)
    code = nonesuch(["make", str(folder)])
    folder.with_suffix(".ended").write_text(str(code))


def start(folder: Path) -> multiprocessing.process.BaseProcess:
    """A forked process that need not import torch anew, so that ten kills take a minute and not ten."""
    folder.with_suffix(".ended").unlink(missing_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["render.stages", "render.bake", "render.engine.loop", "render.generators.flow"])
    process = context.Process(target=run, args=(folder,))
    process.start()
    return process


def ended(folder: Path) -> str | None:
    """The exit code of the last `make`, or None when it did not come to its end."""
    word = folder.with_suffix(".ended")
    return word.read_text() if word.exists() else None


def make(folder: Path) -> float:
    begun = time.monotonic()
    start(folder).join(240)
    assert ended(folder) == "0"
    return time.monotonic() - begun


def public(folder: Path) -> dict[str, bytes]:
    home = folder / "public"
    return {str(p.relative_to(home)): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    calm, killed = gallery(tmp_path / "calm"), gallery(tmp_path / "killed")
    make(calm)  # the first imports what is not preloaded
    seconds = make(gallery(tmp_path / "timed"))
    draw = random.Random(20261121)
    landed, count = 0, 12
    while landed < KILLS:
        process = start(killed)
        process.join(draw.uniform(0.02, 0.8) * seconds)
        process.kill()
        process.join()
        if ended(killed) is None:
            assert process.exitcode == -signal.SIGKILL
            landed += 1
        else:
            count += STEP
            want(killed, count)
    make(killed)
    with Catalogue(killed / FILE) as catalogue:
        rows = list(catalogue.known())
    assert sorted((row.kind, row.ordinal) for row in rows) == [("image", n) for n in range(count)] + [("walk", 0)]
    assert {row.state for row in rows} == {"shown"}
    assert [row.number for row in rows if row.kind == "image"] == list(range(1, count + 1))
    want(calm, count)
    make(calm)
    assert check(load_gallery(killed)) == [], "no orphan, nothing missing, nothing half-made"
    assert public(killed) == public(calm), "visitors see what an undisturbed night would have made"


def test_a_second_make_finds_nothing_to_do_without_torch(tmp_path: Path) -> None:
    folder = gallery(tmp_path / "gallery")
    make(folder)
    program = "import sys; sys.modules['torch'] = None; from render.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "make", str(folder)]
    done = subprocess.run(command, env=os.environ | FIXED, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout
