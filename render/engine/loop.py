"""The loop: frames through the device in batches, pictures to the encoders, finished exhibits to the writer of rows.

An exhibit that fails is tried again; after three failures it is set aside with its cause, and the others go on. When a
batch fails, its frames are tried one by one, so that the neighbours of a bad one are not blamed.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from typing import Generic, TypeVar

from render.engine.ahead import ahead
from render.engine.encoders import Abandoned, Encode, Encoded, Encoders
from render.engine.executor import Executor
from render.engine.frames import Frame, frame_count, frames_of
from render.engine.lanes import side_by_side
from render.engine.ledger import Ledger
from render.engine.plan import Item
from render.engine.stop import Stop
from render.errors import NonesuchError
from render.noise import Floats

T = TypeVar("T")
TRIES = 3
HOPELESS = 12
"""So many exhibits set aside in a run, and none made: the cause is not in the exhibits, and the run stops."""


@dataclass(frozen=True)
class Made(Generic[T]):
    """An exhibit whose files are durable. seconds: its share of the device's time and its encoder's; batch: the
    shape."""

    item: Item
    result: T
    seconds: float
    batch: int


@dataclass(frozen=True)
class SetAside:
    """An exhibit that failed `attempts` times."""

    item: Item
    cause: str
    attempts: int


Sink = Callable[["Made[T] | SetAside | None"], None]
"""Gets every exhibit once, on the loop's own thread; None now and then, so that what waits can be committed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A frame's place: whose it is, and whether it is the exhibit's last."""

    item: Item
    frame: Frame
    last: bool


class Loop(Generic[T]):
    """Renders items; see the module's docstring. tick(frames) is called after every batch."""

    def __init__(
        self,
        executor: Executor,
        encode: Encode[T],
        sink: Sink[T],
        *,
        stop: Stop,
        ledger: Ledger,
        tick: Callable[[int], None] = lambda frames: None,
        threads: int = 2,
    ) -> None:
        self.executor, self.encode, self.sink = executor, encode, sink
        self.stop, self.ledger, self.tick, self.threads = stop, ledger, tick, threads
        self._failures: Counter[str] = Counter()
        self._device_seconds: dict[str, float] = {}
        self._made = self._aside = 0

    def run(self, items: Sequence[Item]) -> None:
        """Until every item is made or set aside, or a stop was asked for."""
        left = list(items)
        self._failed: list[Item] = []
        while left and not self.stop.requested:
            for weights in dict.fromkeys(item.recipe.weights for item in left):  # one generator in memory at a time
                if not self.stop.requested:
                    self._pass([item for item in left if item.recipe.weights == weights])
            left, self._failed = self._failed, []

    def _pass(self, items: Sequence[Item]) -> None:
        lanes = self.executor.lanes
        with Encoders(self.encode, self.threads) as encoders, closing(ahead(self._batches(items))) as batches:
            wanted = takewhile(lambda _: not self.stop.requested, batches)
            with closing(side_by_side(self._network, wanted, lanes, self.executor.enter_lane)) as made:
                for batch, (pictures, seconds) in made:
                    self._give(batch, pictures, seconds / lanes, encoders)
                    for done in encoders.finished():
                        self._take(done)
                    self.sink(None)
                    self.tick(len(batch))
            if self.stop.requested:
                encoders.abandon()
            with self.ledger.part("render", "waiting for the encoders"):
                for done in encoders.drain():
                    self._take(done)

    def _batches(self, items: Iterable[Item]) -> Generator[list[Slot], None, None]:
        """Slots in batches that share their settings; runs on the thread that works ahead, where the noise is drawn."""
        batch: list[Slot] = []
        for item in items:
            last = frame_count(item.recipe) - 1
            shape = self.executor.noise_shape(item.recipe.weights)
            frames = frames_of(item.recipe, shape)
            for position in range(last + 1):
                with self.ledger.part("render", "noise, ahead", 1):
                    slot = Slot(item, next(frames), position == last)
                if batch and (len(batch) >= self.executor.batch or batch[0].frame.settings != slot.frame.settings):
                    yield batch
                    batch = []
                batch.append(slot)
        if batch:
            yield batch

    def _network(self, batch: Sequence[Slot]) -> tuple[list[Floats | Exception], float]:
        """The pictures of a batch, and the seconds that they took; runs on a lane's thread."""
        start = time.perf_counter()
        pictures = self._pictures([slot.frame for slot in batch])
        return pictures, time.perf_counter() - start

    def _give(
        self, batch: Sequence[Slot], pictures: Sequence[Floats | Exception], seconds: float, encoders: Encoders[T]
    ) -> None:
        """seconds: the batch's share of the device's time, lanes side by side."""
        self.ledger.add("render", "network", seconds, len(batch))
        with self.ledger.part("render", "waiting for the encoders"):
            for slot, picture in zip(batch, pictures, strict=True):
                identity = slot.item.recipe.id
                self._device_seconds[identity] = self._device_seconds.get(identity, 0.0) + seconds / len(batch)
                encoders.give(slot.item, picture, slot.last)

    def _pictures(self, frames: Sequence[Frame]) -> list[Floats | Exception]:
        """A picture for each frame, or the error that came instead."""
        try:
            return list(self.executor.pictures(frames))
        except Exception as error:
            if isinstance(error, NonesuchError):
                raise
            return [self._pictures([frame])[0] for frame in frames] if len(frames) > 1 else [error]

    def _take(self, done: Encoded[T]) -> None:
        self.ledger.add("render", "encoding, on threads", done.seconds, 1)
        identity = done.item.recipe.id
        if done.result is not None:
            seconds = self._device_seconds.pop(identity, 0.0) + done.seconds
            self._made += 1
            self.sink(Made(done.item, done.result, round(seconds, 3), self.executor.batch))
        elif isinstance(done.error, Abandoned):
            return
        elif isinstance(done.error, NonesuchError):
            raise done.error
        elif done.error is not None:
            self._fail(done.item, done.error)

    def _fail(self, item: Item, error: Exception) -> None:
        identity = item.recipe.id
        self._failures[identity] += 1
        if self._failures[identity] < TRIES:
            self._failed.append(item)
            return
        self._aside += 1
        if not self._made and self._aside >= HOPELESS:
            raise NonesuchError(
                f"the first {HOPELESS} exhibits failed {TRIES} times each and nothing was made; "
                f"the last cause was {cause(error)}."
            ) from error
        self.sink(SetAside(item, cause(error), TRIES))


def cause(error: BaseException) -> str:
    """An error in one line, without the paths and names of the maker's machine: it is kept in the catalogue."""
    text = " ".join(str(error).split())
    text = re.sub(r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+[/\\]", "", text)
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
