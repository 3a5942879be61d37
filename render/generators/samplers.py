"""Samplers: plain functions that carry noise to a picture along a velocity field.

The path is the straight line x_t = (1 - t) x + t e of rectified flow (Liu et al. 2022, arXiv:2209.03003; Lipman et
al. 2022, arXiv:2210.02747), so dx/dt = e - x = v(x_t, t), and sampling integrates v from t = 1, noise, to t = 0.

A sampler is ``sampler(velocity, x, times, callback)`` with ``velocity(x, t) -> v`` of x's shape, ``times`` a falling
list of floats from 1 to 0 and ``callback(step, x)`` called after every step. They hold no state and draw no noise, so
a picture depends on its start alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
Callback = Callable[[int, Tensor], None]
Sampler = Callable[[Velocity, Tensor, list[float], Callback | None], Tensor]


def times(steps: int, shift: float) -> list[float]:
    """`steps` + 1 times from 1 to 0, denser near the noise for shift > 1 (Esser et al. 2024, arXiv:2403.03206, eq. 23).

    Smooth pictures such as galaxies decide their shape at high noise, so most steps belong there.
    """
    line = [1 - i / steps for i in range(steps + 1)]
    return [shift * t / (1 + (shift - 1) * t) for t in line]


def euler(velocity: Velocity, x: Tensor, times: list[float], callback: Callback | None = None) -> Tensor:
    """First order; one pass a step."""
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        x = x + (s - t) * velocity(x, t)
        if callback:
            callback(i, x)
    return x


def heun(velocity: Velocity, x: Tensor, times: list[float], callback: Callback | None = None) -> Tensor:
    """Second order, two passes a step but for the last (Karras et al. 2022, arXiv:2206.00364, algorithm 1)."""
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        v = velocity(x, t)
        ahead = x + (s - t) * v
        x = x + (s - t) * (v + velocity(ahead, s)) / 2 if s > 0 else ahead
        if callback:
            callback(i, x)
    return x


def ab2(velocity: Velocity, x: Tensor, times: list[float], callback: Callback | None = None) -> Tensor:
    """Second order with one pass a step: Adams-Bashforth with variable steps, the last velocity remembered."""
    before: tuple[Tensor, float] | None = None
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        v = velocity(x, t)
        x = x + (s - t) * _ahead(v, s - t, before)
        before = v, s - t
        if callback:
            callback(i, x)
    return x


def _ahead(v: Tensor, width: float, before: tuple[Tensor, float] | None) -> Tensor:
    """The velocity in the middle of a step, from this one and the one before it with its step's width."""
    if before is None:
        return v
    ratio = width / (2 * before[1])
    return (1 + ratio) * v - ratio * before[0]


PRIMES = (
    10007,
    10247,
    10477,
    10729,
    10987,
    11251,
    11491,
    11783,
    11987,
    12251,
    12487,
    12697,
    12953,
    13177,
    13451,
    13697,
    13921,
    14221,
    14489,
    14731,
    14947,
    15217,
    15427,
    15667,
)
OFFSET = 1009
"""Multipliers and offset of `reordered`: part of the algorithm, never changed within a version."""


RENEWED_BELOW = 0.4
RENEWAL = 0.3
"""The time below which `ancestral` renews noise, and how much of it (eta of Song et al. 2021; 0 is none, 1 what the
reversed diffusion would). Chosen on fold 2 by the spectrum of the light. Part of the algorithm, never changed within a
version."""


def ancestral(
    velocity: Velocity, x: Tensor, times: list[float], callback: Callback | None = None, noise: Tensor | None = None
) -> Tensor:
    """Second order as `ab2`; below t = 0.4 a part of the noise is new at every step (Song et al. 2021,
    arXiv:2010.02502, eq. 12 and 16, for the straight path).

    While there is much noise the path is followed closely, for there the shape is decided and what the start holds of
    it must not be thrown away. Below, each step takes the picture and the noise that the network expects and renews
    some of the noise, so that the errors of one step are forgotten by the next instead of being carried to the end as
    grain. The new noise is the first noise in another order: it needs no source, and along a walk it moves as smoothly.
    noise: the first noise, where x is more than noise.
    """
    start, before = x if noise is None else noise, None
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        v = velocity(x, t)
        if t >= RENEWED_BELOW:
            x = x + (s - t) * _ahead(v, s - t, before)
            before = v, s - t
        else:
            new = renewed(t, s)
            x = (1 - s) * (x - t * v) + math.sqrt(s * s - new * new) * (x + (1 - t) * v) + new * reordered(start, i)
        if callback:
            callback(i, x)
    return x


def renewed(t: float, s: float) -> float:
    """The standard deviation of the new noise in a step from t to s, at most s."""
    return RENEWAL * s / t * math.sqrt(max(t * t - ((1 - t) / (1 - s) * s) ** 2, 0.0))


def reordered(noise: Tensor, step: int) -> Tensor:
    """The values of every picture, (n, c, h, w), in an order that belongs to the step: i -> (a i + b) mod c h w.

    An affine map with a prime multiplier that does not divide c h w is a permutation, and sends neighbours far apart.
    """
    count = noise[0].numel()
    primes = [p for p in PRIMES if count % p]
    order = (torch.arange(count) * primes[step % len(primes)] + OFFSET * (step + 1)) % count
    return noise.flatten(1)[:, order.to(noise.device)].view_as(noise)


SAMPLERS: dict[str, Sampler] = {"euler": euler, "heun": heun, "ab2": ab2, "ancestral": ancestral}


def passes(sampler: str, steps: int) -> int:
    """Velocity evaluations of one unguided picture."""
    return 2 * steps - 1 if sampler == "heun" else steps
