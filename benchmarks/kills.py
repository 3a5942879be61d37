"""A hundred SIGKILLs at random moments of `nonesuch make`, in every stage; then the site must be the undisturbed one's.

    python benchmarks/kills.py [--kills 100] [--seed 20261121]

A tiny gallery with a classifier, a copy detector and a walk, on the CPU. Two galleries are made: one in peace, one
whose `make` is killed again and again, each time going on where it was; whenever it comes to its end, both want more,
so that there is something to kill. At the end `public/` is compared file by file. Tells how many kills fell into which
stage, and leaves with 1 when anything differs. The suite does ten of these.

It takes an hour, or minutes on a fast machine, and somebody may work on the checkout meanwhile: what it runs is copied
first.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from killing import ended, gallery, make, public, start, want

from render.config import load_gallery
from render.stages.keeping import check
from render.stages.live import FILE

STEP = 6
PARTS = ("benchmarks", "labs", "render", "site/dist", "templates", "tests", "weights")
COPIED = "NONESUCH_KILLS_COPIED"


def copied(scratch: Path) -> int:
    """Run this program from a copy of all that it reads; returns its exit code."""
    here = scratch / "checkout"
    for part in PARTS:
        shutil.copytree(ROOT / part, here / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "hatch_build.py", here)  # by which the program knows that this is a checkout
    paths = {"PYTHONPATH": os.pathsep.join([str(here), str(here / "tests")]), COPIED: "1"}
    command = [sys.executable, str(here / "benchmarks" / "kills.py"), *sys.argv[1:]]
    return subprocess.run(command, cwd=scratch, env=os.environ | paths, check=False).returncode


def stage_of(folder: Path) -> str:
    """What the killed run was last known to do; its file stays behind."""
    try:
        told = json.loads((load_gallery(folder).state / FILE).read_text())
    except (OSError, ValueError):
        return "before or between"
    return told["stage"] or "before or between"


def killed(folder: Path, kills: int, seconds: float, draw: random.Random) -> tuple[int, Counter[str]]:
    """Kill it so often; returns the count that it wants by then, and the kills by stage."""
    count, stages = 12, Counter[str]()
    with click.progressbar(length=kills, label="kills", file=sys.stderr) as bar:
        while stages.total() < kills:
            (folder / ".nonesuch" / FILE).unlink(missing_ok=True)
            began = time.monotonic()
            process = start(folder)
            process.join(draw.uniform(0.02, 1.0) * seconds)
            took = time.monotonic() - began
            process.kill()
            process.join()
            if ended(folder) is None:
                stages[stage_of(folder)] += 1
                bar.update(1)
            else:
                seconds = (seconds + took) / 2  # later runs have less to do than the first
                count += STEP
                want(folder, count)
    return count, stages


@click.command
@click.option("--kills", default=100, show_default=True)
@click.option("--seed", default=20261121, show_default=True)
def main(kills: int, seed: int) -> None:
    """Kill, and compare."""
    if COPIED not in os.environ:
        with tempfile.TemporaryDirectory() as scratch:
            sys.exit(copied(Path(scratch)))
    with tempfile.TemporaryDirectory() as scratch:
        calm, disturbed = (gallery(Path(scratch, name), judges=True) for name in ("calm", "disturbed"))
        seconds = make(calm)
        count, stages = killed(disturbed, kills, seconds, random.Random(seed))
        make(disturbed)
        for more in range(12 + STEP, count + 1, STEP):  # step by step, as a sky is laid out anew when it has doubled
            want(calm, more)
            make(calm)
        problems = check(load_gallery(disturbed))
        theirs, ours = public(calm), public(disturbed)
    different = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
    told = ", ".join(f"{stage} {number}" for stage, number in stages.most_common())
    click.echo(
        f"{kills} kills ({told}); {count} exhibits, {len(ours)} files, {len(different)} differ; check: {problems}"
    )
    for name in different[:20]:
        click.echo(f"  {name}")
    sys.exit(1 if different or problems else 0)


if __name__ == "__main__":
    main()
