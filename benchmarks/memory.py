"""Memory that grows with a gallery: the stages that draw nothing, over so many exhibits and four times as many.

    python benchmarks/memory.py [--items 10000] [--times 4]

A synthetic catalogue (`tests/synthetic.py`) of exhibits that share three encoded pictures. Every stage has a process
of its own, which tells its largest resident set (`VmHWM`). What a stage holds for each exhibit is the difference
between the two sizes, divided by the exhibits between them; flat is a few hundred bytes: an id, a path. Drawing is
`benchmarks/bookkeeping.py`, which watches its memory on the way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
STAGES = ("plan", "caption", "bake", "again")


def fill(folder: Path, items: int, bare: bool) -> None:
    """A gallery of so many exhibits; bare: without texts, and not shown yet."""
    import synthetic

    from render.catalogue import FILE, Catalogue

    synthetic.gallery(folder, items)
    pictures = synthetic.pictures(folder / "store", [synthetic.spiral(seed) for seed in range(3)], widths=(48, 96))
    synthetic.fill(folder, pictures, items)
    if bare:
        with Catalogue(folder / FILE, write=True) as catalogue:
            catalogue.db.execute("UPDATE exhibits SET state = 'rendered', texts = NULL")


def run(stage: str, folder: Path) -> None:
    """One stage, in this process; prints MiB at most, and seconds."""
    from render.config import load_gallery

    gallery = load_gallery(folder)
    began = time.perf_counter()
    if stage == "plan":
        from render.stages.forecast import forecast

        forecast(gallery)
    elif stage == "caption":
        from render.stages import make
        from render.stages.report import Report

        make(gallery, Report(), stages=["caption"])
    else:
        from render.bake import bake

        bake(gallery)
    click.echo(json.dumps([resident(), time.perf_counter() - began]))


def resident() -> float:
    """The largest resident set of this program so far, in MiB (Linux). `getrusage` would tell that of the process that
    started it, where that was larger.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measured(items: int) -> dict[str, tuple[float, float]]:
    """Every stage over so many exhibits."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for bare in (True, False):
            folder = Path(scratch, "bare" if bare else "shown")
            fill(folder, items, bare)
            for stage in ["caption"] if bare else [one for one in STAGES if one != "caption"]:
                command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
                told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found[stage] = tuple(json.loads(told.splitlines()[-1]))
    return found


@click.command
@click.option("--items", default=10_000, show_default=True)
@click.option("--times", default=4, show_default=True, help="The larger gallery has so many times as many.")
@click.option("--stage", type=click.Choice(STAGES), hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(items: int, times: int, stage: str | None, folder: Path | None) -> None:
    """Print a table: MiB at most, and what a further exhibit costs."""
    if stage and folder:
        run(stage, folder)
        return
    small, large = measured(items), measured(times * items)
    click.echo(f"| stage | MiB, {items} | MiB, {times * items} | KiB for each further exhibit | s |")
    click.echo("|---|---|---|---|---|")
    for one in STAGES:
        each = 1024 * (large[one][0] - small[one][0]) / ((times - 1) * items)
        click.echo(f"| {one} | {small[one][0]:.0f} | {large[one][0]:.0f} | {each:.2f} | {large[one][1]:.0f} |")


if __name__ == "__main__":
    main()
