"""Samplers: plain functions that carry noise to a picture along a velocity field.

The path is the straight line x_t = (1 - t) x + t e of rectified flow (Liu et al. 2022, arXiv:2209.03003; Lipman et
al. 2022, arXiv:2210.02747), so dx/dt = e - x = v(x_t, t), and sampling integrates v from t = 1, noise, to t = 0.

A sampler is ``sampler(velocity, x, times, callback)`` with ``velocity(x, t) -> v`` of x's shape, ``times`` a falling
list of floats from 1 to 0 and ``callback(step, x)`` called after every step. They hold no state and draw no noise, so
a picture depends on its start alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

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
    before: Tensor | None = None
    width = 0.0
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        v = velocity(x, t)
        ratio = (s - t) / (2 * width) if before is not None else 0.0
        x = x + (s - t) * (v if before is None else (1 + ratio) * v - ratio * before)
        before, width = v, s - t
        if callback:
            callback(i, x)
    return x


SAMPLERS: dict[str, Sampler] = {"euler": euler, "heun": heun, "ab2": ab2}


def passes(sampler: str, steps: int) -> int:
    """Velocity evaluations of one unguided picture."""
    return 2 * steps - 1 if sampler == "heun" else steps
