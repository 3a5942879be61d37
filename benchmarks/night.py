"""How much of a device a night uses: pictures a second end to end, beside plain loops and beside its own parts.

    python benchmarks/night.py [--model galaxy] [--pictures 64] [--rounds 3] [--tiny] [--compile] [--precision bf16]
    python benchmarks/night.py --split

Models: the shipped galaxy model, a 256 px StyleGAN2 and a pipeline of Stable Diffusion 1.5's size, the last two with
random weights. Rows: *end to end* is `make` with the stage render: noise, network, every size encoded and durable,
rows. (a) is the plain loop that one writes with diffusers (or, for the others, with the network alone): a picture at a
time, fp32, saved as PNG; (b) the same with the night's batch, in bf16, eager. (c) is the engine's loop alone, nothing
encoded; (d) the encoders alone, on the night's threads. The last lines hold the ratios that matter, how busy the device
was, and the FLOP/s that (c) achieved beside a large matrix product's in the same precision.

Variants take turns, round by round; medians are told. `--split` instead tries lanes and encoder threads end to end.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tiny import tiny_weights
from torch.utils.flop_counter import FlopCounterMode

import render.stages.drawing as drawing
from render.config import load_gallery
from render.cores import cores, encoder_threads
from render.display import DisplayMapping
from render.engine.executor import LocalExecutor, best_device, compile_network
from render.engine.frames import frames_of
from render.engine.lanes import side_by_side
from render.engine.ledger import Ledger
from render.generators import load_generator
from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network
from render.media import Store, encode_image
from render.recipe import Recipe
from render.stages import make
from render.stages.report import Report
from render.weights import Card, Sampling, find_weights, load_card, save_card, weights_hash

GALLERY = """[gallery]
title = "Benchmark"
[[collection]]
slug = "pictures"
title = "picture"
weights = "{weights}"
count = {count}
"""
MODELS = ("galaxy", "stylegan2", "sd15")


class Loaded(LocalExecutor):
    """This machine's device with one generator that is there already."""

    made: Any = None

    def generator(self, recipe: Recipe) -> Any:
        return self.made


class Kept(Report):
    """Keeps a run's ledger."""

    def ledger(self, ledger: Ledger) -> None:
        self.accounts = ledger.as_json()


def weights_of(model: str, folder: Path, tiny: bool) -> Path:
    """The weights folder of a model; what is random is written here."""
    if model == "galaxy":
        return tiny_weights(folder / "tiny") if tiny else find_weights("galaxy-96").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    display = DisplayMapping().settings()
    if model == "sd15":
        from pipeline import STEPS

        save_file({"none": torch.zeros(1)}, folder / "model.safetensors")
        sampling = Sampling(sampler="ddim", steps=STEPS, guidance=7.5)
        save_card(
            folder, Card(name="sd15", family="pipeline", size=64 if tiny else 512, sampling=sampling, display=display)
        )
        return folder
    channels = (16, 16, 8) if tiny else (512, 512, 512, 512, 512, 256, 128)
    settings = (
        NetworkSettings(latent=16, styles=16, depth=2, channels=channels)
        if tiny
        else NetworkSettings(channels=channels)
    )
    torch.manual_seed(0)
    save_file(StyleGan2Network(settings).state_dict(), folder / "model.safetensors")
    sampling = Sampling(sampler="euler", steps=1, guidance=1.0)
    card = Card(name="stylegan2", family="stylegan2", size=settings.size, network=settings.as_card(), sampling=sampling,
                display=display)  # fmt: skip
    save_card(folder, card)
    return folder


class Bench:
    """One model on one device, and the ways of making `count` pictures with it."""

    def __init__(self, folder: Path, count: int, precision: str, compiled: bool, tiny: bool) -> None:
        self.folder, self.count, self.sha256 = folder, count, weights_hash(folder)
        self.card, self.device, self.tiny = load_card(folder), best_device(), tiny
        self.precision, self.compiled = precision, compiled
        self.executor = self._executor(precision)
        sampling = self.card.sampling
        assert sampling is not None
        settings = (sampling.sampler, sampling.steps, sampling.guidance, self.card.size)
        choices = itertools.cycle(self.card.classes or [None])
        self.recipes = [
            Recipe(self.card.family, self.sha256, seed, *settings, class_name=next(choices),
                   source=self.card.sources[0] if self.card.sources else None, symmetry=sampling.symmetry,
                   away=sampling.away)
            for seed in range(count)
        ]  # fmt: skip
        self.executor.prepare(self.recipes[0])
        shape = self.executor.noise_shape(self.recipes[0])
        self.frames = [next(frames_of(recipe, shape)) for recipe in self.recipes]
        self.ledgers: list[dict[str, Any]] = []
        self.pictures = self.executor.pictures(self.frames[: self.executor.batch])
        self.plain_generators: dict[str, Any] = {}

    def _executor(self, precision: str) -> Loaded:
        executor = Loaded({self.sha256: self.folder}, self.device, precision)
        executor.made = self._generator(precision)
        if self.compiled:
            compile_network(executor.made)
        return executor

    def _generator(self, precision: str) -> Any:
        if self.card.family == "pipeline":
            from pipeline import Pipeline  # diffusers' own imports take a while

            return Pipeline(self.card, self.device, precision, self.tiny)
        return load_generator(self.folder, self.device, precision)

    def end_to_end(self) -> None:
        """Everything that the stage render does, but for Python's start and the loading of the weights."""
        with tempfile.TemporaryDirectory() as scratch:
            path, kept = Path(scratch), Kept()
            (path / "gallery.toml").write_text(GALLERY.format(weights=self.folder.as_posix(), count=self.count))
            outcome = make(load_gallery(path), kept, stages=("render",), make_executor=lambda *_: self.executor)
            assert not outcome.aside, outcome.aside
            self.ledgers.append(kept.accounts)

    def plain(self, batch: int, precision: str) -> None:
        """The loop that one writes first: some recipes, their pictures, each saved as PNG."""
        generator = self.plain_generators.setdefault(precision, self._generator(precision))
        with tempfile.TemporaryDirectory() as scratch:
            for begin in range(0, self.count, batch):
                some = self.recipes[begin : begin + batch]
                if hasattr(generator, "plain"):
                    images = generator.plain(some)
                else:
                    noise = torch.from_numpy(np.stack([frame.noise for frame in self.frames[begin : begin + batch]]))
                    data = generator.images(generator.condition(some), noise).numpy()
                    images = [Image.fromarray(self.card.mapping.to_display(one)) for one in data]
                for recipe, image in zip(some, images, strict=True):
                    image.save(Path(scratch, f"{recipe.seed}.png"))

    def loop(self) -> None:
        """(c): the engine's batches and lanes, nothing encoded."""
        size = self.executor.batch
        batches = [self.frames[begin : begin + size] for begin in range(0, self.count, size)]
        for _ in side_by_side(self.executor.pictures, batches, self.executor.lanes, self.executor.enter_lane):
            pass

    def encoders(self) -> None:
        """(d): as many pictures through the encoders' threads."""
        with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(encoder_threads()) as pool:
            store = Store(Path(scratch))
            jobs = (self.pictures[n % len(self.pictures)] + np.float32(n / 1e4) for n in range(self.count))
            list(
                pool.map(
                    lambda pair: encode_image(store, pair[0], pair[1], self.card), zip(jobs, self.recipes, strict=True)
                )
            )

    def flops(self) -> float:
        """Floating-point operations of one picture."""
        with FlopCounterMode(display=False) as counter:
            self.executor.pictures(self.frames[: self.executor.batch])
        return counter.get_total_flops() / self.executor.batch


def peak(device: str, precision: str) -> float:
    """FLOP/s of a large matrix product: what this device does at best."""
    size = 8192 if device.startswith("cuda") else 1536
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / min(timed(lambda: torch.mm(a, b)) for _ in range(6))


def timed(way: Callable[[], object]) -> float:
    """Seconds on the clock."""
    began = time.perf_counter()
    way()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def compared(bench: Bench, rounds: int) -> None:
    """All rows in turn, and what they come to."""
    batch = bench.executor.batch
    ways = {
        "end to end": bench.end_to_end,
        "(a) plain loop, batch 1, fp32": lambda: bench.plain(1, "fp32"),
        f"(b) plain loop, batch {batch}, bf16": lambda: bench.plain(batch, "bf16"),
        "(c) the engine's loop alone": bench.loop,
        "(d) the encoders alone": bench.encoders,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            took = timed(way)
            if turn:  # the first round warms up
                times[name].append(took)
    rates = {name: bench.count / statistics.median(took) for name, took in times.items()}
    whole, _, b, c, d = rates.values()
    click.echo(
        f"{bench.card.name}, {bench.card.size} px, {bench.device}, {bench.precision}, batches of {batch} in "
        f"{bench.executor.lanes} lanes, {encoder_threads()} encoder threads, {cores()} cores; {bench.count} pictures, "
        f"median of {rounds} rounds; torch {torch.__version__}\n\n| | pictures a second |\n|---|---|"
    )
    for name, rate in rates.items():
        click.echo(f"| {name} | {rate:.2f} |")
    busy = statistics.median(one["render"]["parts"]["network"]["seconds"] / one["render"]["seconds"]
                             for one in bench.ledgers[1:])  # fmt: skip
    work, best = bench.flops(), peak(bench.device, bench.precision)
    click.echo(
        f"\nend to end / min(c, d) {whole / min(c, d):.2f}; (c) / (b) {c / b:.2f}; device busy {busy:.0%}; "
        f"{work / 1e9:.1f} GFLOP a picture; (c) reaches {work * c / 1e12:.3f} TFLOP/s, a matrix product "
        f"{best / 1e12:.3f}"
    )


def split(bench: Bench, rounds: int) -> None:
    """End to end with every sensible number of lanes and encoder threads, in turns."""
    choices = sorted({1, max(1, cores() // 2), cores()})
    grid = list(itertools.product(choices, sorted({*choices, 2 * cores()})))
    times: dict[tuple[int, int], list[float]] = {pair: [] for pair in grid}
    for turn, (lanes, threads) in itertools.product(range(rounds + 1), grid):
        bench.executor.lanes = lanes
        setattr(drawing, "encoder_threads", lambda threads=threads: threads)  # noqa: B010
        took = timed(bench.end_to_end)
        if turn:
            times[lanes, threads].append(took)
    click.echo("| lanes | encoder threads | pictures a second |\n|---|---|---|")
    for (lanes, threads), took in times.items():
        click.echo(f"| {lanes} | {threads} | {bench.count / statistics.median(took):.2f} |")


@click.command
@click.option("--model", "models", type=click.Choice(MODELS), multiple=True, help="All three when left out.")
@click.option("--pictures", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default=None, help="bf16 on a GPU, fp32 elsewhere.")
@click.option("--compile", "compiled", is_flag=True, help="torch.compile for the engine's rows.")
@click.option("--tiny", is_flag=True, help="Small random networks of the same kind: does this script work?")
@click.option("--split", "splitting", is_flag=True, help="Try lanes and encoder threads instead.")
def main(
    models: Iterable[str], pictures: int, rounds: int, precision: str | None, compiled: bool, tiny: bool,
    splitting: bool,
) -> None:  # fmt: skip
    """Print the tables."""
    chosen = precision or ("bf16" if best_device() == "cuda" else "fp32")
    for model in models or MODELS:
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(weights_of(model, Path(scratch, "weights").resolve(), tiny), pictures, chosen, compiled, tiny)
            (split if splitting else compared)(bench, rounds)
        click.echo()


if __name__ == "__main__":
    main()
