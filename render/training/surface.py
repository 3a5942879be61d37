"""Training the surface family: views of maps, cut out at every step where nobody cut before.

A set of maps is small (a few dozen bodies), but a view may look at any place, from two distances and mirrored either
way, so no two steps see the same picture. North is up, or south: what blows along circles of latitude then lies across
every view, which a small network learns much sooner than among views rolled by any angle. What a view is told beside
it is what `render.generators.surface` tells: how far from the equator each pixel lies, and how wide the view is. Class
and body are dropped now and then.
"""

from __future__ import annotations

import hashlib
import io
import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from render.errors import UsageError
from render.generators.sphere import Doubles, Views, frame, map_place
from render.generators.surface import from_equator
from render.training.archives import UnreadableFile, open_source
from render.training.checkpoint import step_generator
from render.training.dataset import TEST_FOLD, TUNE_FOLD
from render.training.examples import Batch
from render.training.flow import LOOK, FlowSettings, measured_scales
from render.training.labels import Row, read_labels
from render.training.pool import chances
from render.weights import Credit

WIDE, NEAR = (80.0, 18), (36.0, 72)
"""Degrees across a view, and how many cover the sphere while drawing."""
HEIGHT = 320
"""Rows of a map: a narrow view's pixels are about as wide as a map's at the equator."""
WIDE_HEIGHT = 144
"""Rows of the map that wide views look at, whose pixels are larger."""
SIZE = 64
NEAR_SHARE = 0.6
"""Of a batch that are narrow views."""
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Body:
    """A map that is learned from or held out. north, south: degrees of latitude between which it shows something."""

    name: str
    label: str
    fold: int
    row: Row
    sharp: Bytes  # (HEIGHT, 2 HEIGHT, 3)
    soft: Bytes  # (WIDE_HEIGHT, 2 WIDE_HEIGHT, 3)
    digest: str
    north: float = 90.0
    south: float = -90.0

    @property
    def body(self) -> str:
        """Which body it shows; a column of the labels says so where several maps show one."""
        return self.row.get("body") or self.name

    @property
    def held(self) -> bool:
        """Whether it is kept from training: the project's own test, and what tunes."""
        return self.fold in (TEST_FOLD, TUNE_FOLD)


def identity(learned: Sequence[Body]) -> str:
    """A sha256 of the maps that were learned from: by it evidence knows which generator it may judge."""
    return hashlib.sha256("".join(sorted(body.digest for body in learned)).encode()).hexdigest()


def credits(learned: Sequence[Body]) -> list[Credit]:
    """Whose maps they are."""
    found = Counter((body.row.get("attribution", ""), body.row.get("licence", "")) for body in learned)
    return [Credit(name=name, text=f"{count} maps", licence=licence) for (name, licence), count in found.items()]


def load_bodies(source: Path, labels: Path) -> list[Body]:
    """The maps that a csv of labels names: columns file, label and fold; north and south where a map has unseen parts.

    Raises UsageError for a file that is not there, not a map of twice its height, or without a label.
    """
    _, rows = read_labels(labels)
    with tempfile.TemporaryDirectory() as scratch:
        files = open_source(source, Path(scratch))
        return [_body(row, files.read(row["file"]) if row["file"] in files.names else None, labels) for row in rows]


def _body(row: Row, data: bytes | None, labels: Path) -> Body:
    name = row["file"]
    if data is None:
        raise UsageError(f"{labels} names '{name}', which is not among the maps.")
    try:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
    except (OSError, UnreadableFile, ValueError, SyntaxError) as error:
        raise UsageError(f"the map '{name}' cannot be read ({error}): save it again as JPEG or PNG.") from None
    if image.width != 2 * image.height:
        raise UsageError(f"'{name}' is {image.width} x {image.height} px: an equirectangular map is twice as wide.")
    if not row.get("label"):
        raise UsageError(f"{labels} gives '{name}' no label: a surface is drawn as one of the classes.")
    sharp, soft = (
        np.asarray(image.resize((2 * h, h), Image.Resampling.LANCZOS), dtype=np.uint8) for h in (HEIGHT, WIDE_HEIGHT)
    )
    return Body(
        Path(name).stem,
        row["label"],
        int(row.get("fold") or 3),
        row,
        sharp,
        soft,
        hashlib.sha256(data).hexdigest(),
        float(row.get("north") or 90),
        float(row.get("south") or -90),
    )


def seen(picture: Bytes, directions: Doubles) -> npt.NDArray[np.float32]:
    """What a map, (h, 2 h, 3), shows in directions, (..., 3): (..., 3) in data space, by bilinear interpolation."""
    height = len(picture)
    row, column = map_place(directions, height)
    row = np.clip(row, 0, height - 1.001)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    fy, fx = (row - top)[..., None], (column - left)[..., None]
    left, right = left % (2 * height), (left + 1) % (2 * height)
    above = picture[top, left] * (1 - fx) + picture[top, right] * fx
    below = picture[top + 1, left] * (1 - fx) + picture[top + 1, right] * fx
    return np.asarray((above * (1 - fy) + below * fy) / 127.5 - 1, dtype=np.float32)


def view_of(body: Body, near: bool, place: Doubles, mirrored: tuple[bool, bool]) -> tuple[Bytes, Doubles]:
    """The map to look at and the directions of one view, (SIZE, SIZE, 3). place: two numbers in [0, 1); mirrored: east
    for west, south for north.

    Its middle lies evenly over what the map shows of the sphere, so far inside that the view sees nothing else where it
    can.
    """
    degrees = (NEAR if near else WIDE)[0]
    inset = 0.6 * degrees  # a view is wider from corner to corner than across
    north = body.north - inset if body.north < 90 else 90.0
    south = body.south + inset if body.south > -90 else -90.0
    low, high = (math.sin(math.radians(edge)) for edge in (min(south, north), max(south, north)))
    z = low + (high - low) * place[0]
    longitude = 2 * math.pi * place[1]
    radius = math.sqrt(max(0.0, 1 - z * z))
    centre = np.array([radius * math.cos(longitude), radius * math.sin(longitude), z])
    axes = frame(centre) * np.array([[-1.0 if flipped else 1.0] for flipped in (*mirrored, False)])
    return (body.sharp if near else body.soft), Views(axes[None], degrees, SIZE).directions()[0]


class Surfaces:
    """Bodies in memory, as a pool of views for `render.training.flow`."""

    def __init__(self, bodies: list[Body]) -> None:
        self.bodies = [body for body in bodies if not body.held]
        if not self.bodies:
            raise UsageError("there is no map to train on: all are in the folds 1 and 2.")
        self.class_names = sorted({body.label for body in self.bodies})
        self.source_names = [body.name for body in self.bodies]
        self.told_sources: list[str] = []  # bodies are asked for by name, see `render.generators.surface`
        self.size = SIZE
        shares = np.array([[float(body.label == name) for name in self.class_names] for body in self.bodies])
        self._chance = torch.from_numpy(chances(shares.astype(np.float32), np.zeros(len(shares), dtype=np.int64)))

    def scales(self, fold: int) -> dict[str, Any]:
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold)

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        """Each picture with its place on the sphere in the drawing's plane, and its width as how much is drawn."""
        n = settings.batch
        chosen = torch.multinomial(self._chance, n, replacement=True, generator=generator).tolist()
        places = torch.rand(n, 5, generator=generator, dtype=torch.float64).numpy()
        data = np.empty((n, SIZE, SIZE, 3), dtype=np.float32)
        planes, shares = [], []
        for i, which in enumerate(chosen):
            near, east, south = (bool(one) for one in places[i, 2:] < (NEAR_SHARE, 0.5, 0.5))
            picture, directions = view_of(self.bodies[which], near, places[i, :2], (east, south))
            data[i] = seen(picture, directions)
            planes.append(directions)
            shares.append(NEAR[0] / WIDE[0] if near else 1.0)
        labels = [self.class_names.index(self.bodies[which].label) for which in chosen]
        return Batch(
            torch.from_numpy(data).permute(0, 3, 1, 2).contiguous(),
            torch.tensor(labels),
            torch.tensor(chosen),
            from_equator(np.stack(planes)),
            torch.tensor(shares),
        )
