"""How fast every family draws, at its sizes, beside the plain loop that one writes without an engine.

    python benchmarks/generators.py                      # every family
    python benchmarks/generators.py --family dcgan       # one
    python benchmarks/generators.py --tiny               # little networks: does this script work?

Weights are random, of the real architecture: how fast a picture is drawn does not depend on what was learned. "ours" is
the engine's executor with its lanes; "plain" calls the module, or diffusers' scheduler, in batches of the same size, in
fp32. Each way runs in a process of its own, so that its peak of memory is its own: the whole process on a CPU, what
PyTorch allocated on a GPU. The two draw the same recipes; how far their pictures differ is told beside the tolerance.
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
import torch
from families import CASES, small_pipeline
from safetensors.torch import save_file
from torch import Tensor

from render.cores import cores
from render.display import DisplayMapping
from render.engine.executor import LocalExecutor, best_device
from render.engine.frames import Frame, frames_of
from render.engine.lanes import side_by_side
from render.generators import Generator
from render.recipe import Recipe
from render.weights import MODEL, Card, load_card, save_card, weights_hash


def written(family: str, size: int, tiny: bool, folder: Path) -> Path:
    """A weights folder of random weights."""
    case = CASES[family]
    torch.manual_seed(0)
    if family == "pipeline":
        return small_pipeline(folder)
    network, settings = case.network(size, tiny)  # type: ignore[call-arg, arg-type, misc]  # those of a pipeline differ
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / MODEL)
    card = Card(
        name=family, family=family, size=size, network=settings, display=DisplayMapping.plain().settings(),
        sampling=case.sampling, surface=case.surface(tiny) if case.surface else None,
    )  # fmt: skip
    save_card(folder, card)
    return folder


class Bench:
    """One family at one size, and two ways to draw the same recipes."""

    def __init__(self, family: str, folder: Path, count: int) -> None:
        sha256 = weights_hash(folder)
        self.case = CASES[family]
        self.executor = LocalExecutor({sha256: folder}, best_device(), batch=self.case.sampling.batch)
        card = load_card(folder)
        sampling = card.sampling or self.case.sampling
        chosen = (sampling.sampler, sampling.steps, sampling.guidance)
        recipes = [Recipe(family, sha256, seed, *chosen, card.size) for seed in range(count)]
        self.generator: Generator = self.executor.generator(recipes[0])
        self.frames = [next(frames_of(recipe, self.generator.noise_shape)) for recipe in recipes]

    def batches(self) -> Iterator[list[Frame]]:
        size = self.executor.batch
        return (self.frames[i : i + size] for i in range(0, len(self.frames), size))

    def ours(self) -> Tensor:
        executor = self.executor
        made = side_by_side(executor.pictures, self.batches(), executor.lanes, executor.enter_lane)
        return torch.from_numpy(np.concatenate([pictures for _, pictures in made]))

    @torch.inference_mode()
    def plain(self) -> Tensor:
        made = []
        for batch in self.batches():
            noise = torch.from_numpy(np.stack([frame.noise for frame in batch])).to(self.executor.device)
            made.append(self.case.plain(self.generator, noise).cpu())
        return torch.cat(made)


def one(family: str, size: int, way: str, count: int, rounds: int, tiny: bool) -> dict[str, float]:
    """Seconds, the peak of memory in MiB and, of ours, the difference: what a process of its own prints."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(family, written(family, size, tiny, Path(folder)), count)
        draw = bench.ours if way == "ours" else bench.plain
        draw()  # warm
        seconds = []
        for _ in range(rounds):
            began = time.perf_counter()
            draw()
            seconds.append(time.perf_counter() - began)
        told = {"seconds": statistics.median(seconds), "mebibytes": peak(), "batch": bench.executor.batch}
        if way == "ours":
            told["difference"] = float((bench.ours() - bench.plain()).abs().max())
        return told


def peak() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


@click.command
@click.option(
    "--family", "families", multiple=True, type=click.Choice(sorted(CASES)), help="Only this one; repeatable."
)
@click.option("--size", "sizes", multiple=True, type=int, help="Only this size; repeatable.")
@click.option("--tiny", is_flag=True, help="Little networks: does this script work?")
@click.option("--pictures", default=32, show_default=True, help="A round.")
@click.option("--rounds", default=3, show_default=True)
@click.option(
    "--one", "single", type=click.Choice(["ours", "plain"]), hidden=True, help="Print one measurement as JSON."
)
def main(
    families: tuple[str, ...], sizes: tuple[int, ...], tiny: bool, pictures: int, rounds: int, single: str | None
) -> None:
    """Print the table."""
    if single:
        if len(families) != 1 or len(sizes) > 1:
            raise click.UsageError("--one measures one --family, at one --size or its smallest.")
        size = next(iter(sizes or CASES[families[0]].sizes))
        click.echo(json.dumps(one(families[0], size, single, pictures, rounds, tiny)))
        return
    device = best_device()
    name = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, {cores()} cores"
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", "diffusers"))
    click.echo(f"{name}; Python {platform.python_version()}, {versions}; {pictures} pictures, median of {rounds}.\n")
    click.echo(
        "| family | px | pictures a second | plain loop | ours / plain | MiB | plain MiB | difference | allowed |"
    )
    click.echo("|---|---|---|---|---|---|---|---|---|")
    off = []
    for family in families or tuple(CASES):
        for size in sizes or CASES[family].sizes:
            common = [sys.executable, __file__, "--family", family, "--size", str(size), "--pictures", str(pictures)]
            common += ["--rounds", str(rounds), *(["--tiny"] if tiny else [])]
            ours, plain = (json.loads(subprocess.check_output([*common, "--one", way])) for way in ("ours", "plain"))
            rates = [pictures / told["seconds"] for told in (ours, plain)]
            allowed = CASES[family].tolerance
            if ours["difference"] > allowed:
                off.append(f"{family} at {size} px")
            click.echo(
                f"| {family} | {size} | {rates[0]:.2f} | {rates[1]:.2f} | {rates[0] / rates[1]:.2f} | "
                f"{ours['mebibytes']:.0f} | {plain['mebibytes']:.0f} | {ours['difference']:.1e} | {allowed:g} |"
            )
    if off:
        raise click.ClickException(f"pictures differ by more than is allowed: {', '.join(off)}")


if __name__ == "__main__":
    main()
