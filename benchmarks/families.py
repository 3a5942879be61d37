"""Random weights of every family, and the plain loop that one writes without an engine: for benchmarks only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from render.weights import Sampling, Surface

Plain = Callable[[Any, Tensor], Tensor]
"""The loop without an engine: a generator's network on its device, and noise (n, c, h, w), to pictures."""


@dataclass(frozen=True)
class Case:
    """A family at a size. network: random weights, and what the card says of them, or of a pipeline its weights folder;
    plain: the loop beside ours.

    tolerance: the largest difference in data space that the two may have, and why it is not nothing. surface: of maps.
    """

    network: Callable[[int, bool], tuple[nn.Module, dict[str, Any]]] | Callable[[Path], Path]
    plain: Plain
    sizes: tuple[int, ...]
    tolerance: float
    sampling: Sampling = field(default_factory=Sampling.in_one_pass)
    surface: Callable[[bool], Surface] | None = None


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


def surface(size: int, tiny: bool) -> tuple[nn.Module, dict[str, Any]]:
    from render.generators.network import FlowNetwork, NetworkSettings

    small: dict[str, Any] = {"channels": (16, 32), "groups": 8, "head": 8} if tiny else {"channels": (64, 64, 128)}
    settings = NetworkSettings(size=size, classes=0, sources=1, shift=0.0, spread=0.5, colour=3.0, **small)
    return FlowNetwork(settings), settings.as_card()


def views(tiny: bool) -> Surface:
    """How the shipped planets are looked at, or a few views of little maps; one body, which every recipe asks for."""
    bodies = {"one": "moon"}
    if tiny:
        return Surface(bodies=bodies, height=48, wide=(80.0, 18), near=(70.0, 24))
    return Surface(bodies=bodies, height=320, wide=(80.0, 18), near=(36.0, 72))


def on_spheres(generator: Any, noise: Tensor) -> Tensor:
    """Diffusers' Euler scheduler around the network, all views of a sphere in one batch, one map after the other."""
    from render.generators.colour import blurred_colour
    from render.generators.samplers import times
    from render.generators.surface import NEAR_FROM, SHIFT, as_views, pixels

    network, card, steps = generator.network, generator.card, generator.card.sampling.steps
    net, height, maps = network.settings, generator.surface.height, []
    for points in noise[:, :, 0].cpu().numpy():
        x = denoised(generator, generator.wide, generator.wide.noise(points, 0.0), times(steps, SHIFT))
        closer = as_views(generator.closer @ pixels(x).numpy(), card.size)
        x = (1 - NEAR_FROM) * closer + NEAR_FROM * generator.near.noise(points, 0.0)
        path = [NEAR_FROM * t for t in times(max(2, steps // 3), 1.0)]
        x = denoised(generator, generator.near, x, path)
        x = blurred_colour(x * net.scale + net.shift, net.colour)
        maps.append(torch.from_numpy(generator.laid @ pixels(x).numpy()).T.reshape(3, height, 2 * height))
    return torch.stack(maps)


def denoised(generator: Any, layer: Any, x: Tensor, path: list[float]) -> Tensor:
    """The views of one layer, along a falling list of times that ends in 0."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    device, n = generator.device, len(x)
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=path[:-1])
    body = torch.tensor([1.0, 0.0], device=device).expand(n, -1)
    share = torch.full((n,), layer.share, device=device)
    steer = torch.ones(n, 1, device=device), body, layer.latitude.to(device), share
    for sigma, t in zip(scheduler.sigmas, scheduler.timesteps, strict=False):
        velocity = generator.network(x.to(device), sigma.to(device).expand(n), *steer).cpu()
        expected = layer.agreed(x - sigma * velocity, 0.0)
        x = scheduler.step((x - expected) / sigma, t, x).prev_sample
    return x


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
    # the same scheduler and batches; the first step divides what rounding leaves, 1e-6, by the root of the first
    # picture's share there, 5e-5
    "ddpm": Case(ddpm, with_ddim, (64, 128, 256), 5e-2, Sampling(sampler="ddim", steps=10, guidance=1.0)),
    # thirty steps, batches of another order of sums
    "pipeline": Case(small_pipeline, own_call, (16,), 1e-3),
    # sixteen steps, each rounding differently
    "flow": Case(flow, with_scheduler, (64, 96, 128), 1e-3, Sampling(sampler="euler", steps=16, guidance=1.0)),
    # the same, and batches of other views
    "surface": Case(
        surface, on_spheres, (64,), 1e-3, Sampling(sampler="euler", steps=10, guidance=1.0, batch=1), views
    ),
}
