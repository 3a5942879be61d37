"""The loop: frames through the device in batches, pictures to the encoders, finished exhibits to the writer of rows.

An exhibit that fails is tried again; after three failures it is set aside with its cause, and the others go on. When a
batch fails, its frames are tried one by one, so that the neighbours of a bad one are not blamed. A collection in which
nothing succeeds for long, or whose weights cannot be used, is given up; the other collections go on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, groupby, islice, takewhile
from typing import Generic, TypeVar

from render.cores import cores
from render.engine.ahead import ahead
from render.engine.cause import cause
from render.engine.encoders import Abandoned, Encode, Encoded, Encoders
from render.engine.executor import Executor
from render.engine.frames import Frame, frame_count, frames_of
from render.engine.lanes import side_by_side
from render.engine.ledger import Ledger
from render.engine.plan import Item
from render.engine.split import BATCHES, Splits
from render.engine.stop import Brake
from render.errors import NonesuchError, disk_is_full
from render.noise import Floats
from render.recipe import Kind

T = TypeVar("T")
Key = tuple[str, Kind, int]
TRIES = 3
HOPELESS = 24
"""So many failures of a collection in a row, and none made between: the cause is not in the exhibits."""


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


@dataclass(frozen=True)
class GivenUp:
    """A collection of which no more is drawn in this run."""

    collection: str
    cause: str


Sink = Callable[["Made[T] | SetAside | GivenUp | None"], None]
"""Gets every exhibit once, on the loop's own thread, and every collection that is given up; None now and then, so that
what waits can be committed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A frame's place: whose it is, and whether it is the exhibit's last."""

    item: Item
    frame: Frame
    last: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """These collections cannot be drawn at all: their weights are gone or will not do."""

    collections: frozenset[str]
    error: NonesuchError


@dataclass(frozen=True, slots=True)
class Drawn:
    """A batch, with a picture for each slot or the error that came instead, and the seconds that it took."""

    slots: Sequence[Slot]
    pictures: Sequence[Floats | Exception]
    seconds: float


class Loop(Generic[T]):
    """Renders items; see the module's docstring. tick(frames) is called after every batch."""

    def __init__(
        self,
        executor: Executor,
        encode: Encode[T],
        sink: Sink[T],
        *,
        stop: Brake,
        ledger: Ledger,
        tick: Callable[[int], None] = lambda frames: None,
        threads: int = 2,
        splits: Splits | None = None,
    ) -> None:
        self.executor, self.encode, self.sink = executor, encode, sink
        self.stop, self.ledger, self.tick, self.threads, self.splits = stop, ledger, tick, threads, splits
        self.given_up: dict[str, str] = {}
        self._failures: Counter[Key] = Counter()
        self._streak: Counter[str] = Counter()
        self._device_seconds: dict[Key, float] = {}
        self._failed: list[Item] = []
        self._seen: set[str] = set()
        self._made = 0
        self._worked = executor.device_seconds
        self._last: Exception | None = None

    def run(self, items: Iterable[Item]) -> None:
        """Until every item is made or set aside, or a stop was asked for. Items are taken when it is their turn.

        Raises NonesuchError when every collection was given up and nothing was made.
        """
        left: Iterable[Item] = items
        while not self.stop.requested:
            for _, turn in groupby(left, key=lambda item: item.recipe.networks):  # one generator in memory at a time
                self._turn(turn)
                if self.stop.requested:
                    break
            left, self._failed = sorted(self._failed, key=lambda item: item.recipe.networks), []
            if not left:
                break
        if self._seen and not self._made and self._seen <= self.given_up.keys():
            raise self._hopeless()

    def _turn(self, turn: Iterator[Item]) -> None:
        """Items of one network: some with every split that is to be tried, the others with the best."""
        first, splits = next(turn), self.splits
        items = chain([first], turn)
        if splits is not None:
            key = f"{self.executor.key(first.recipe)}, {cores()} cores"
            while (split := splits.next(key)) is not None and not self.stop.requested:
                wanted = split.lanes * self.executor.batch * BATCHES
                some = list(islice(items, wanted))
                began = time.perf_counter()
                self.executor.lanes, self.threads = split.lanes, split.threads
                if not some:
                    return
                self._pass(some)
                if len(some) == wanted and not any(item.recipe.walk for item in some):  # a film is other work
                    splits.tried(key, wanted, time.perf_counter() - began)
            best = splits.best(key)
            self.executor.lanes, self.threads = best.lanes, best.threads
        self._pass(items)

    def _pass(self, items: Iterable[Item]) -> None:
        lanes = self.executor.lanes
        with Encoders(self.encode, self.threads) as encoders, closing(ahead(self._batches(items))) as batches:
            wanted = takewhile(lambda _: not self.stop.requested, batches)
            with closing(side_by_side(self._network, wanted, lanes, self.executor.enter_lane)) as made:
                for _, result in made:
                    if isinstance(result, Refused):
                        for slug in result.collections:
                            self._give_up(slug, result.error, encoders)
                        continue
                    self._give(result, lanes, encoders)
                    for done in encoders.finished():
                        self._take(done, encoders)
                    self.sink(None)
                    self.tick(len(result.slots))
            if self.stop.requested:
                encoders.abandon()
            with self.ledger.part("render", "waiting for the encoders"):
                for done in encoders.drain():
                    self._take(done, encoders)

    def _batches(self, items: Iterable[Item]) -> Generator[list[Slot] | Refused, None, None]:
        """Slots in batches that share their settings; runs on the thread that works ahead, where the noise is drawn."""
        batch: list[Slot] = []
        for item in items:
            self._seen.add(item.collection)
            if item.collection in self.given_up:
                continue
            try:
                shape = self.executor.prepare(item.recipe)
            except NonesuchError as error:
                yield Refused(frozenset([item.collection]), error)
                continue
            for slot in self._slots(item, shape):
                if batch and (len(batch) >= self.executor.batch or batch[0].frame.settings != slot.frame.settings):
                    yield batch
                    batch = []
                batch.append(slot)
        if batch:
            yield batch

    def _slots(self, item: Item, shape: tuple[int, int, int]) -> Iterator[Slot]:
        """An exhibit's frames, each with its noise, less those that its film in the making has."""
        last = frame_count(item.recipe) - 1
        frames = frames_of(item.recipe, shape, item.begun)
        for position in range(item.begun, last + 1):
            with self.ledger.part("render", "noise, ahead", 1):
                slot = Slot(item, next(frames), position == last)
            yield slot

    def _network(self, batch: Sequence[Slot] | Refused) -> Drawn | Refused:
        """What becomes of a batch; runs on a lane's thread."""
        if isinstance(batch, Refused):
            return batch
        start = time.perf_counter()
        try:
            pictures = self._pictures([slot.frame for slot in batch])
        except NonesuchError as error:
            return Refused(frozenset(slot.item.collection for slot in batch), error)
        return Drawn(batch, pictures, time.perf_counter() - start)

    def _give(self, drawn: Drawn, lanes: int, encoders: Encoders[T]) -> None:
        """To the encoders, with the batch's share of the device's time, lanes side by side."""
        seconds = drawn.seconds / lanes
        worked, self._worked = self._worked, self.executor.device_seconds
        self.ledger.add("render", "network", self._worked - worked, len(drawn.slots))
        with self.ledger.part("render", "waiting for the encoders"):
            for slot, picture in zip(drawn.slots, drawn.pictures, strict=True):
                if slot.item.collection in self.given_up:
                    continue
                key = slot.item.key
                self._device_seconds[key] = self._device_seconds.get(key, 0.0) + seconds / len(drawn.slots)
                encoders.give(slot.item, picture, slot.last)

    def _pictures(self, frames: Sequence[Frame]) -> list[Floats | Exception]:
        """A picture for each frame, or the error that came instead."""
        try:
            return list(self.executor.pictures(frames))
        except Exception as error:
            if isinstance(error, NonesuchError):
                raise
            return [self._pictures([frame])[0] for frame in frames] if len(frames) > 1 else [error]

    def _take(self, done: Encoded[T], encoders: Encoders[T]) -> None:
        self.ledger.add("render", "encoding, on threads", done.seconds, 1)
        seconds = self._device_seconds.pop(done.item.key, 0.0) + done.seconds
        if done.result is not None:
            self._made += 1
            self._streak[done.item.collection] = 0
            self.sink(Made(done.item, done.result, round(seconds, 3), self.executor.batch))
        elif isinstance(done.error, Abandoned):
            return
        elif isinstance(done.error, NonesuchError):
            raise done.error
        elif disk_is_full(done.error):
            raise NonesuchError("the disk is full: make room and run the same command again.") from done.error
        elif done.error is not None:
            self._fail(done.item, done.error, encoders)

    def _fail(self, item: Item, error: Exception, encoders: Encoders[T]) -> None:
        self._failures[item.key] += 1
        if self._failures[item.key] < TRIES:
            self._failed.append(item)
        else:
            del self._failures[item.key]
            self.sink(SetAside(item, cause(error), TRIES))
        self._streak[item.collection] += 1
        if self._streak[item.collection] >= HOPELESS:
            self._give_up(item.collection, error, encoders)

    def _give_up(self, slug: str, error: Exception, encoders: Encoders[T]) -> None:
        """No more of this collection: what is on its way is dropped, and what failed is not tried again."""
        self._last = error
        if slug not in self.given_up:
            self.given_up[slug] = cause(error)
            self.sink(GivenUp(slug, cause(error)))
        if encoders.open_item is not None and encoders.open_item.collection == slug:
            encoders.abandon()

    def _hopeless(self) -> NonesuchError:
        if isinstance(self._last, NonesuchError):
            return self._last
        told = "" if self._last is None else f"; the last cause was {cause(self._last)}"
        return NonesuchError(f"nothing could be made: {HOPELESS} times in a row it failed{told}.")
