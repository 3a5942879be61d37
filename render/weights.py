"""Weights folders and their cards: what a model says of itself, and loading it without running anything.

A weights folder holds ``card.toml``, ``model.safetensors`` and whatever else the card lists with its sha256. Only
safetensors are read; a file whose sha256 differs from the card's is refused. Nothing here imports torch until tensors
are asked for, because `bake` reads cards.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.resources import resource

if TYPE_CHECKING:
    from torch import Tensor

CARD = "card.toml"
MODEL = "model.safetensors"
BROWSER, GRAPH = "browser.json", "browser.onnx"
"""What a visitor's browser draws with, beside the weights: what the bake must know, and the network's graph."""
REFERENCE, PICTURES = "reference", "pictures.toml"
"""The family of a folder that holds real pictures and no network, and the list of them."""


UPSCALER = "upscaler"
"""The family that enlarges what generators draw (`render.generators.upscaler`)."""
JUDGES = ("copydetector", "outlines", "bodies")
"""The families that look for a picture's nearest real ones; each knows what one generator learned from."""


class Credit(BaseModel):
    """Who made a part of the training data, and on what terms."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    name: str
    text: str
    licence: str
    url: str = ""


class Training(BaseModel):
    """How the weights came to be."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    data: str = ""
    pictures_sha256: str = ""  # TrainingSet.identity; evidence compares with exactly what a generator learned from
    parts: list[str] = Field(default_factory=list)  # of sets whose pictures are all among these (`evidence.cover`)
    folds: list[int] = Field(default_factory=list)
    pictures: int = 0
    images_seen: int = 0
    steps: int = 0
    seconds: float = 0.0
    device: str = ""
    credits: list[Credit] = Field(default_factory=list)


Away = Literal["attention"]


class Sampling(BaseModel):
    """The generator's defaults; a gallery may choose others."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    sampler: str = "heun"
    steps: int = 12
    guidance: float = 1.0
    batch: int | None = None  # pictures at once at most, where one alone keeps a device busy
    symmetry: float | None = Field(default=None, ge=0, le=1)  # of the flow family; see `render.generators.symmetry`
    away: Away | None = None  # what guidance leads away from besides no class; see `render.generators.attention`

    @classmethod
    def in_one_pass(cls) -> Sampling:
        """Of families that need no sampler."""
        return cls(sampler="none", steps=1, guidance=1.0)


class Surface(BaseModel):
    """``[surface]``: how a model that draws the surface of a sphere looks at it.

    bodies: the class of every body that it learned from, in the order of the network's sources. height: rows of the
    equirectangular map, which is twice as wide. wide, near: degrees across and number of the views that it draws first,
    and of those that add detail. zonal: how much of a body's look is belts (`render.generators.zones`), by its name.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid")

    bodies: dict[str, str]
    height: int
    wide: tuple[float, int]
    near: tuple[float, int]
    zonal: dict[str, float] = {}


class Card(BaseModel):
    """``card.toml``: everything that other rooms need to know about a model without loading it."""

    model_config = ConfigDict(defer_build=True, extra="forbid")

    name: str
    family: str
    title: str = ""
    version: int = 1
    size: int
    parameters: int = 0
    classes: list[str] = Field(default_factory=list)
    sources: list[str] = Field(default_factory=list)
    licence: str = "CC-BY-4.0"
    network: dict[str, Any] = Field(default_factory=dict)
    display: dict[str, Any] = Field(default_factory=dict)
    sampling: Sampling | None = None
    surface: Surface | None = None
    training: Training = Field(default_factory=Training)
    quality: dict[str, Any] = Field(default_factory=dict)
    sha256: dict[str, str] = Field(default_factory=dict)

    @property
    def mapping(self) -> DisplayMapping:
        """The display mapping that pictures of this model went through."""
        return DisplayMapping(**self.display)


def unfit(judge: Card, *makers: Card) -> str | None:
    """Why a classifier or a copy detector can say nothing about what a generator makes, and an upscaler behind it; None
    when it can.
    """
    return next((reason for maker in makers if (reason := _unfit(judge, maker)) is not None), None)


def _unfit(judge: Card, maker: Card) -> str | None:
    if judge.family in JUDGES:
        ours = maker.training.pictures_sha256
        if not ours or ours not in (judge.training.pictures_sha256, *judge.training.parts):
            return (
                f"'{judge.name}' knows other real pictures than '{maker.name}' learned from; "
                "`nonesuch train copydetector` makes one from the same set"
            )
    elif maker.family != UPSCALER and (not maker.classes or not set(maker.classes) <= set(judge.classes)):
        return f"'{judge.name}' knows other classes than '{maker.name}'"
    return None


def misfit(upscaler: Card, generator: Card) -> str | None:
    """Why weights cannot enlarge what a generator draws; None when they can."""
    if upscaler.family != UPSCALER:
        return f"'{upscaler.name}' ({upscaler.family}) enlarges nothing; `nonesuch train upscaler` makes what does"
    if generator.surface:
        return f"'{generator.name}' draws maps of spheres, which no upscaler enlarges"
    if upscaler.display != generator.display:
        return f"'{upscaler.name}' learned pictures that are shown otherwise than those of '{generator.name}'"
    if upscaler.size <= generator.size:
        return f"'{upscaler.name}' makes {upscaler.size} px, and '{generator.name}' draws {generator.size} px itself"
    return None


def shipped_weights() -> list[str]:
    """The names of the weights folders that came with the program."""
    home = resource("weights")
    return sorted(path.parent.name for path in home.glob(f"*/{CARD}")) if home.is_dir() else []


def find_weights(reference: str, base: Path | None = None) -> Path:
    """The folder behind a name of shipped weights, or a path (relative ones from `base`, the gallery's folder).

    Raises NonesuchError, listing what exists, when there is no card there.
    """
    folders = candidates(reference, base or Path())
    for folder in folders:
        if (folder / CARD).is_file():
            return folder
    if folders[-1].is_file():
        raise NonesuchError(
            f"{folders[-1]} is a file, not a weights folder: make one of it by "
            f"`nonesuch weights import {folders[-1].name} FOLDER --family ...`, then name that."
        )
    known = ", ".join(shipped_weights()) or "none"
    raise NonesuchError(
        f"no weights called '{reference}': there is no {CARD} in {folders[-1]}; shipped weights are {known}."
    )


def candidates(reference: str, base: Path) -> list[Path]:
    """Where the folder of a name may be, in the order in which they are tried."""
    shipped = [] if "/" in reference or reference.startswith(".") else [resource("weights") / reference]
    return [*shipped, base / reference]


def load_card(folder: Path) -> Card:
    """Read and check ``card.toml``."""
    path = folder / CARD
    try:
        return Card.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise NonesuchError(f"{path} is missing: a weights folder needs a card.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NonesuchError(f"{path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NonesuchError(f"{path}: '{where}' is wrong: {first['msg']}.") from None


def save_card(folder: Path, card: Card) -> None:
    """Write ``card.toml`` with the sha256 of every other file in the folder."""
    import tomlkit

    hashes = {p.name: sha256_of(p) for p in sorted(folder.iterdir()) if p.is_file() and p.name != CARD}
    values = card.model_copy(update={"sha256": hashes}).model_dump(exclude_none=True)
    temporary = folder / f".{CARD}"
    temporary.write_text(tomlkit.dumps(values), encoding="utf-8")
    temporary.replace(folder / CARD)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, files: tuple[str, ...] = ()) -> None:
    """Compare files (all that the card lists, or those named) with the card's sha256; refuse what differs."""
    card = load_card(folder)
    for name in files or tuple(card.sha256):
        expected = card.sha256.get(name)
        if expected is None or Path(name).name != name:
            raise NonesuchError(f"{folder / CARD} lists no sha256 for '{name}': the file is not loaded.")
        if not (folder / name).is_file():
            raise NonesuchError(f"{folder / name} is missing though the card lists it: fetch the weights again.")
        if sha256_of(folder / name) != expected:
            raise NonesuchError(f"{folder / name} is not the file that the card describes (its sha256 differs).")


def weights_hash(folder: Path) -> str:
    """The sha256 by which recipes name these weights, as the card states it."""
    digest = load_card(folder).sha256.get(MODEL)
    if digest is None:
        raise NonesuchError(f"{folder / CARD} lists no sha256 for {MODEL}.")
    return digest


def load_tensors(folder: Path, file: str = MODEL) -> dict[str, Tensor]:
    """The tensors of a verified safetensors file, on the CPU: in the precision they were stored in, those that were
    quantised in single precision. Refuses tensors that were finished with other settings than the card's.
    """
    verify(folder, (file,))
    from safetensors.torch import load_file

    from render.finished import refuse_other_settings
    from render.quantise import dequantised

    refuse_other_settings(folder / file, load_card(folder))

    return dequantised(load_file(folder / file))
