"""Training the flow family: a velocity network on prepared pictures, by conditional flow matching.

Objective: v(x_t, t) against e - x on the straight path (Lipman et al. 2022, arXiv:2210.02747), weighted so that the
U-Net's own target counts the same at every t (Karras et al. 2022, arXiv:2206.00364), t from a logit-normal (Esser et
al. 2024, arXiv:2403.03206) that leans to the noise, since that is where a smooth picture's shape is decided.
Class and source are dropped now and then for guidance (Ho & Salimans 2022, arXiv:2207.12598), the sketch half of the
time. A step's pictures, noise and drops come from a generator keyed by seed, step and process alone, so a run that was
killed goes on exactly, and the moving average of the weights (EMA) is what ships.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.network import FlowNetwork, NetworkSettings
from render.training.checkpoint import load_checkpoint, save_checkpoint, step_generator
from render.training.dataset import TrainingSet
from render.training.sketch import sketches

Report = Callable[[int, int, float, float], None]
"""Called after every step with (step, steps, loss, pictures a second)."""


@dataclass(frozen=True)
class FlowSettings:
    """Everything that a person chooses of a training run.

    steps: optimiser steps in all. decay: the share of them over which the learning rate falls to 0 at the end.
    precision: "fp32", "bf16", or "auto", which measures one step of each and keeps the faster. favoured: a source whose
    pictures are drawn three times as often as they would be, because exhibits are to look like them.
    """

    steps: int = 20_000
    batch: int = 16
    rate: float = 3e-4
    warmup: int = 300
    decay: float = 0.3
    average: float = 0.999
    drop_class: float = 0.1
    drop_sketch: float = 0.5
    time_mean: float = 0.2
    time_spread: float = 1.4
    checkpoint_every: int = 500
    seed: int = 0
    precision: str = "auto"
    favoured: str | None = None
    channels: tuple[int, ...] = (64, 128, 192)
    fold: int = 4


@dataclass(frozen=True)
class Pictures:
    """A training set in memory, ready to be drawn from."""

    data: npt.NDArray[np.float16]  # (n, 3, h, w) data space
    classes: npt.NDArray[np.float32]  # (n, classes) one-hot where labelled, else calibrated pseudo-labels
    sources: npt.NDArray[np.int64]  # (n,)
    chance: npt.NDArray[np.float64]  # (n,) how often each is drawn
    class_names: list[str]
    source_names: list[str]

    @classmethod
    def load(
        cls,
        training_set: TrainingSet,
        mapping: DisplayMapping,
        pseudo: npt.NDArray[np.float32] | None,
        names: list[str],
    ) -> Pictures:
        """pseudo: (whole set, classes) probabilities for pictures without a label; they are never the null class."""
        keep = training_set.training()
        labels = training_set.column("label")
        source_names = sorted(set(training_set.column("source")))
        classes = np.zeros((len(keep), len(names)), dtype=np.float32)
        for row, index in enumerate(keep):
            if labels[index]:
                classes[row, names.index(labels[index])] = 1
            elif len(names) == 1:
                classes[row, 0] = 1
            elif pseudo is not None:
                classes[row] = pseudo[index] / pseudo[index].sum()
            else:
                raise NonesuchError(
                    f"{training_set.folder}: '{training_set.rows[index]['file']}' has no label; name a classifier "
                    "with --classifier so that unlabelled pictures get calibrated pseudo-labels."
                )
        sources = np.array([source_names.index(training_set.column("source")[i]) for i in keep])
        return cls(training_set.data(keep, mapping), classes, sources, chances(classes, sources), names, source_names)

    def favouring(self, source: str, times: float = 3.0) -> Pictures:
        """The same pictures, one source's drawn several times as often. Raises NonesuchError when there are none."""
        if source not in self.source_names:
            raise NonesuchError(f"no picture comes from '{source}'; sources are {', '.join(self.source_names)}.")
        chance = self.chance * np.where(self.sources == self.source_names.index(source), times, 1.0)
        return replace(self, chance=chance / chance.sum())

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """n pictures in one of the 8 orientations each, their class (sampled from its probabilities) and source."""
        chance = torch.from_numpy(self.chance)
        chosen = torch.multinomial(chance, n, replacement=True, generator=generator).numpy()
        turns = torch.randint(8, (n,), generator=generator).tolist()
        data = torch.stack(
            [orient(torch.from_numpy(self.data[i]).float(), turn) for i, turn in zip(chosen, turns, strict=True)]
        )
        classes = torch.multinomial(torch.from_numpy(self.classes[chosen]), 1, generator=generator)[:, 0]
        return data, classes, torch.from_numpy(self.sources[chosen])


def orient(picture: Tensor, turn: int) -> Tensor:
    """One of the 8 rotations and mirrors of (3, h, w): galaxies have no up."""
    picture = torch.rot90(picture, turn % 4, (1, 2))
    return picture.flip(2) if turn >= 4 else picture


def chances(classes: npt.NDArray[np.float32], sources: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How often each picture is drawn: rare classes and small sources more often than their share, by a square root."""
    per_class = np.maximum(classes.sum(0), 1)
    per_source = np.bincount(sources)
    weight = (classes / np.sqrt(per_class)).sum(1) / np.sqrt(per_source[sources])
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def learning_rate(step: int, settings: FlowSettings) -> float:
    """Warm-up, a plateau, and a linear fall over the last part, so that a plateau's checkpoint can be carried on."""
    fall = settings.decay * settings.steps
    return settings.rate * min(1.0, (step + 1) / settings.warmup, max(0.0, (settings.steps - step) / max(fall, 1)))


def flow_loss(network: nn.Module, pictures: Pictures, settings: FlowSettings, generator: torch.Generator) -> Tensor:
    """Mean squared error of what the U-Net predicts, over one batch drawn with this generator."""
    plain = network if isinstance(network, FlowNetwork) else network.module  # DistributedDataParallel wraps it
    assert isinstance(plain, FlowNetwork)
    net = plain.settings
    device = next(network.parameters()).device
    data, classes, sources = pictures.draw(settings.batch, generator)
    n = len(data)
    drawing = sketches(data, generator)
    drawn = (torch.rand(n, generator=generator) >= settings.drop_sketch).float()
    classes[torch.rand(n, generator=generator) < settings.drop_class] = len(pictures.class_names)
    steer_classes = torch.nn.functional.one_hot(classes, len(pictures.class_names) + 1).float()
    steer_sources = torch.nn.functional.one_hot(sources, len(pictures.source_names) + 1).float()
    noise = torch.randn(data.shape, generator=generator)
    t = torch.sigmoid(settings.time_mean + settings.time_spread * torch.randn(n, generator=generator))
    x = (data - net.shift) / net.scale
    mixed = torch.lerp(x, noise, t[:, None, None, None])
    velocity = network(
        mixed.to(device),
        t.to(device),
        steer_classes.to(device),
        steer_sources.to(device),
        drawing.to(device),
        drawn.to(device),
    )
    error = (velocity.float() - (noise - x).to(device)) / plain.preconditioning(t.to(device))[1]
    loss: Tensor = error.square().mean()
    return loss


class FlowTraining:
    """One run in a folder of its own: build, resume, step, checkpoint."""

    def __init__(
        self, pictures: Pictures, run: Path, settings: FlowSettings, start: dict[str, Tensor] | None = None
    ) -> None:
        self.pictures, self.run, self.settings = pictures, run, settings
        run.mkdir(parents=True, exist_ok=True)
        if settings.favoured is not None:
            self.pictures = pictures.favouring(settings.favoured)
        torch.manual_seed(settings.seed)
        network = FlowNetwork(
            NetworkSettings(
                size=pictures.data.shape[-1],
                fold=settings.fold,
                channels=settings.channels,
                classes=len(pictures.class_names),
                sources=len(pictures.source_names),
            )
        )
        if start is not None:
            network.load_state_dict({name: value.float() for name, value in start.items()})
        self.average = deepcopy(network).eval().requires_grad_(False)
        optimiser = torch.optim.AdamW(network.parameters(), settings.rate, (0.9, 0.99), weight_decay=0.01)
        progress = load_checkpoint(run, network, self.average, optimiser) or {}
        self.step = int(progress.get("step", 0))
        self.seconds = float(progress.get("seconds", 0))
        precision = progress.get("precision") or choose_precision(network, pictures, settings)
        self.precision = precision
        self.accelerator = accelerator()
        self.network, self.optimiser = self.accelerator.prepare(network, optimiser)
        self.average.to(self.accelerator.device)

    def advance(self) -> float:
        """One optimiser step; returns its loss."""
        generator = step_generator(self.settings.seed, self.step, self.accelerator.process_index)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        with torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            loss = flow_loss(self.network, self.pictures, self.settings, generator)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        update_average(self.average, self.accelerator.unwrap_model(self.network), self.settings.average, self.step)
        return float(loss.detach())

    def checkpoint(self) -> None:
        """Everything needed to go on exactly, written by the first process alone."""
        if self.accelerator.is_main_process:
            progress = {"step": self.step, "seconds": f"{self.seconds:.1f}", "precision": self.precision}
            network = self.accelerator.unwrap_model(self.network)
            save_checkpoint(self.run, network, self.average, self.optimiser.optimizer, progress)


def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of the weights, with a shorter memory at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, new in zip(average.parameters(), network.parameters(), strict=True):
            kept.lerp_(new.to(kept.device), 1 - decay)


def choose_precision(network: FlowNetwork, pictures: Pictures, settings: FlowSettings) -> str:
    """bf16 where it is faster: measured by two steps of each on the device that will train."""
    if settings.precision != "auto":
        return settings.precision
    device = accelerator().device
    probe = deepcopy(network).to(device)
    seconds = {}
    for precision in ("fp32", "bf16"):
        for _ in range(2):
            start = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
                loss = flow_loss(probe, pictures, settings, step_generator(settings.seed, 0))
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[precision] = time.perf_counter() - start
    chosen = [min(seconds, key=lambda key: seconds[key])]
    broadcast_object_list(chosen)  # what the first process found, for all
    return chosen[0]


def accelerator() -> Accelerator:
    """Where this process trains, and with which others: one object, however often it is asked for.

    accelerate looks for other processes on CPUs only when it is told to use one. Its own mixed precision stays off: it
    cannot be changed once an Accelerator exists, and which precision is faster is known only later.
    """
    return Accelerator(mixed_precision="no", cpu=not torch.accelerator.is_available())


def train_flow(
    pictures: Pictures,
    run: Path,
    settings: FlowSettings,
    report: Report | None = None,
    at_checkpoint: Callable[[FlowTraining], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    start: dict[str, Tensor] | None = None,
) -> FlowTraining:
    """Train to `settings.steps`, going on from the checkpoint in `run` where there is one, else from `start`.

    start: tensors of finished weights of the same shape; their optimiser's state is gone, so the rate warms up again.
    report: called after every step. at_checkpoint: called after every checkpoint (sheets, curves). stop: asked before
    every step; a true answer ends the run with a checkpoint.
    """
    training = FlowTraining(pictures, run, settings, start)
    losses: list[tuple[int, float]] = []
    while training.step < settings.steps and not stop():
        began = time.perf_counter()
        losses.append((training.step, training.advance()))
        elapsed = time.perf_counter() - began
        training.seconds += elapsed
        if report:
            rate = settings.batch * training.accelerator.num_processes / elapsed
            report(training.step, settings.steps, losses[-1][1], rate)
        if training.step % settings.checkpoint_every == 0:
            keep(training, losses, at_checkpoint)
    if losses:
        keep(training, losses, at_checkpoint)
    return training


def keep(training: FlowTraining, losses: list[tuple[int, float]], then: Callable[[FlowTraining], None] | None) -> None:
    """A checkpoint with the losses since the last one; called twice for one step it writes once."""
    if not losses:
        return
    training.checkpoint()
    if training.accelerator.is_main_process:
        append_losses(training.run / "loss.csv", losses)
        losses.clear()
        if then:
            then(training)


def append_losses(path: Path, losses: list[tuple[int, float]]) -> None:
    """Add rows to loss.csv, dropping what a killed run had written beyond its checkpoint."""
    kept: list[list[str]] = []
    if path.exists():
        with path.open(newline="") as file:
            kept = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) < losses[0][0]]
    rows = kept + [[str(step), f"{loss:.6f}"] for step, loss in losses]
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    temporary.replace(path)
