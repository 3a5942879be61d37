"""A finished lab on the disk: ``lab.json`` and the files that it names. Written by the lab, read by the bake.

It may come from somebody else, so everything is checked when it is read, and a file's name is nothing but its hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from render.errors import NonesuchError
from render.resources import resource

ABOUT = "lab.json"
VideoForm = Literal["av1", "h264"]
GAP = 2
"""Pixels between the pictures of a sheet."""

File = Annotated[str, Field(pattern=r"^[0-9a-f]{20}\.(webp|mp4|gif|jpg)$")]
LONGEST = 200
Short = Annotated[str, Field(max_length=LONGEST)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """No key is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(Part):
    """How many of how many, 0 to 1, with its 95 % interval."""

    pictures: int
    authentic: Number = 0.0
    interval: list[Number] = Field(default_factory=list)


class Figures(Part):
    """What was measured, each by the set of real pictures that it was read against."""

    kernel: dict[Short, Number]
    frechet: dict[Short, Number]
    spectrum: dict[Short, Number]
    authentic: dict[Short, Share]
    near_copies: dict[Short, Number]


class Stop(Part):
    """A checkpoint. epoch: how often every training picture was drawn by then, on average."""

    step: int
    epoch: Number
    seconds: Number
    sheet: File
    figures: Figures


class Grid(Part):
    """The latent grid of a two-dimensional latent, at the quantiles of the prior."""

    step: int
    side: int = Field(ge=2, le=40)
    file: File


class Model(Part):
    """A cell with all its stops. marked: the stop that generalises best; chosen: the one that a person chose.

    shown: pixels a side of a picture on its sheets, which have `GAP` between pictures.
    """

    name: Short
    family: Short
    size: int
    shown: int
    width: int
    latent: int
    batch: int
    parameters: int
    memory: int
    draws: Number
    device: Short
    losses: list[Short]
    curve: list[list[Number]] = Field(max_length=2000)
    stops: list[Stop] = Field(min_length=1, max_length=24)
    marked: int
    chosen: int | None = None
    grid: Grid | None = None


class Film(Part):
    """One seed through all trainings, side by side: `columns` of models, in their order, empty places black."""

    seed: int
    frames: int
    fps: int
    width: int
    height: int
    columns: int
    models: list[Short]
    poster: File
    gif: File
    videos: dict[VideoForm, File]


Likeness = Annotated[list[Number], Field(min_length=3, max_length=3)]


class Halves(Part):
    """The two-model test: two models of disjoint halves drew from the same seeds (`render.plausibility.halves`).

    trained_on: pictures of each half; steps: of each training. The likenesses are correlations, each at 5, 50 and 95
    per cent. columns: pictures from above of one model, of the other from the same seeds, and the nearest training
    picture of each one's half; shown: pixels a side of each, with `GAP` between.
    """

    training_set: Short
    trained_on: Annotated[list[int], Field(min_length=2, max_length=2)]
    steps: Annotated[list[int], Field(min_length=2, max_length=2)]
    size: int
    parameters: int
    pictures: int
    same_seed: Likeness
    other_seed: Likeness
    nearest: Likeness
    real_nearest: Likeness
    nearer_to_the_other: Number
    shown: int
    rows: int = Field(ge=1, le=40)
    columns: Annotated[list[File], Field(min_length=4, max_length=4)]
    credits: list[Short] = Field(default_factory=list)


class Finished(Part):
    """``lab.json``. floors: the figures of real pictures, by the size of the pictures that were compared."""

    layout: Literal[1] = 1
    title: Short = ""
    training_set: Short
    trained_on: int
    credits: list[list[Short]] = Field(default_factory=list)
    detector: Short
    seeds: list[int] = Field(min_length=1)
    side: int = Field(ge=1, le=5)
    compared: int
    checked: int
    floors: dict[Short, Figures]
    models: list[Model] = Field(min_length=1)
    film: Film | None = None
    halves: Halves | None = None

    def files(self) -> list[str]:
        """Every file that the page shows, once."""
        names = [stop.sheet for model in self.models for stop in model.stops]
        names += [model.grid.file for model in self.models if model.grid]
        if self.halves:
            names += self.halves.columns
        if self.film:
            names += [self.film.poster, self.film.gif, *self.film.videos.values()]
        return sorted(set(names))

    def floor(self, model: Model) -> Figures:
        """What real pictures of a model's size get."""
        return self.floors[str(model.size)]


def short(text: str) -> str:
    """A text that ``lab.json`` takes, cut after a word where it is too long."""
    return shorten(text, LONGEST, placeholder=" …")


def named(content: bytes, suffix: str) -> str:
    """The name of a file, which is the hash of what it holds."""
    return f"{hashlib.sha256(content).hexdigest()[:20]}.{suffix}"


def find_finished(name: str | None, gallery: Path) -> Path | None:
    """The folder of a gallery's finished lab: its own, else the one that it names; None where there is neither.

    Raises NonesuchError for a name of none.
    """
    own = gallery / "lab" / "finished"
    if (own / ABOUT).is_file():
        return own
    if name is None:
        return None
    shipped = resource("labs")
    folders = [gallery / name] if "/" in name or name.startswith(".") else [shipped / name, gallery / name]
    for folder in folders:
        if (folder / ABOUT).is_file():
            return folder
    known = ", ".join(sorted(path.parent.name for path in shipped.glob(f"*/{ABOUT}"))) or "none"
    raise NonesuchError(f"lab, finished: there is no {ABOUT} in {folders[-1]}; finished labs that ship are {known}.")


def read_finished(folder: Path) -> Finished:
    """Read and check ``lab.json``."""
    path = folder / ABOUT
    if not path.is_file():
        raise NonesuchError(f"{folder} is no finished lab: it has no {ABOUT}; `nonesuch lab` writes one.")
    try:
        found = Finished.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NonesuchError(
            f"{path} is no finished lab: '{where}': {first['msg']}; run `nonesuch lab` again."
        ) from None
    if missing := [model.name for model in found.models if str(model.size) not in found.floors]:
        raise NonesuchError(f"{path} is no finished lab: it has no floor for {missing[0]}; run `nonesuch lab` again.")
    for file in found.files():
        if not (folder / file).is_file():
            raise NonesuchError(f"{folder / file} is missing, which {ABOUT} names: run `nonesuch lab` again.")
    return found
