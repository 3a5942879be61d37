"""A walk from end to end, its formats side by side, and whether a long film's memory is flat.

    python benchmarks/walks.py [--frames 60] [--width 256] [--weights galaxy-96] [--minutes 5] [--fps 24] [--swirl]

First a walk: the pictures are drawn by the weights (at the card's size), filmed at --width and written in every format,
as `make` does it, with the seconds of each part, the resident sets of this process and of its ffmpegs, and the
sizes of GIF, animated WebP (which is not shipped: quality 75, the same rate), H.264 and AV1. Then a film of --minutes
of those pictures in turn, drawn no more, so that what is measured is the filming: the resident set at ten moments.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psutil
from PIL import Image

from render.engine.executor import LocalExecutor
from render.engine.frames import frames_of
from render.media import Store, encode_walk
from render.media.films import SEGMENT
from render.media.images import enlarged
from render.media.swirl import film_frames, swirled
from render.noise import Floats
from render.recipe import Keyframe, Recipe, Swirl, Walk
from render.weights import Card, find_weights, load_card, weights_hash

MIB = 2**20


def recipe(weights: str, frames: int, swirl: bool) -> Recipe:
    """A spline through three of the weights' classes."""
    folder = find_weights(weights)
    card = load_card(folder)
    assert card.sampling is not None
    kinds, source = card.classes or [None], next(iter(card.sources), None)
    keys = tuple(Keyframe(seed, kinds[seed % len(kinds)], source) for seed in (1, 2, 3))
    walk = Walk("spline", frames, keys, Swirl(1.0, 2.0, max(1, frames // 16), 6, 4) if swirl else None)
    chosen = card.sampling
    settings = (card.family, weights_hash(folder), 1, chosen.sampler, chosen.steps, chosen.guidance, card.size)
    return Recipe(*settings, kind="walk", class_name=keys[0].class_name, source=source, walk=walk)


def drawn(one: Recipe, weights: str) -> list[Floats]:
    """All pictures of a walk, (3, h, w) each."""
    executor = LocalExecutor({one.weights: find_weights(weights)}, lanes=1)
    frames = list(frames_of(one, executor.prepare(one)))
    batches = (frames[at : at + executor.batch] for at in range(0, len(frames), executor.batch))
    return [picture for batch in batches for picture in executor.pictures(batch)]


def webp(one: Recipe, pictures: list[Floats], fps: int, width: int, out: Path) -> int:
    """Bytes of the walk as an animated WebP."""
    shown = swirled(iter(pictures), one, width, pictures[0]) if one.walk and one.walk.swirl else iter(pictures)
    first, *more = [Image.fromarray(enlarged(picture, width)) for picture in shown]
    first.save(out, "WEBP", save_all=True, append_images=more, duration=round(1000 / fps), loop=0, quality=75)
    return out.stat().st_size


class Memory:
    """Resident sets in MiB, of this process and of its ffmpegs together, looked at with every picture."""

    def __init__(self) -> None:
        self.here: list[float] = []
        self.beside: list[float] = []

    def watching(self, pictures: list[Floats], count: int) -> Iterator[Floats]:
        """So many pictures in turn."""
        process = psutil.Process()
        for number in range(count):
            self.here.append(process.memory_info().rss / MIB)
            self.beside.append(sum(_resident(child) for child in process.children()))
            yield pictures[number % len(pictures)]

    def __str__(self) -> str:
        tenths = [f"{value:.0f}" for value in self.here[:: max(1, len(self.here) // 10)]]
        return f"MiB here on the way: {' '.join(tenths)}; in ffmpegs at most {max(self.beside):.0f}"


def _resident(child: psutil.Process) -> float:
    try:
        return float(child.memory_info().rss) / MIB
    except psutil.NoSuchProcess:
        return 0.0


@click.command()
@click.option("--frames", default=60, show_default=True, help="Pictures of the walk.")
@click.option("--width", default=256, show_default=True, help="Width of its film.")
@click.option("--weights", default="galaxy-96", show_default=True, help="Weights that draw it.")
@click.option("--minutes", default=5.0, show_default=True, help="Length of the long film; 0 leaves it out.")
@click.option("--fps", default=24, show_default=True, help="Frames a second.")
@click.option("--swirl", is_flag=True, help="Let both swirl, four film frames a picture.")
def main(frames: int, width: int, weights: str, minutes: float, fps: int, swirl: bool) -> None:
    one, card = recipe(weights, frames, swirl), load_card(find_weights(weights))
    start = time.perf_counter()
    pictures = drawn(one, weights)
    at_work = time.perf_counter() - start
    print(f"{frames} pictures of {card.size} px, a film of {film_frames(one)} frames of {width} px at {fps} a second")
    print(f"drawn in {at_work:.1f} s by {weights} on one core")
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        memory, store = Memory(), Store(Path(scratch, "store"))
        made = encode_walk(store, memory.watching(pictures, frames), one, card, fps, width=width)
        print(f"filmed in every format in {time.perf_counter() - start:.1f} s")
        sizes = {medium.format: medium.bytes for medium in made.media if medium.role in ("video", "gif")}
        sizes["webp"] = webp(one, pictures, fps, width, Path(scratch, "walk.webp"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB
    print(f"peak {peak:.0f} MiB, the network's included; {memory}")
    for form in ("gif", "webp", "h264", "av1"):
        note = " (256 px, 12 a second)" if form == "gif" else ""
        print(f"  {form:5} {sizes.get(form, 0) / 1000:8.0f} kB{note}")
    if minutes:
        long_film(one, card, pictures, minutes, fps, width)


def long_film(one: Recipe, card: Card, pictures: list[Floats], minutes: float, fps: int, width: int) -> None:
    """A film of minutes, of pictures that are there."""
    assert one.walk is not None
    between = one.walk.swirl.between if one.walk.swirl else 1
    count = max(8, round(minutes * 60 * fps / between))
    long = replace(one, walk=replace(one.walk, frames=count))
    memory, start = Memory(), time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch, "store"))
        made = encode_walk(store, memory.watching(pictures, count), long, card, fps, width=width)
        sizes = {medium.format: medium.bytes / 1e6 for medium in made.media if medium.role in ("video", "gif")}
    took = time.perf_counter() - start
    told = ", ".join(f"{form} {size:.1f} MB" for form, size in sizes.items())
    print(f"{minutes:g} minutes, {count * between} frames in segments of {SEGMENT}: filmed in {took:.0f} s; {told}")
    print(f"  {memory}")


if __name__ == "__main__":
    main()
