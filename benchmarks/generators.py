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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from render.cores import cores
from render.display import DisplayMapping
from render.engine.executor import LocalExecutor, best_device
from render.engine.frames import Frame, frames_of
from render.engine.lanes import side_by_side
from render.generators import Generator
from render.recipe import Recipe
from render.weights import MODEL, Card, Sampling, save_card, weights_hash

Plain = Callable[[Any, Tensor], Tensor]
"""The loop without an engine: a generator's network on its device, and noise (n, c, h, w), to pictures."""


@dataclass(frozen=True)
class Case:
    """A family at a size. network: random weights, and what the card says of them, or of a pipeline its weights folder;
    plain: the loop beside ours.

    tolerance: the largest difference in data space that the two may have, and why it is not nothing.
    """

    network: Callable[[int, bool], tuple[nn.Module, dict[str, Any]]] | Callable[[Path], Path]
    plain: Plain
    sizes: tuple[int, ...]
    tolerance: float
    sampling: Sampling = field(default_factory=Sampling.in_one_pass)


def dcgan(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from render.generators.dcgan import DcganNetwork, NetworkSettings, stages

    plan = NetworkSettings(channels=stages(size, 4 if tiny else 64))
    return DcganNetwork(plan), plan.as_card()


def vae(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from render.generators.vae import NetworkSettings, VaeNetwork

    plan = NetworkSettings.of(size, 4, 64, 8 if tiny else 32, 0)
    return VaeNetwork(plan), plan.as_card()


def one_call(generator: Any, noise: Tensor) -> Tensor:
    """The plain module call of dcgan and vae."""
    pictures: Tensor = generator.network(noise.flatten(1), noise.new_zeros(len(noise), 0))
    return pictures


def stylegan2(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network, plan

    base, most, width = (128, 16, 16) if tiny else (16384, 512, 512)
    settings = NetworkSettings(latent=width, styles=width, depth=2, channels=plan(size, base, most))
    return StyleGan2Network(settings), settings.as_card()


def mapped(generator: Any, noise: Tensor) -> Tensor:
    """The plain module calls of stylegan2, with the weights' constant noise."""
    network = generator.network
    ws = network.ws(noise.flatten(1), noise.new_zeros(len(noise), 0))
    pictures: Tensor = network.synthesis(ws, network.constant_noise())
    return pictures


def flow(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from render.generators.network import FlowNetwork, NetworkSettings

    small: dict[str, Any] = {"channels": (16, 32), "groups": 8, "head": 8} if tiny else {}
    settings = NetworkSettings(size=size, classes=0, sources=0, **small)
    return FlowNetwork(settings), settings.as_card()


def with_scheduler(generator: Any, noise: Tensor) -> Tensor:
    """Diffusers' Euler scheduler around the flow network."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    from render.generators.flow import SHIFT
    from render.generators.samplers import times

    network, sampling = generator.network, generator.card.sampling
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=times(sampling.steps, SHIFT)[:-1], device=noise.device)
    n, nothing = len(noise), noise.new_ones(len(noise), 1)
    sketch, drawn = noise.new_zeros(n, 1, *noise.shape[2:]), noise.new_zeros(n)
    x = noise
    for sigma, t in zip(scheduler.sigmas, scheduler.timesteps, strict=False):
        velocity = network(x, sigma.expand(n), nothing, nothing, sketch, drawn)
        x = scheduler.step(velocity, t, x).prev_sample
    pictures: Tensor = x * network.settings.scale + network.settings.shift
    return pictures


def ddpm(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from diffusers import DDIMScheduler

    from render.generators.ddpm import Checkpoint
    from render.generators.ddpm_network import NetworkSettings

    settings = NetworkSettings(width=8 if tiny else 64)
    network = Checkpoint(settings, 1000)
    network.betas.copy_(DDIMScheduler(beta_schedule="squaredcos_cap_v2").betas)
    return network, settings.as_card()


def with_ddim(generator: Any, noise: Tensor) -> Tensor:
    """Diffusers' DDIM scheduler around the network."""
    from diffusers import DDIMScheduler

    held = generator.held
    scheduler = DDIMScheduler(trained_betas=held.betas.cpu().numpy(), timestep_spacing="trailing")
    scheduler.set_timesteps(generator.card.sampling.steps, device=noise.device)
    x = noise
    for t in scheduler.timesteps:
        x = scheduler.step(held.unet(x, t.expand(len(x))), t, x, use_clipped_model_output=True).prev_sample
    return x


def small_pipeline(folder: Path) -> Path:
    """A whole Stable Diffusion pipeline of 16 px: what the engine costs beside the pipeline's own call."""
    from test_pipeline import stable_diffusion

    from render.generators.convert import convert

    stable_diffusion(folder / "sd")
    convert(folder / "sd", folder / "weights", "pipeline")
    return folder / "weights"


def own_call(generator: Any, noise: Tensor) -> Tensor:
    """Diffusers' own pipeline, given the noise as its latents."""
    pipeline, sampling = generator._whole, generator.card.sampling
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        [""] * len(noise), negative_prompt=[""] * len(noise), latents=noise, guidance_scale=sampling.guidance,
        num_inference_steps=sampling.steps, output_type="pt",
    )  # fmt: skip
    pictures: Tensor = made.images * 2 - 1
    return pictures


CASES = {
    # one pass: batches of another order of sums
    "dcgan": Case(dcgan, one_call, (64, 128, 256, 512), 1e-4),
    "vae": Case(vae, one_call, (64, 128, 256, 512), 1e-4),
    # random weights amplify rounding: the pictures reach far beyond [-1, 1]
    "stylegan2": Case(stylegan2, mapped, (64, 128, 256, 512), 1e-2),
    # sixteen steps, each rounding differently
    # the same scheduler and the same batches
    "ddpm": Case(ddpm, with_ddim, (64, 128, 256), 1e-3, Sampling(sampler="ddim", steps=10, guidance=1.0)),
    # thirty steps, batches of another order of sums
    "pipeline": Case(small_pipeline, own_call, (16,), 1e-3),
    "flow": Case(flow, with_scheduler, (64, 96, 128), 1e-3, Sampling(sampler="euler", steps=16, guidance=1.0)),
}


def written(family: str, size: int, tiny: bool, folder: Path) -> Path:
    """A weights folder of random weights."""
    case = CASES[family]
    torch.manual_seed(0)
    if family == "pipeline":
        return small_pipeline(folder)
    network, settings = case.network(size, tiny)  # type: ignore[call-arg, arg-type, misc]  # those of a pipeline differ
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / MODEL)
    display = DisplayMapping.plain().settings()
    card = Card(name=family, family=family, size=size, network=settings, display=display, sampling=case.sampling)
    save_card(folder, card)
    return folder


class Bench:
    """One family at one size, and two ways to draw the same recipes."""

    def __init__(self, family: str, folder: Path, count: int) -> None:
        sha256 = weights_hash(folder)
        self.case, self.executor = CASES[family], LocalExecutor({sha256: folder}, best_device())
        self.generator: Generator = self.executor.generator(sha256)
        card = self.generator.card
        sampling = card.sampling or self.case.sampling
        chosen = (sampling.sampler, sampling.steps, sampling.guidance)
        recipes = [Recipe(family, sha256, seed, *chosen, card.size) for seed in range(count)]
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
@click.option("--one", "single", hidden=True, help="ours or plain: print one measurement as JSON.")
def main(
    families: tuple[str, ...], sizes: tuple[int, ...], tiny: bool, pictures: int, rounds: int, single: str | None
) -> None:
    """Print the table."""
    if single:
        click.echo(json.dumps(one(families[0], sizes[0], single, pictures, rounds, tiny)))
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
