"""`make` killed by SIGKILL at random moments: what a person would lose is a night, or a site that is not whole."""

from __future__ import annotations

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
count = 12
[[walk]]
collection = "galaxies"
slug = "loop"
frames = 8
keyframes = [{ seed = 1 }, { seed = 2 }]
[render]
device = "cpu"
batch = 4
[classify]
weights = "./none"
[evidence]
weights = "./none"
"""
MAKE = [sys.executable, "-m", "render.cli", "make"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "1700000000"}


def gallery(folder: Path) -> Path:
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(SETTINGS)
    return folder


def make(folder: Path) -> float:
    start = time.monotonic()
    done = subprocess.run([*MAKE, str(folder)], env=ENVIRONMENT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - start


def public(folder: Path) -> dict[str, bytes]:
    home = folder / "public"
    return {str(p.relative_to(home)): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    calm = gallery(tmp_path / "calm")
    seconds = make(calm)
    draw = random.Random(20261121)
    killed = gallery(tmp_path / "killed")
    for _ in range(10):
        process = subprocess.Popen([*MAKE, str(killed)], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
        try:
            process.wait(draw.uniform(0.3, 0.95) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    make(killed)
    with Catalogue(killed / FILE) as catalogue:
        rows = list(catalogue.known())
    assert sorted((row.kind, row.ordinal) for row in rows) == [("image", n) for n in range(12)] + [("walk", 0)]
    assert {row.state for row in rows} == {"shown"}
    assert [row.number for row in rows if row.kind == "image"] == list(range(1, 13))
    assert check(load_gallery(killed)) == [], "no orphan, nothing missing, nothing half-made"
    assert public(killed) == public(calm), "visitors see what an undisturbed night would have made"


def test_a_second_make_finds_nothing_to_do_without_torch(tmp_path: Path) -> None:
    folder = gallery(tmp_path / "gallery")
    make(folder)
    program = "import sys; sys.modules['torch'] = None; from render.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, "make", str(folder)], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout
