"""The families that a lab can train, each begun from a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from render.config.problems import nearest
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.lab.cells import Cell
from render.training.dataset import TrainingSet
from render.training.pool import Pictures
from render.training.run import Run

EVERY = 250
"""Steps between two checkpoints of a training: what a killed cell does again at most."""


@dataclass(frozen=True)
class Material:
    """What every cell of one size learns from."""

    training_set: TrainingSet
    pictures: Pictures
    mapping: DisplayMapping


def begin(cell: Cell, material: Material, run: Path) -> Run:
    """The training of a cell, which takes up what lies in `run`. Raises NonesuchError for a family unknown here."""
    if cell.family not in FAMILIES:
        raise NonesuchError(
            f"{cell.name}: the lab knows no family '{cell.family}'; {nearest(cell.family, list(FAMILIES))}"
        )
    return FAMILIES[cell.family](cell, material, run)


def _dcgan(cell: Cell, material: Material, run: Path) -> Run:
    from render.training.dcgan import DcganSettings, DcganTraining

    settings = DcganSettings(
        cell.checkpoints[-1], cell.batch, checkpoint_every=EVERY, latent=cell.latent, width=cell.width
    )
    return DcganTraining(material.pictures, run, settings)


def _vae(cell: Cell, material: Material, run: Path) -> Run:
    from render.training.vae import VaeSettings, VaeTraining, unseen

    # beta is whole from the first step, so that cells of different lengths are trained alike
    settings = VaeSettings(
        cell.checkpoints[-1], cell.batch, checkpoint_every=EVERY, latent=cell.latent, width=cell.width, anneal=0
    )
    return VaeTraining(
        material.pictures, run, settings, unseen(material.training_set, material.mapping, material.pictures)
    )


def _stylegan2(cell: Cell, material: Material, run: Path) -> Run:
    from render.training.stylegan2 import StyleGan2Settings, StyleGan2Training

    settings = StyleGan2Settings(
        cell.checkpoints[-1],
        cell.batch,
        checkpoint_every=EVERY,
        latent=cell.latent,
        base=cell.width * cell.size,
        most=cell.width * 8,
    )
    return StyleGan2Training(material.pictures, run, settings)


def _flow(cell: Cell, material: Material, run: Path) -> Run:
    from render.display import SKY
    from render.training.flow import FlowSettings, FlowTraining, Sketched

    if cell.width % 32:
        raise NonesuchError(f"{cell.name}: the flow family's width is a multiple of 32, such as 64, not {cell.width}.")
    settings = FlowSettings(
        cell.checkpoints[-1],
        cell.batch,
        checkpoint_every=EVERY,
        precision="fp32",
        channels=(cell.width, 2 * cell.width, 3 * cell.width),
    )
    return FlowTraining(Sketched(material.pictures, material.mapping.name != SKY), run, settings)


FAMILIES: dict[str, Callable[[Cell, Material, Path], Run]] = {
    "dcgan": _dcgan,
    "vae": _vae,
    "stylegan2": _stylegan2,
    "flow": _flow,
}
