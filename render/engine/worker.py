"""A worker of a cluster: it is given everything once, then draws and encodes items and gives back files and facts.

It writes no row and keeps nothing: what it has not given back when it dies is drawn again by another. It is a plain
class, and knows nothing of the program that starts it on another machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from render.cores import MOST_ENCODERS, cores
from render.engine.encoding import encoder
from render.engine.executor import LocalExecutor
from render.engine.ledger import Ledger
from render.engine.loop import GivenUp, Loop, Made, SetAside
from render.engine.plan import Item
from render.engine.sheets import drawings, sheets
from render.engine.stop import Stop
from render.engine.versions import versions
from render.errors import NonesuchError
from render.media import Encoded, Store, open_store
from render.media.store import key_of
from render.weights import load_card

Event = Made[Encoded] | SetAside | GivenUp


@dataclass(frozen=True)
class Parcel:
    """What every worker is given. weights: the files of each folder, by the weights' sha256 and name; sketches: by
    sha256; objects: the object store that it writes to itself, or None where it gives the bytes back.
    """

    weights: dict[str, dict[str, bytes]]
    sketches: dict[str, bytes]
    licence: str
    device: str
    precision: str
    batch: int | None
    compiled: bool
    objects: str | None = None


@dataclass(frozen=True)
class Result:
    """What came of some items. files: bytes by the store's key; shapes: (c, h, w) of the noise, by a recipe's networks;
    parts: seconds and items by part of the ledger.
    """

    events: list[Event]
    files: dict[str, bytes]
    shapes: dict[tuple[str, ...], tuple[int, int, int]]
    device_seconds: float
    parts: dict[str, tuple[float, int]] = field(default_factory=dict)


class Carried(Store):
    """Files on their way to the one who keeps them: in memory, under the keys that they will have."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, data: bytes, suffix: str, durable: bool = True) -> str:
        key = key_of(data, suffix)
        self.files[key] = data
        return key


class Worker:
    """One device, or one core, of one machine. gpus: how many of its kind share the machine's cores."""

    def __init__(self, parcel: Parcel, gpus: int = 0) -> None:
        self._parcel = parcel
        self._home = tempfile.TemporaryDirectory(prefix="nonesuch-worker-")
        folders = {sha256: self._unpacked(sha256, files) for sha256, files in parcel.weights.items()}
        self._cards = {sha256: load_card(folder) for sha256, folder in folders.items()}
        self._threads = max(1, min(MOST_ENCODERS, cores() // gpus)) if gpus else 1
        self._executor = LocalExecutor(
            folders,
            parcel.device,
            parcel.precision,
            parcel.batch,
            drawings(parcel.sketches),
            lanes=None if gpus else 1,
            compiled=parcel.compiled,
        )

    def about(self) -> dict[str, str]:
        """The versions of what makes pixels here."""
        return dict(versions())

    def draw(self, items: Sequence[Item]) -> Result:
        """Draw and encode; exhibits that fail are tried again and set aside here, as in one process."""
        store = open_store(self._parcel.objects, Path()) if self._parcel.objects else Carried()
        events: list[Event] = []
        ledger, before = Ledger(), self._executor.device_seconds

        def sink(event: Event | None) -> None:
            if event is not None:
                events.append(event)

        encode = encoder(store, self._cards, sheets(self._parcel.sketches), self._parcel.licence)
        loop = Loop(self._executor, encode, sink, stop=Stop(), ledger=ledger, threads=self._threads)
        try:
            loop.run(items)
        except NonesuchError:
            if not any(isinstance(event, GivenUp) for event in events):
                raise  # otherwise the collection was given up, which is told by its event
        drawn = {item.recipe.networks: item.recipe for item in items}
        shapes = {one: self._executor.noise_shape(recipe) for one, recipe in drawn.items()} if events else {}
        parts = {name: (part.seconds, part.items) for name, part in ledger.parts.get("render", {}).items()}
        files = store.files if isinstance(store, Carried) else {}
        return Result(events, files, shapes, self._executor.device_seconds - before, parts)

    def _unpacked(self, sha256: str, files: dict[str, bytes]) -> Path:
        """The weights as a folder of this machine; they are held against their hashes when they are loaded."""
        folder = Path(self._home.name, sha256)
        for name, data in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder


def packed(folder: Path) -> dict[str, bytes]:
    """A weights folder's files by their names below it."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
