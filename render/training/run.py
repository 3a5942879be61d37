"""The loop around every training of a generator: steps, checkpoints, the account of losses, the moving average.

A training knows how to do one step; a step's random numbers come from a generator keyed by the step, so a run that was
killed goes on exactly from its last checkpoint.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from render.generators import Generator
from render.weights import Card, Sampling

Losses = tuple[float, ...]
Report = Callable[[int, int, float, float], None]
"""Called after every step with (step, steps, the first loss, pictures a second)."""


class Pace(Protocol):
    """What the loop asks of a training's settings."""

    @property
    def steps(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...


class Run(Protocol):
    """One training in a folder of its own. losses: what the numbers that `advance` returns are called.

    classes, sources: what the card is to name. average: the weights that ship; its `settings` are what the card keeps
    under ``[network]``.
    """

    run: Path
    step: int
    seconds: float
    accelerator: Accelerator
    family: str
    sampling: Sampling
    losses: tuple[str, ...]
    classes: list[str]
    sources: list[str]

    @property
    def settings(self) -> Pace: ...
    @property
    def average(self) -> Any: ...

    def advance(self) -> Losses:
        """One step; returns its losses."""

    def checkpoint(self) -> None:
        """Write down everything that is needed to go on exactly."""

    def generator(self, card: Card) -> Generator:
        """The averaged weights behind the generator protocol, where they stand."""

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        """Pictures to look at by name; "sheet" is that of samples."""


T = TypeVar("T", bound=Run)


def train(
    training: T,
    report: Report | None = None,
    at_checkpoint: Callable[[T], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Go on to the last step of the settings.

    report: called after every step. at_checkpoint: called after every checkpoint (sheets, curves). stop: asked before
    every step; a true answer ends the run with a checkpoint.
    """
    settings = training.settings
    losses: list[tuple[int, Losses]] = []
    while training.step < settings.steps and not stop():
        began = time.perf_counter()
        losses.append((training.step, training.advance()))
        elapsed = time.perf_counter() - began
        training.seconds += elapsed
        if report:
            rate = settings.batch * training.accelerator.num_processes / elapsed
            report(training.step, settings.steps, losses[-1][1][0], rate)
        if training.step % settings.checkpoint_every == 0:
            keep(training, losses, at_checkpoint)
    if losses:
        keep(training, losses, at_checkpoint)


def keep(training: T, losses: list[tuple[int, Losses]], then: Callable[[T], None] | None) -> None:
    """A checkpoint with the losses since the last one; called twice for one step it writes once."""
    if not losses:
        return
    if training.accelerator.is_main_process:
        append_losses(training.run / "loss.csv", losses)  # first: rows beyond a checkpoint are dropped, none is missing
    training.checkpoint()
    if training.accelerator.is_main_process:
        losses.clear()
        if then:
            then(training)


def append_losses(path: Path, losses: list[tuple[int, Losses]]) -> None:
    """Add rows to loss.csv, dropping what a killed run had written beyond its checkpoint."""
    kept: list[list[str]] = []
    if path.exists():
        with path.open(newline="") as file:
            kept = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) < losses[0][0]]
    rows = kept + [[str(step), *(f"{loss:.6f}" for loss in values)] for step, values in losses]
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    temporary.replace(path)


def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of the weights, with a shorter memory at the start; buffers are taken as they are."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        kept: list[Tensor] = list(average.parameters())
        new: list[Tensor] = [one.to(mine.device) for one, mine in zip(network.parameters(), kept, strict=True)]
        torch._foreach_lerp_(kept, new, 1 - decay)  # all at once: half the time of one after another
        for buffer, current in zip(average.buffers(), network.buffers(), strict=True):
            buffer.copy_(current)


def mean_gradients(accelerator: Accelerator, parameters: Iterable[nn.Parameter]) -> None:
    """Give every process the mean of all processes' gradients.

    By hand, because the penalties of adversarial training differentiate a gradient once more, which
    DistributedDataParallel does not support.
    """
    if accelerator.num_processes > 1:
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = accelerator.reduce(parameter.grad, "mean")


def accelerator() -> Accelerator:
    """Where this process trains, and with which others: one object, however often it is asked for.

    accelerate looks for other processes on CPUs only when it is told to use one. Its own mixed precision stays off: it
    cannot be changed once an Accelerator exists, and which precision is faster is known only later.
    """
    return Accelerator(mixed_precision="no", cpu=not torch.accelerator.is_available())
