"""How a noise-predicting network (Ho et al. 2020, arXiv:2006.11239) draws: diffusers' schedulers, in single precision.

At the start 1 / sqrt(alpha-bar) is 20,000 with a cosine schedule, so the arithmetic never leaves float32, whatever the
network runs in, and every estimate of the picture is held to [-1, 1], as in training. Shares of noise, the schedule's
single numbers, are doubles.

- ``ddpm``: ancestral sampling. It is DDIM at eta 1 with the estimate clamped (Song et al. 2021, arXiv:2010.02502,
  section 4.1), and so it takes noise that was drawn elsewhere, which diffusers' own DDPM step does not.
- ``ddim``: DDIM at eta 0.
- ``dpm++``: DPM-Solver++ of second order, multistep (Lu et al. 2022, arXiv:2211.01095). It is given the clamped picture
  in place of the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

Noise = Callable[[Tensor, int], Tensor]
"""The noise predicted in a batch at a whole step of training, both (n, c, h, w)."""
Fresh = Callable[[int], Tensor]
"""New noise for a step of the sampler, counted from 0, (n, c, h, w)."""
SAMPLERS = ("ddpm", "ddim", "dpm++")
LEAST_LAMBDA = -5.1
"""Half the logarithm of the signal's share below which DPM-Solver takes no step: diffusers' value for this schedule."""


def draw(
    sampler: str,
    steps: int,
    betas: Tensor,
    noise: Noise,
    x: Tensor,
    fresh: Fresh,
    drawing: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Noise x, (n, c, h, w), to pictures in [-1, 1].

    betas: (steps of training,). drawing: pictures to begin from, with as much noise as belongs to `strength`, the share
    of the way that is gone again (SDEdit, Meng et al. 2022, arXiv:2108.01073); at 0 it is the picture itself.
    """
    solver = sampler == "dpm++"
    scheduler = multistep(betas) if solver else implicit(betas)
    scheduler.set_timesteps(steps, device=x.device)
    moments = [int(t) for t in scheduler.timesteps]
    if drawing is not None:
        moments = moments[len(moments) - round(len(moments) * strength) :]
        if not moments:
            return drawing
        share = alphas(betas)[moments[0]].to(x.device)
        x = share.sqrt() * drawing + (1 - share).sqrt() * x
        if solver:
            scheduler.set_begin_index(len(scheduler.timesteps) - len(moments))
    if solver:
        return solved(scheduler, moments, alphas(betas), noise, x)
    return ancestral(scheduler, moments, noise, x, fresh, eta=1.0 if sampler == "ddpm" else 0.0)


def implicit(betas: Tensor) -> DDIMScheduler:
    """The schedule of a checkpoint, from its last step on, whatever the number of steps."""
    scheduler = DDIMScheduler(
        num_train_timesteps=len(betas),
        trained_betas=betas.float().cpu().numpy(),
        clip_sample=True,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    # At eta 1 a step from nearly pure noise keeps a share of 1e-8 of the old noise, the difference of two numbers near
    # 1: in floats some processors round it to less than nothing, whose root makes the whole picture NaN.
    scheduler.alphas_cumprod = torch.cumprod(1 - betas.double().cpu(), 0)
    return scheduler


def multistep(betas: Tensor) -> DPMSolverMultistepScheduler:
    """The same schedule for DPM-Solver++."""
    return DPMSolverMultistepScheduler(
        num_train_timesteps=len(betas),
        trained_betas=betas.float().cpu().numpy(),
        prediction_type="sample",
        algorithm_type="dpmsolver++",
        timestep_spacing="trailing",
        lambda_min_clipped=LEAST_LAMBDA,
    )


def ancestral(
    scheduler: DDIMScheduler, moments: Sequence[int], noise: Noise, x: Tensor, fresh: Fresh, eta: float
) -> Tensor:
    """DDPM at eta 1, DDIM at eta 0. No noise is added in the last step."""
    for i, t in enumerate(moments):
        new = fresh(i).to(x) if eta else None
        last = t - scheduler.config.num_train_timesteps // scheduler.num_inference_steps < 0
        x = scheduler.step(
            noise(x, t), t, x, eta=0.0 if last else eta, use_clipped_model_output=True, variance_noise=new
        ).prev_sample
    return x


def solved(
    scheduler: DPMSolverMultistepScheduler, moments: Sequence[int], shares: Tensor, noise: Noise, x: Tensor
) -> Tensor:
    """DPM-Solver++ on clamped estimates of the picture."""
    for t in moments:
        share = shares[t].to(x.device)
        picture = ((x - (1 - share).sqrt() * noise(x, t)) / share.sqrt()).clamp(-1, 1)
        x = scheduler.step(picture, t, x).prev_sample
    return x


def alphas(betas: Tensor) -> Tensor:
    """The share of the picture's variance that is left after every step of training, (steps,)."""
    return torch.cumprod(1 - betas.double(), 0).float()
