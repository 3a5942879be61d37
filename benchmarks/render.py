"""How fast pictures are made, end to end, beside the same network's bare loop and beside diffusers' own loop.

    python benchmarks/render.py [--weights galaxy-96] [--pictures 16] [--rounds 3] [--compile]

end to end: `make` with the stage render alone, in a new gallery: plan, noise, network, encoding of every size, durable
files, rows. Its network is loaded beforehand, as it is for the others.
bare loop (a): the same generator, batch and precision; the noise is ready and nothing is encoded or kept.
diffusers (b): the same U-Net with diffusers' scheduler, a picture at a time, guided at every step as diffusers'
pipelines do it, with as many network passes; each picture saved as PNG.

The variants take turns, round by round, so that a noisy machine is noisy to all of them; medians are told, and ratios
to (a). `--compile` adds torch.compile, whose compilation is told apart.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from render.config import load_gallery  # noqa: E402
from render.engine.executor import LocalExecutor, best_device  # noqa: E402
from render.engine.stop import Stop  # noqa: E402
from render.generators.flow import FlowGenerator  # noqa: E402
from render.noise import normals  # noqa: E402
from render.recipe import Recipe  # noqa: E402
from render.stages import make  # noqa: E402
from render.stages.report import Report  # noqa: E402
from render.weights import find_weights, weights_hash  # noqa: E402

GALLERY = """[gallery]
title = "Benchmark"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "{weights}"
count = {count}
"""


class Bench:
    """One set of weights on one device, and the ways of making `count` pictures with it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count, self.sha256 = folder, count, weights_hash(folder)
        self.executor = LocalExecutor({self.sha256: folder}, best_device())
        generator = self.executor.generator(self.sha256)
        assert isinstance(generator, FlowGenerator)
        self.generator, self.card = generator, generator.card
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
            )
            for seed, name in enumerate(names)
        ]
        shape = generator.noise_shape
        self.noise = torch.from_numpy(np.stack([normals(recipe.seed, shape) for recipe in self.recipes]))
        self.passes = generator.condition(self.recipes[:1]).passes()

    def end_to_end(self) -> None:
        """Everything that `nonesuch render` does, but for Python's start and the loading of the weights."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "gallery.toml").write_text(GALLERY.format(weights=self.folder.as_posix(), count=self.count))
            outcome = make(load_gallery(path), Report(), Stop(), ("render",), lambda gallery, folders: self.executor)
            assert not outcome.aside, outcome.aside

    def bare(self) -> None:
        """The network's passes alone, in batches of the same shape."""
        batch = self.executor.batch
        for begin in range(0, self.count, batch):
            conditioning = self.generator.condition(self.recipes[begin : begin + batch])
            self.generator.images(conditioning, self.noise[begin : begin + batch])

    def diffusers(self) -> None:
        """What one writes with diffusers: its U-Net, its scheduler, guidance at every step, one picture at a time."""
        from diffusers import FlowMatchEulerDiscreteScheduler

        network, card = self.generator.network, self.card
        device, steps = self.generator.device, self.passes // 2  # two passes a guided step
        guidance = card.sampling.guidance if card.sampling else 1.0
        for recipe, noise in zip(self.recipes, self.noise, strict=True):
            scheduler = FlowMatchEulerDiscreteScheduler(shift=2.5)
            scheduler.set_timesteps(steps, device=device)
            one = self.generator.condition([recipe])
            nothing = torch.zeros_like(one.classes)
            nothing[:, -1] = 1
            steer = torch.cat([nothing, one.classes])
            twice = [torch.cat([part, part]) for part in (one.sources, one.sketch, one.drawn)]
            x = noise[None].to(device)
            with torch.inference_mode():
                for t in scheduler.timesteps:
                    moment = (t / scheduler.config.num_train_timesteps).to(device).expand(2)
                    free, asked = network(torch.cat([x, x]), moment, steer, *twice).chunk(2)
                    x = scheduler.step(free + guidance * (asked - free), t, x).prev_sample
            data = (x * network.settings.scale + network.settings.shift).cpu().numpy()[0]
            Image.fromarray(card.mapping.to_display(data)).save(io.BytesIO(), "PNG")

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


def timed(way: Callable[[], None]) -> float:
    began = time.perf_counter()
    way()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


@click.command
@click.option("--weights", default="galaxy-96", show_default=True, help="A name of shipped weights, or a folder.")
@click.option("--pictures", default=16, show_default=True, help="A round and variant; a multiple of the batch is fair.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--compile", "compiling", is_flag=True, help="With a row for torch.compile; compiling takes minutes.")
def main(weights: str, pictures: int, rounds: int, compiling: bool) -> None:
    """Print the table."""
    bench = Bench(find_weights(weights).resolve(), pictures)
    ways = {
        "end to end": bench.end_to_end,
        "bare loop (a)": bench.bare,
        "diffusers' loop, batch 1 (b)": bench.diffusers,
        "bare loop, bf16": bench.in_bf16,
    }
    if compiling:
        click.echo(f"compiling: {bench.compile():.0f} s", err=True)
        ways["bare loop, torch.compile"] = bench.compiled
    for way in ways.values():
        way()  # warm
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(timed(way))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    device, threads = bench.executor.device, torch.get_num_threads()
    click.echo(
        f"{bench.card.name}, {bench.passes} passes a picture, batch {bench.executor.batch}, {device}, "
        f"{threads} threads, torch {torch.__version__}; {pictures} pictures, median of {rounds} rounds.\n"
    )
    click.echo("| | pictures a second | of (a) | of (b) |\n|---|---|---|---|")
    for name, value in medians.items():
        rate = pictures / value
        ratios = [medians[other] / value for other in ("bare loop (a)", "diffusers' loop, batch 1 (b)")]
        click.echo(f"| {name} | {rate:.2f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
