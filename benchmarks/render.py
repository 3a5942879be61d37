"""How fast pictures are made, end to end, beside the same network's bare loop and beside diffusers' own loop.

    python benchmarks/render.py [--weights galaxy-96 | --tiny] [--pictures 48] [--rounds 3] [--compile]

end to end: `make` with the stage render alone, in a new gallery: plan, noise, network, encoding of every size, durable
files, rows. Its network is loaded beforehand, as it is for the others.
bare loop (a): the same generator, batch and precision, in PyTorch's own threads; the noise is ready and nothing is
encoded or kept.
bare loop in lanes: the same, but as the engine runs it on a CPU, a batch for each core. What end to end loses to
this row is the price of encoding and keeping; what it wins over (a) beyond that, it wins by lanes. One core, one lane:
no such row.
diffusers (b): the same U-Net with diffusers' scheduler, a picture at a time, guided at every step as diffusers'
pipelines do it, with as many network passes; each picture saved as a PNG file.

The variants take turns, round by round, so that a noisy machine is noisy to all of them; medians are told, and ratios
to (a). CPU seconds are the process's, all its threads. Encoding hides only behind a network that goes on: the pictures
of the last batches are encoded when it has ended, so few pictures flatter the bare loop. `--compile` adds
torch.compile, whose compilation is told apart.
"""

from __future__ import annotations

import contextlib
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
import torch
from PIL import Image

from render.config import load_gallery
from render.cores import cores
from render.engine.executor import LocalExecutor, best_device
from render.engine.frames import frames_of
from render.engine.lanes import side_by_side
from render.engine.ledger import Ledger
from render.engine.stop import Stop
from render.generators.flow import SHIFT, FlowGenerator
from render.noise import normals
from render.recipe import Recipe
from render.stages import make
from render.stages.report import Report
from render.weights import find_weights, load_card, weights_hash

A, B = "bare loop (a)", "diffusers' loop, batch 1 (b)"
GALLERY = """[gallery]
title = "Benchmark"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "{weights}"
count = {count}
"""


class Kept(Report):
    """Keeps a run's ledger."""

    def ledger(self, ledger: Ledger) -> None:
        self.parts = ledger.parts["render"]


class Bench:
    """One set of weights on one device, and the ways of making `count` pictures with it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count, self.sha256 = folder, count, weights_hash(folder)
        self.executor = LocalExecutor({self.sha256: folder}, best_device())
        self.card = load_card(folder)
        sampling = self.card.sampling
        assert sampling is not None
        names = (self.card.classes[i % len(self.card.classes)] for i in range(count))
        self.recipes = [
            Recipe(
                "flow",
                self.sha256,
                seed,
                sampling.sampler,
                sampling.steps,
                sampling.guidance,
                self.card.size,
                class_name=name,
                source=self.card.sources[0],
                symmetry=sampling.symmetry,
                away=sampling.away,
            )
            for seed, name in enumerate(names)
        ]
        generator = self.executor.generator(self.recipes[0])
        assert isinstance(generator, FlowGenerator)
        self.generator = generator
        shape = generator.noise_shape
        self.noise = torch.from_numpy(np.stack([normals(recipe.seed, shape) for recipe in self.recipes]))
        self.frames = [next(frames_of(recipe, shape)) for recipe in self.recipes]
        self.encoding: list[float] = []  # CPU seconds a picture
        self.passes = generator.condition(self.recipes[:1]).passes()

    def end_to_end(self) -> None:
        """Everything that `nonesuch render` does, but for Python's start and the loading of the weights."""
        with tempfile.TemporaryDirectory() as folder:
            path, kept = Path(folder), Kept()
            (path / "gallery.toml").write_text(GALLERY.format(weights=self.folder.as_posix(), count=self.count))
            outcome = make(load_gallery(path), kept, Stop(), ("render",), lambda gallery, folders: self.executor)
            assert not outcome.aside, outcome.aside
            self.encoding.append(kept.parts["encoding, on threads"].seconds / self.count)

    def bare(self) -> None:
        """The network's passes alone, in batches of the same shape."""
        for part in self._parts(self.executor.batch):
            self.generator.images(self.generator.condition(self.recipes[part]), self.noise[part])

    def in_lanes(self) -> None:
        """The network's passes alone, a batch on every core."""
        batches = [self.frames[part] for part in self._parts(self.executor.batch)]
        executor = self.executor
        for _ in side_by_side(executor.pictures, batches, executor.lanes, executor.enter_lane):
            pass

    def _parts(self, size: int) -> Iterator[slice]:
        for begin in range(0, self.count, size):
            yield slice(begin, min(begin + size, self.count))

    def diffusers(self) -> None:
        """What one writes with diffusers: its U-Net, its scheduler, guidance at every step, one picture at a time."""
        from diffusers import FlowMatchEulerDiscreteScheduler

        network, card = self.generator.network, self.card
        device, steps = self.generator.device, self.passes // 2  # two passes a guided step
        guidance = card.sampling.guidance if card.sampling else 1.0
        pictures = zip(self.recipes[: self.count], self.noise, strict=False)
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            for recipe, noise in pictures:
                scheduler = FlowMatchEulerDiscreteScheduler(shift=SHIFT)
                scheduler.set_timesteps(steps, device=device)
                one = self.generator.condition([recipe])
                nothing = torch.zeros_like(one.classes)
                nothing[:, -1] = 1
                steer = torch.cat([nothing, one.classes])
                twice = [torch.cat([part, part]) for part in (one.sources, one.sketch, one.drawn)]
                x = noise[None].to(device)
                for t in scheduler.timesteps:
                    moment = (t / scheduler.config.num_train_timesteps).to(device).expand(2)
                    free, asked = network(torch.cat([x, x]), moment, steer, *twice).chunk(2)
                    x = scheduler.step(free + guidance * (asked - free), t, x).prev_sample
                data = (x * network.settings.scale + network.settings.shift).cpu().numpy()[0]
                Image.fromarray(card.mapping.to_display(data)).save(Path(folder, f"{recipe.seed}.png"))

    def in_bf16(self) -> None:
        """The bare loop under bf16 autocast."""
        kept, self.generator.precision = self.generator.precision, "bf16"
        self.bare()
        self.generator.precision = kept

    def compiled(self) -> None:
        """The bare loop with torch.compile."""
        eager = self.generator.network.unet
        self.generator.network.unet = self.compiled_unet
        self.bare()
        self.generator.network.unet = eager

    def compile(self) -> float:
        """Compile the U-Net; returns the seconds that this takes."""
        self.compiled_unet = torch.compile(self.generator.network.unet)
        began = time.perf_counter()
        self.compiled()
        return time.perf_counter() - began


def timed(way: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    began, busy = time.perf_counter(), time.process_time()
    way()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began, time.process_time() - busy


def machine(device: str) -> str:
    """What the figures were measured on."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    if device == "cuda":
        name = f"{torch.cuda.get_device_name()}; {name}"
    versions = ", ".join(f"{one} {version(one)}" for one in ("torch", "diffusers", "pillow"))
    return (
        f"{name}, {cores()} cores, {torch.get_num_threads()} threads in PyTorch; "
        f"Python {platform.python_version()}, {versions}"
    )


@contextlib.contextmanager
def weights_folder(weights: str, tiny: bool) -> Iterator[Path]:
    """The folder of the named weights, or of a network with few random ones."""
    if not tiny:
        yield find_weights(weights).resolve()
        return
    from tiny import tiny_weights

    with tempfile.TemporaryDirectory() as folder:
        yield tiny_weights(Path(folder).resolve() / "tiny")


@click.command
@click.option("--weights", default="galaxy-96", show_default=True, help="A name of shipped weights, or a folder.")
@click.option("--tiny", is_flag=True, help="A tiny network of random weights instead: does this script work?")
@click.option("--pictures", default=48, show_default=True, help="A round; a multiple of the batches is fair.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--compile", "compiling", is_flag=True, help="With a row for torch.compile; compiling takes minutes.")
def main(weights: str, tiny: bool, pictures: int, rounds: int, compiling: bool) -> None:
    """Print the table."""
    with weights_folder(weights, tiny) as folder:
        measure(Bench(folder, pictures), rounds, compiling)


def measure(bench: Bench, rounds: int, compiling: bool) -> None:
    """All variants in turn, and their table."""
    ways = {"end to end": bench.end_to_end, A: bench.bare}
    if bench.executor.lanes > 1:
        ways[f"bare loop in {bench.executor.lanes} lanes"] = bench.in_lanes
    ways |= {B: bench.diffusers, "bare loop, bf16 autocast": bench.in_bf16}
    pictures, bench.count = bench.count, min(bench.count, bench.executor.batch)
    if compiling:
        compiled_in = f"; torch.compile took {bench.compile():.0f} s"
        ways["bare loop, torch.compile"] = bench.compiled
    for way in ways.values():
        way()  # warm, with one batch
    bench.count = pictures
    bench.encoding.clear()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(timed(way))
    clock = {name: statistics.median(wall for wall, _ in values) for name, values in times.items()}
    busy = {name: statistics.median(cpu for _, cpu in values) for name, values in times.items()}
    click.echo(
        f"{bench.card.name}, {bench.passes} passes a picture, batch {bench.executor.batch}; {pictures} pictures, "
        f"median of {rounds} rounds{compiled_in if compiling else ''}. {machine(bench.executor.device)}. "
        f"Encoding and keeping a picture takes {1000 * statistics.median(bench.encoding):.0f} ms of CPU.\n"
    )
    click.echo("| | pictures a second | of (a) | of (b) | CPU ms a picture |\n|---|---|---|---|---|")
    for name, seconds in clock.items():
        ratios = f"{clock[A] / seconds:.2f} | {clock[B] / seconds:.2f}"
        click.echo(f"| {name} | {pictures / seconds:.2f} | {ratios} | {1000 * busy[name] / pictures:.0f} |")


if __name__ == "__main__":
    main()
