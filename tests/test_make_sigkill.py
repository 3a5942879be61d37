"""`make` killed by SIGKILL at random moments: what a person would lose is a night, or a site that is not whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killing import FIXED, ended, gallery, make, public, start, want

from render.catalogue import FILE, Catalogue
from render.cli import run as cli
from render.config import load_gallery
from render.stages.keeping import check

ROOT = Path(__file__).resolve().parent.parent
KILLS = 10
STEP = 6
"""Further exhibits that are asked for whenever all are there, so that there is something to kill."""


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    calm, killed = gallery(tmp_path / "calm"), gallery(tmp_path / "killed")
    make(calm)  # the first imports what is not preloaded
    seconds = make(gallery(tmp_path / "timed"))
    draw = random.Random(20261121)
    landed, count = 0, 12
    while landed < KILLS:
        process = start(killed)
        process.join(draw.uniform(0.02, 0.8) * seconds * (1 if count == 12 else 0.7))  # fewer are asked for later
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
    wanted = [("image", n) for n in range(count)] + [("walk", 0), ("walk", 1)]
    assert sorted((row.kind, row.ordinal) for row in rows) == wanted
    assert {row.state for row in rows} == {"shown"}
    assert [row.number for row in rows if row.kind == "image"] == list(range(1, count + 1))
    want(calm, count)
    make(calm)
    assert check(load_gallery(killed)) == [], "no orphan, nothing missing, nothing half-made"
    for one in (killed, calm):  # the sky keeps its places as a collection grows, and these two grew in other steps
        assert cli(["atlas", str(one), "--again"]) == 0
        assert cli(["bake", str(one)]) == 0
    assert public(killed) == public(calm), "visitors see what an undisturbed night would have made"


def test_a_second_make_finds_nothing_to_do_without_torch(tmp_path: Path) -> None:
    folder = gallery(tmp_path / "gallery")
    make(folder)
    program = "import sys; sys.modules['torch'] = None; from render.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "make", str(folder)]
    done = subprocess.run(command, env=os.environ | FIXED, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout
