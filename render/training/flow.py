"""Training the flow family: a velocity network on prepared pictures, by conditional flow matching.

Objective: v(x_t, t) against e - x on the straight path (Lipman et al. 2022, arXiv:2210.02747), weighted so that the
U-Net's own target counts the same at every t (Karras et al. 2022, arXiv:2206.00364), t from a logit-normal (Esser et
al. 2024, arXiv:2403.03206) that leans to the noise, since that is where a smooth picture's shape is decided.
Class and source are dropped now and then for guidance (Ho & Salimans 2022, arXiv:2207.12598), the sketch half of the
time. A step's pictures, noise and drops come from a generator keyed by seed, step and process alone, so a run that was
killed goes on exactly, and the moving average of the weights (EMA) is what ships.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate.utils import broadcast_object_list
from PIL import Image
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from render.cores import cores
from render.generators.autoencoder import Autoencoder
from render.generators.flow import FlowGenerator
from render.generators.network import FlowNetwork, Folding, NetworkSettings
from render.training.checkpoint import Part, load_checkpoint, save_checkpoint, step_generator
from render.training.examples import Ahead, Batch, Drawn, Example, Source, example, seen
from render.training.expert import BELOW, expert_settings, learning
from render.training.pool import Pictures
from render.training.run import Losses, accelerator, update_average
from render.training.samples import DEFAULT_SAMPLING, samples
from render.training.sheets import compared_sheet
from render.training.sketch import sketches
from render.training.student import Teacher, student_settings
from render.weights import Card


@dataclass(frozen=True)
class FlowSettings:
    """Everything that a person chooses of a training run.

    steps: optimiser steps in all. decay: the share of them over which the learning rate falls to 0 at the end.
    precision: "fp32", "bf16", or "auto", which measures one step of each and keeps the faster. favoured: a source whose
    pictures are drawn three times as often as they would be, because exhibits are to look like them; alone: no others
    are drawn. compiled: the network goes through torch.compile, which takes a minute or two and needs a C++ compiler.
    expert: what learns is a second network for the last steps, beside finished weights that stay as they are. latest:
    the latest time that is learned, those near the picture oftener; 0 for all, those oftener that decide a picture's
    shape.
    channels, fold, below: of the network (`NetworkSettings`); no channels are `CHANNELS`, or those of the weights it
    begins from.
    """

    steps: int = 20_000
    batch: int = 16
    rate: float = 3e-4
    warmup: int = 300
    decay: float = 0.3
    average: float = 0.999
    drop_class: float = 0.1
    drop_sketch: float = 0.5
    drop_source: float = 0.0
    time_mean: float = 0.2
    time_spread: float = 1.4
    checkpoint_every: int = 500
    seed: int = 0
    precision: str = "auto"
    favoured: str | None = None
    alone: bool = False
    compiled: bool = False
    channels: tuple[int, ...] = ()
    fold: int = 4
    below: float = 0.0
    expert: bool = False
    latest: float = 0.0

    def times(self, n: int, generator: torch.Generator, above: float = 0.0) -> Tensor:
        """(n,) in [0, 1]: when the pictures of a step are on their way, none earlier than `above`."""
        if self.expert:
            return BELOW * torch.rand(n, generator=generator)
        if self.latest:  # as an upscaler's steps lie
            return self.latest * torch.rand(n, generator=generator).square()
        normal = torch.randn(n, generator=generator)
        if above:  # the same distribution without its lower end, each time moved within it
            least = torch.special.ndtr((torch.logit(torch.tensor(above)) - self.time_mean) / self.time_spread)
            normal = torch.special.ndtri((least + (1 - least) * torch.special.ndtr(normal)).clamp(max=1 - 1e-6))
        return torch.sigmoid(self.time_mean + self.time_spread * normal)


def learning_rate(step: int, settings: FlowSettings) -> float:
    """Warm-up, a plateau, and a linear fall over the last part, so that a plateau's checkpoint can be carried on."""
    fall = settings.decay * settings.steps
    return settings.rate * min(1.0, (step + 1) / settings.warmup, max(0.0, (settings.steps - step) / max(fall, 1)))


class Pool(Source, Protocol):
    """Where batches come from."""

    @property
    def told_sources(self) -> list[str]:
        """The sources that a recipe may ask for: none where the vector tells something else."""

    @property
    def size(self) -> int: ...

    def scales(self, fold: int) -> dict[str, Any]:
        """`shift`, `scale`, `spreads` and `zoom` of the network's settings, where they are not its own."""


CHANNELS = (64, 128, 192)
"""Of a new network's levels."""
OFTENER = 3.0
"""How much more often a favoured source's pictures are drawn."""
MOST_THREADS = 8
"""That make pictures ready for a device; more would only wait for memory."""
LOOK = FlowSettings(batch=256)
"""How many pictures are looked at to measure what they are like."""


@dataclass(frozen=True)
class Graft:
    """What a run begins from (`render.training.grafting`). shape: settings of the network that go with the tensors."""

    tensors: dict[str, Tensor]
    shape: dict[str, Any]


@dataclass(frozen=True)
class Sketched(Drawn):
    """Pictures with drawings made from them, half of the time hidden. plain: they are no sky, but shown as they are."""

    plain: bool = False

    def scales(self, fold: int) -> dict[str, Any]:
        if not self.plain:
            return {}  # the network's own are those of a sky
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold)

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        data, classes, sources = self.pictures.draw(settings.batch, generator)
        drawing = sketches(data, generator)
        drawn = seen(len(data), settings, generator)
        return Batch(data, classes, sources, drawing, drawn)


def favouring(pictures: Pictures, settings: FlowSettings) -> Pictures:
    """The pictures, those of the favoured source more often than the others, or alone."""
    if settings.favoured is None:
        return pictures
    return pictures.favouring(settings.favoured, math.inf if settings.alone else OFTENER)


def measured_scales(data: Tensor, fold: int) -> dict[str, Any]:
    """What brings pictures, (n, 3, h, w) in data space, to a mean of 0 and a spread of a half beside noise of 1, and
    how much of that each folded channel has.
    """
    shift, scale = round(float(data.mean()), 3), round(2 * float(data.std()), 3)
    folded = Folding(NetworkSettings(fold=fold, spreads=(1.0,))).grid((data - shift) / scale)
    spreads = folded.square().mean(dim=(0, 2, 3)).sqrt().tolist()
    return {"shift": shift, "scale": scale, "spread": 0.5, "spreads": tuple(round(max(s, 0.005), 4) for s in spreads)}


def flow_loss(network: nn.Module, given: Example) -> Tensor:
    """Mean squared error of what the U-Net predicts, over one example on the network's device."""
    plain = network if isinstance(network, FlowNetwork) else network.module  # DistributedDataParallel wraps it
    assert isinstance(plain, FlowNetwork)
    velocity = network(given.mixed, given.times, given.classes, given.sources, given.drawing, given.drawn)
    loss: Tensor = plain.error(velocity.float(), given.velocity, given.times).square().mean()
    return loss


@contextmanager
def steps_fast(device: torch.device, precision: str) -> Generator[None, None, None]:
    """What a step's forward pass runs under: the precision, and on a CPU attention by plain matrix products.

    The backward pass of PyTorch's fused attention on CPUs took a third of a step of the galaxies' network.
    """
    plain = sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()
    with plain, torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        yield


class FlowTraining:
    """One run in a folder of its own: build, resume, step, checkpoint."""

    family = "flow"
    sampling = DEFAULT_SAMPLING
    losses: tuple[str, ...] = ("loss",)

    def __init__(
        self,
        pictures: Pictures | Pool,
        run: Path,
        settings: FlowSettings,
        start: Graft | None = None,
        autoencoder: Autoencoder | None = None,
        expert: dict[str, Any] | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        """start: what to begin from. autoencoder: finished, through which the pool's latents went; it becomes a part
        of the weights. expert: the settings of the one that `start` holds, if it holds one. teacher: who says what is
        to be learned of the pool's pictures; without `start` by a network of a shape of its own.
        """
        if isinstance(pictures, Pictures):
            pictures = Sketched(favouring(pictures, settings))
        self.pictures, self.run, self.settings = pictures, run, settings
        self.classes, self.sources = pictures.class_names, pictures.told_sources
        run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        shape = NetworkSettings(
            size=pictures.size,
            fold=settings.fold,
            channels=settings.channels or CHANNELS,
            below=settings.below,
            classes=len(pictures.class_names),
            sources=len(pictures.source_names),
        )
        shape = replace(shape, **(pictures.scales(settings.fold) if start is None else start.shape))
        self.teacher = teacher
        if teacher is not None and start is None:
            shape = student_settings(teacher.settings, pictures.batch(LOOK, step_generator(0, 0)).data)
        if settings.expert and not expert:
            expert = expert_settings(shape, pictures.batch(LOOK, step_generator(0, 0)).data)
        network = FlowNetwork(replace(shape, expert=expert or {}))
        if start is not None:
            network.load_state_dict(
                network.state_dict() | {name: value.float() for name, value in start.tensors.items()}
            )
        if network.autoencoder is not None and autoencoder is not None:
            network.autoencoder.load_state_dict(autoencoder.state_dict())
        self.average: FlowNetwork = deepcopy(network).eval().requires_grad_(False)
        if network.expert is not None and not settings.expert:
            network.expert.requires_grad_(False)  # it learns in trainings of its own
        network = learning(network, settings.expert)
        learned = [one for one in network.parameters() if one.requires_grad]
        optimiser = torch.optim.AdamW(learned, settings.rate, (0.9, 0.99), weight_decay=0.01, fused=True)
        parts: dict[str, Part] = {"network": network, "average": self.average, "optimiser": optimiser}
        progress = load_checkpoint(run, parts) or {}
        self.step = int(progress.get("step", 0))
        self.seconds = float(progress.get("seconds", 0))
        precision = progress.get("precision") or choose_precision(network, pictures, settings)
        self.precision = precision
        self.accelerator = accelerator()
        if settings.compiled:
            network.compile()
        self.network, self.optimiser = self.accelerator.prepare(network, optimiser)
        self.average.to(self.accelerator.device)
        # a device of its own leaves the CPU free; on the CPU itself threads would only take each other's cores
        self._example = (
            self._make if self.accelerator.device.type == "cpu" else Ahead(self._make, min(MOST_THREADS, cores()))
        )

    def _make(self, step: int) -> Example:
        generator = step_generator(self.settings.seed, step, self.accelerator.process_index)
        made = example(self.pictures, self.average.settings, self.settings, generator)
        return made.pinned() if self.accelerator.device.type == "cuda" else made

    def advance(self) -> Losses:
        """One optimiser step; returns its loss."""
        given = self._example(self.step).to(self.accelerator.device)
        if self.teacher is not None:
            given = self.teacher.taught(given)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.settings)
        with steps_fast(self.accelerator.device, self.precision):
            loss = flow_loss(self.network, given)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        average = learning(self.average, self.settings.expert)
        update_average(average, self.accelerator.unwrap_model(self.network), self.settings.average, self.step)
        return (float(loss.detach()),)

    def checkpoint(self) -> None:
        """Everything needed to go on exactly, written by the first process alone."""
        if self.accelerator.is_main_process:
            progress = {"step": self.step, "seconds": f"{self.seconds:.1f}", "precision": self.precision}
            network = self.accelerator.unwrap_model(self.network)
            parts: dict[str, Part] = {
                "network": network,
                "average": self.average,
                "optimiser": self.optimiser.optimizer,
            }
            save_checkpoint(self.run, parts, progress)

    def generator(self, card: Card) -> FlowGenerator:
        """The averaged weights behind the generator protocol, where they stand."""
        return FlowGenerator(card, self.average, str(self.accelerator.device), "fp32")

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        assert isinstance(self.pictures, Drawn)
        made = samples(self.generator(card), per_class)
        return {"sheet": compared_sheet(made, self.pictures.pictures, card.mapping, per_class)}


def choose_precision(network: FlowNetwork, pictures: Pool, settings: FlowSettings) -> str:
    """bf16 where it is faster: measured by two steps of each on the device that will train."""
    if settings.precision != "auto":
        return settings.precision
    device = accelerator().device
    probe = deepcopy(network).to(device)
    given = example(pictures, network.settings, settings, step_generator(settings.seed, 0)).to(device)
    seconds = {}
    for precision in ("fp32", "bf16"):
        for _ in range(2):
            start = time.perf_counter()
            with steps_fast(device, precision):
                loss = flow_loss(probe, given)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[precision] = time.perf_counter() - start
    chosen = [min(seconds, key=lambda key: seconds[key])]
    broadcast_object_list(chosen)  # what the first process found, for all
    return chosen[0]
