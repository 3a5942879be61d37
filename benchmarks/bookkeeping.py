"""What a night costs beside its pictures: planning a million recipes, and the loop with rows for a hundred thousand.

    python benchmarks/bookkeeping.py [--plan 1000000] [--items 100000] [--drawn]

Planning: an empty catalogue, a collection that wants so many; the plan, its order, and the frozen file.
Bookkeeping: the loop, encoder threads, rows and commits as in `make`, on a device that returns black pictures at once
and an encoder that keeps nothing, so that what is left is ours: noise is drawn, nothing else is computed. Memory is the
resident set, looked at ten times on the way; it should be flat. With `--drawn` a tiny network draws every picture and
the real encoders write every file: slower by far, and the memory is a night's.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
import psutil
from tiny import tiny_weights

import render.engine.encoding as encoding
from render.config import Gallery, load_gallery
from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.engine.frozen import freeze
from render.engine.plan import Item, make_plan
from render.engine.sources import sources
from render.engine.turns import in_turns
from render.media import Encoded
from render.noise import Floats
from render.stages import make
from render.stages.report import Report

GALLERY = """[gallery]
title = "Benchmark"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "./tiny"
count = {count}
[render]
device = "cpu"
"""


class Black(LocalExecutor):
    """A device that takes no time."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        return np.zeros((len(frames), 3, 24, 24), np.float32)


class Memory(Report):
    """Looks at the resident set ten times."""

    def __init__(self, items: int) -> None:
        self.every, self.done, self.seen = max(1, items // 10), 0, list[float]()

    def made(self, item: Item, seconds: float) -> None:
        self.done += 1
        if self.done % self.every == 0:
            self.seen.append(psutil.Process().memory_info().rss / 2**20)


def kept_nowhere(store: object, pictures: Iterator[Floats], *more: object) -> Encoded:
    """An encoder that takes no time."""
    return Encoded([], "0" * 64, "0" * 16, {})


def gallery(folder: Path, count: int) -> Gallery:
    """A gallery with a tiny model that wants so many exhibits."""
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(GALLERY.format(count=count))
    return load_gallery(folder)


def planning(count: int) -> None:
    """Time the plan, its order, and the frozen file."""
    with tempfile.TemporaryDirectory() as scratch:
        asked = gallery(Path(scratch, "gallery"), count)
        began = time.perf_counter()
        plan = make_plan(asked, sources(asked), ())
        planned = time.perf_counter()
        file = Path(scratch, "plan.json")
        freeze(plan, file)
        frozen = time.perf_counter()
        turns = sum(1 for _ in in_turns(plan))
        ended = time.perf_counter()
    click.echo(
        f"planning {turns} recipes: {planned - began:.1f} s, the frozen file {frozen - planned:.1f} s, "
        f"every item made in its turn, during the night, {1e6 * (ended - frozen) / turns:.0f} µs each"
    )


def bookkeeping(items: int, drawn: bool = False) -> None:
    """Time the loop with rows, and watch the memory."""
    if not drawn:
        encoding.encode_image = kept_nowhere
    with tempfile.TemporaryDirectory() as scratch:
        asked, memory = gallery(Path(scratch, "gallery"), items), Memory(items)

        def device(gallery: Gallery, folders: Mapping[str, Path]) -> LocalExecutor:
            return (LocalExecutor if drawn else Black)(folders, batch=8)

        cpu, began = time.process_time(), time.perf_counter()
        outcome = make(asked, memory, stages=["render"], make_executor=device)
        took, busy = time.perf_counter() - began, time.process_time() - cpu
    assert outcome.made == items
    seen = ", ".join(f"{size:.0f}" for size in memory.seen)
    what = "drawing" if drawn else "bookkeeping"
    click.echo(
        f"{what} of {items} items: {1000 * took / items:.2f} ms each ({1000 * busy / items:.2f} ms of CPU, noise "
        f"included); MiB resident on the way: {seen}"
    )


@click.command
@click.option("--plan", "planned", default=1_000_000, show_default=True)
@click.option("--items", default=100_000, show_default=True)
@click.option("--drawn", is_flag=True, help="Draw and encode every picture with a tiny network, instead of neither.")
def main(planned: int, items: int, drawn: bool) -> None:
    """Print both."""
    planning(planned)
    bookkeeping(items, drawn)


if __name__ == "__main__":
    main()
