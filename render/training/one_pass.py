"""What the trainings of families that draw in one pass share: state on disk, its averaged weights, its sheets."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import one_hot

from render.errors import NonesuchError
from render.generators import Generator
from render.training.checkpoint import Part, load_checkpoint, save_checkpoint, step_generator
from render.training.pool import Pictures
from render.training.run import Pace, accelerator, update_average
from render.training.samples import samples
from render.training.sheets import compared_sheet
from render.weights import Card, Sampling


class Settings(Pace, Protocol):
    """What every such training's settings hold. average: the decay of the moving average a step."""

    @property
    def seed(self) -> int: ...
    @property
    def average(self) -> float: ...


class OnePass:
    """A run of a network and what trains it; a family adds `advance` and says how its generator is made.

    Everything that a step changes is in `parts`, by name, so a checkpoint forgets nothing.
    """

    family: str
    losses: tuple[str, ...]
    generator_class: Any

    def __init__(self, pictures: Pictures, run: Path, settings: Settings, network: nn.Module) -> None:
        self.pictures, self.run, self.settings = pictures, run, settings
        run.mkdir(parents=True, exist_ok=True)
        self.classes = pictures.class_names if len(pictures.class_names) > 1 else []
        self.sources: list[str] = []
        self.sampling = Sampling.in_one_pass()
        self.accelerator = accelerator()
        self.device = self.accelerator.device
        self.network: Any = network.to(self.device)
        self.average: Any = deepcopy(network).eval().requires_grad_(False)
        self.parts: dict[str, Part] = {"network": self.network, "average": self.average}
        self.step, self.seconds = 0, 0.0

    def resume(self, **parts: Part) -> None:
        """Name the other parts of the state, and take up what an earlier sitting left; called once, at the end."""
        self.parts |= parts
        progress = load_checkpoint(self.run, self.parts) or {}
        self.step = int(progress.get("step", 0))
        self.seconds = float(progress.get("seconds", 0))

    def checkpoint(self) -> None:
        """Everything needed to go on exactly, written by the first process alone."""
        if self.accelerator.is_main_process:
            save_checkpoint(self.run, self.parts, {"step": self.step, "seconds": f"{self.seconds:.1f}"})

    def generator(self, card: Card) -> Generator:
        """The averaged weights behind the generator protocol, where they stand."""
        made: Generator = self.generator_class(card, self.average, str(self.device), "fp32")
        return made

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        made = samples(self.generator(card), per_class)
        return {"sheet": compared_sheet(made, self.pictures, card.mapping, per_class)}

    def random(self) -> torch.Generator:
        """The random numbers of the step that comes, on this process."""
        return step_generator(self.settings.seed, self.step, self.accelerator.process_index)

    def drawn(self, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """(batch, 3, h, w) real pictures in [-1, 1], the range that the networks can reach, and (batch, classes)."""
        data, classes, _ = self.pictures.draw(self.settings.batch, random)
        return data.clamp(-1, 1).to(self.device), self.steering(classes)

    def steering(self, classes: Tensor) -> Tensor:
        """Class numbers to what steers the network, (n, classes); (n, 0) without classes."""
        if not self.classes:
            return torch.zeros(len(classes), 0, device=self.device)
        return one_hot(classes, len(self.classes)).float().to(self.device)

    def advanced(self) -> None:
        """One step is done: the moving average follows."""
        self.step += 1
        update_average(self.average, self.network, self.settings.average, self.step)


def coarsest(size: int) -> int:
    """The side of the grid of 4 to 7 pixels from which doublings lead to `size`, where there is one."""
    side = size
    while side % 2 == 0 and side > 7:
        side //= 2
    return side


def doublings_only(size: int, family: str) -> None:
    """Raises NonesuchError unless doublings of 4 pixels lead to the size."""
    if coarsest(size) != 4:
        raise NonesuchError(
            f"the {family} family draws 64 px and its doublings, and these pictures have {size} px: "
            "prepare them with --size 64, 128, 256 or 512."
        )
