"""`make` killed by SIGKILL at random moments: what a person would lose is a night, or a site that is not whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killing import FIXED, ended, gallery, make, public, start, want

from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.stages.keeping import check

KILLS = 10
STEP = 6
"""Further exhibits that are asked for whenever all are there, so that there is something to kill."""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A gallery that was made in peace, and the seconds that it took."""
    folder = gallery(tmp_path_factory.mktemp("calm") / "gallery")
    return folder, make(folder)


def test_a_second_make_finds_nothing_to_do_without_torch(calm: tuple[Path, float]) -> None:
    program = "import sys; sys.modules['torch'] = None; from render.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "make", str(calm[0])]
    done = subprocess.run(command, env=os.environ | FIXED, cwd=calm[0], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_leave_nothing(calm: tuple[Path, float], tmp_path: Path) -> None:
    peaceful, killed = shutil.copytree(calm[0], tmp_path / "peaceful"), gallery(tmp_path / "killed")
    draw = random.Random(20261121)
    landed, count = 0, 12
    while landed < KILLS:
        process = start(killed)
        process.join(draw.uniform(0.02, 0.8) * calm[1] * (1 if count == 12 else 0.7))  # fewer are asked for later
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
    want(peaceful, count)
    make(peaceful)
    assert check(load_gallery(killed)) == [], "no orphan, nothing missing, nothing half-made"
    for one in (killed, peaceful):  # the sky keeps its places as a collection grows, and these two grew in other steps
        for words in (["atlas", str(one), "--again"], ["bake", str(one)]):
            start(one, words=words).join(600)
            assert ended(one) == "0"
    assert public(killed) == public(peaceful), "visitors see what an undisturbed night would have made"
