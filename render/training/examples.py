"""What one step of the flow family learns from: a batch, its noise and its times, all decided by the step's number.

Because nothing else decides it, steps ahead can be made ready on other threads while a device computes: a GPU would
otherwise wait for the CPU that turns, mirrors and traces its pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from render.generators.network import NetworkSettings
from render.training.pool import Pictures

if TYPE_CHECKING:
    from render.training.flow import FlowSettings


@dataclass(frozen=True)
class Batch:
    """What one step learns from: pictures (n, 3, h, w) in data space, their class and source (n,), the drawing beside
    each (n, 1, h, w), and how much of it is seen (n,), 0 for none.
    """

    data: Tensor
    classes: Tensor
    sources: Tensor
    drawing: Tensor
    drawn: Tensor


@dataclass(frozen=True)
class Drawn:
    """What every pool that draws from pictures knows of them: what a pool asks for, but for `scales` and `batch`."""

    pictures: Pictures

    @property
    def class_names(self) -> list[str]:
        return self.pictures.class_names

    @property
    def source_names(self) -> list[str]:
        return self.pictures.source_names

    @property
    def told_sources(self) -> list[str]:
        return self.source_names

    @property
    def size(self) -> int:
        return int(self.pictures.data.shape[-1])


def seen(n: int, settings: FlowSettings, generator: torch.Generator) -> Tensor:
    """(n,): 1 where a network sees the drawing beside a picture, 0 where it is hidden."""
    return (torch.rand(n, generator=generator) >= settings.drop_sketch).float()


class Source(Protocol):
    """Where batches come from, as far as an example needs to know it."""

    @property
    def class_names(self) -> list[str]: ...
    @property
    def source_names(self) -> list[str]: ...
    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch: ...


@dataclass(frozen=True)
class Example:
    """A batch on its way from picture to noise: mixed and velocity (n, 3, h, w), times (n,) from 0 to 1, classes and
    sources as weights (n, names + 1), the drawing (n, 1, h, w) and how much of it is seen (n,).
    """

    mixed: Tensor
    velocity: Tensor
    times: Tensor
    classes: Tensor
    sources: Tensor
    drawing: Tensor
    drawn: Tensor

    def to(self, device: torch.device) -> Example:
        """The same on another device; from pinned memory without waiting for it."""
        return Example(*(getattr(self, one.name).to(device, non_blocking=True) for one in fields(self)))

    def pinned(self) -> Example:
        """The same in memory that a GPU reads by itself."""
        return Example(*(getattr(self, one.name).pin_memory() for one in fields(self)))


KEPT = 0.9
"""The share of its expert's times that a network beside one does not learn: it is not asked for them. The rest is kept,
because what is learned at neighbouring times supports it."""


def example(pool: Source, net: NetworkSettings, settings: FlowSettings, generator: torch.Generator) -> Example:
    """One step's, drawn with its generator; class and source are dropped now and then."""
    batch = pool.batch(settings, generator)
    classes, sources, n = batch.classes, batch.sources, len(batch.data)
    classes[torch.rand(n, generator=generator) < settings.drop_class] = len(pool.class_names)
    if settings.drop_source:
        sources[torch.rand(n, generator=generator) < settings.drop_source] = len(pool.source_names)
    noise = torch.randn(batch.data.shape, generator=generator)
    t = settings.times(n, generator, KEPT * net.expert.get("below", 0.0))
    x = (batch.data - net.shift) / net.scale
    return Example(
        mixed=torch.lerp(x, noise, t[:, None, None, None]),
        velocity=noise - x,
        times=t,
        classes=one_hot(classes, len(pool.class_names) + 1).float(),
        sources=one_hot(sources, len(pool.source_names) + 1).float(),
        drawing=batch.drawing,
        drawn=batch.drawn,
    )


class Ahead:
    """Makes the examples of the next steps ready on threads, in the order in which they will be asked for.

    make: the example of a step; called on several threads at once, so it must not write to anything that they share.
    """

    def __init__(self, make: Callable[[int], Example], threads: int) -> None:
        self._make, self._depth = make, 2 * threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="example")
        self._coming: dict[int, Future[Example]] = {}

    def __call__(self, step: int) -> Example:
        """The example of a step; those after it are begun."""
        for wanted in range(step, step + self._depth):
            if wanted not in self._coming:
                self._coming[wanted] = self._threads.submit(self._make, wanted)
        return self._coming.pop(step).result()

    def close(self) -> None:
        """Give up what nobody will ask for."""
        self._threads.shutdown(cancel_futures=True)
