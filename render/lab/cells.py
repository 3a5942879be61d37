"""The cells of a lab: one training for every combination of a sweep, each with a name and a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from render.config import Gallery
from render.config.lab import Lab, Sweep
from render.config.problems import nearest
from render.errors import UsageError
from render.recipe import Seeds
from render.weights import CARD

FOLDER = "lab"
UNCHOSEN_LATENT = ("flow",)
"""The families whose latent is as large as the picture: one cell, whatever the latents."""
MOST_SEEDS = 25


@dataclass(frozen=True)
class Cell:
    """One training. latent: numbers a picture comes from, 0 where it is the picture's own size."""

    family: str
    size: int
    width: int
    latent: int
    batch: int
    checkpoints: tuple[int, ...]

    @property
    def name(self) -> str:
        latent = f"-z{self.latent}" if self.latent else ""
        return f"{self.family}-{self.size}px-w{self.width}{latent}"

    @property
    def identity(self) -> dict[str, Any]:
        """What must not change once the training has begun; further checkpoints may come."""
        return {name: value for name, value in asdict(self).items() if name != "checkpoints"}


def lab_of(gallery: Gallery) -> Lab:
    """The gallery's lab. Raises UsageError where it has none to train."""
    if gallery.lab is None or not gallery.lab.sweep:
        raise UsageError(f"{gallery.folder} has no lab to train: describe one by [lab] and [[lab.sweep]] tables.")
    if gallery.lab.training_set is None:
        raise UsageError("lab, training_set: is missing; name a folder that `nonesuch prepare` made.")
    return gallery.lab


def cells_of(lab: Lab) -> list[Cell]:
    """Every cell once, in the order of the file; two sweeps that name the same one add their checkpoints."""
    found: dict[str, Cell] = {}
    for cell in (cell for sweep in lab.sweep for cell in _cells(sweep)):
        before = found.get(cell.name)
        steps = {*cell.checkpoints, *(before.checkpoints if before else ())}
        found[cell.name] = Cell(**{**asdict(before or cell), "checkpoints": tuple(sorted(steps))})
    return list(found.values())


def _cells(sweep: Sweep) -> Iterator[Cell]:
    for family, size, width, latent in product(sweep.families, sweep.sizes, sweep.widths, sweep.latents):
        numbers = 0 if family in UNCHOSEN_LATENT else latent
        yield Cell(family, size, width, numbers, sweep.batch, tuple(sweep.checkpoints))


def cell_named(lab: Lab, name: str) -> Cell:
    """The cell of that name. Raises UsageError with the nearest one."""
    cells = {cell.name: cell for cell in cells_of(lab)}
    if name not in cells:
        raise UsageError(f"the lab has no cell '{name}'; {nearest(name, list(cells))}")
    return cells[name]


def seeds_of(lab: Lab) -> list[int]:
    """The seeds whose pictures every cell shows, at most `MOST_SEEDS`."""
    seeds = Seeds.parse(lab.seeds)
    found = (seeds.at(place) for place in range(MOST_SEEDS))
    return [seed for seed in found if seed is not None]


@dataclass(frozen=True)
class Places:
    """Where a gallery's lab lies."""

    gallery: Path

    @property
    def root(self) -> Path:
        return self.gallery / FOLDER

    @property
    def finished(self) -> Path:
        """What the page is made of."""
        return self.root / "finished"

    def cell(self, cell: Cell) -> Path:
        return self.root / "cells" / cell.name

    def stop(self, cell: Cell, step: int) -> Path:
        """The weights folder of a checkpoint."""
        return self.cell(cell) / "stops" / f"{step:06d}"

    def figures(self, cell: Cell, step: int) -> Path:
        """The figures of a stop, and what they were read against."""
        return self.cell(cell) / "figures" / f"{step:06d}.json"

    def cost(self, cell: Cell) -> Path:
        """What the cell cost: the only file that the machine and the hour have a say in."""
        return self.cell(cell) / "cost.json"

    def measured(self, cell: Cell) -> list[int]:
        """The checkpoints that are there and measured."""
        return [
            step
            for step in cell.checkpoints
            if (self.stop(cell, step) / CARD).is_file() and self.figures(cell, step).is_file()
        ]

    def frames(self, cell: Cell) -> Path:
        """Pictures of the first seed through the training, named by their step."""
        return self.cell(cell) / "frames"

    def exhibited(self, cell: Cell) -> Path:
        """The weights folder of the stop that is exhibited."""
        return self.root / "exhibit" / cell.name
