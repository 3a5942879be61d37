"""Rows as types, and their way into SQLite and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from render.recipe import Kind, Recipe, canonical_json

State = Literal["rendered", "shown", "near-copy", "failed", "removed", "retired", "other-class"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of an exhibit. key: its name in the media store; position: which of several with the same role.

    Roles: master (lossless, not published), image, fallback, map (a planet's surface), video, gif, poster, neighbour (a
    real picture), sketch (a drawing).
    """

    role: str
    format: str
    width: int
    height: int
    key: str
    bytes: int
    sha256: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What the catalogue keeps of an exhibit.

    Until a stage has run, what it fills is None. made_at: UTC, ISO 8601; batch_shape: what all batches of the run were
    padded to; versions: of what made the pixels; seconds: of device and encoder; asked and found: class names; classes:
    {probabilities, attributes}; display: {width, height, colour, placeholder}, and {frames, fps} for walks; slug: a
    walk's name in ``gallery.toml``.
    """

    recipe: Recipe
    collection: str
    ordinal: int
    state: State = "rendered"
    number: int | None = None
    reason: str | None = None
    attempts: int = 1
    run: int | None = None
    made_at: str | None = None
    device: str | None = None
    precision: str | None = None
    batch_shape: list[int] | None = None
    versions: Json | None = None
    seconds: float | None = None
    pixel_hash: str | None = None
    perceptual_hash: str | None = None
    asked: str | None = None
    found: str | None = None
    classes: Json | None = None
    measurements: Json | None = None
    evidence: Json | None = None
    texts: Json | None = None
    display: Json | None = None
    slug: str | None = None
    id: str = field(default="")

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", self.recipe.id)

    @property
    def kind(self) -> Kind:
        return self.recipe.kind


class Look(NamedTuple):
    """How an exhibit looks: features as little-endian float32; x, y: its place on the map, None until it has one.

    shown: whether it is on the site, of the file that was looked at. fitted: whether the chart was fitted to it.
    """

    id: str
    features: bytes
    x: float | None
    y: float | None
    fitted: bool
    shown: bool


class Known(NamedTuple):
    """What a plan must know of an exhibit. slug: a walk's name; fps, width: its film's frames a second and pixels."""

    id: str
    collection: str
    kind: str
    ordinal: int
    state: State
    number: int | None
    attempts: int
    files: bool = True
    slug: str | None = None
    fps: int | None = None
    width: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it is, or may still become, an exhibit on the site."""
        return self.state in ("rendered", "shown") and bool(self.files)

    @property
    def lost(self) -> bool:
        """Whether its files were lost, so that its recipe is to be rendered again."""
        return self.state == "rendered" and not self.files


@dataclass(frozen=True, slots=True)
class Run:
    """When something was made. ledger: seconds and items by stage; None while it runs, and when it was killed."""

    id: int
    started: str
    ended: str | None
    ledger: Json | None


COLUMNS = (*(f.name for f in fields(Exhibit) if f.name != "recipe"), "kind", "recipe")
JSON_COLUMNS = frozenset({"batch_shape", "versions", "classes", "measurements", "evidence", "texts", "display"})


def to_row(exhibit: Exhibit) -> dict[str, Any]:
    """Column values, JSON as canonical text."""
    row = {name: getattr(exhibit, name) for name in COLUMNS if name != "recipe"}
    row |= {name: as_text(row[name]) for name in JSON_COLUMNS}
    return row | {"recipe": exhibit.recipe.canonical().decode()}


def from_row(row: Mapping[str, Any]) -> Exhibit:
    """The inverse of `to_row`; extra columns are ignored."""
    values = {name: row[name] for name in COLUMNS if name not in ("kind", "recipe")}
    values |= {name: from_text(values[name]) for name in JSON_COLUMNS}
    return Exhibit(recipe=Recipe.from_json(row["recipe"]), **values)


def as_text(value: Any) -> str | None:
    """A JSON column: canonical text, or NULL."""
    return None if value is None else canonical_json(value)


def from_text(text: str | None) -> Any:
    """A JSON column, read."""
    return None if text is None else json.loads(text)
