"""Encoder threads: pictures to files, off the device's thread, with a bound on what waits.

Pictures of an exhibit are fed one by one, so a walk's frames stream through its encoder and are never all held. The
feeder waits when the encoders are behind; that wait is what the ledger calls "waiting for the encoders".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Full, Queue
from threading import BoundedSemaphore, Event
from types import TracebackType
from typing import Generic, TypeVar

from render.engine.plan import Item
from render.noise import Floats

T = TypeVar("T")
Encode = Callable[[Item, Iterator[Floats]], T]
"""(item, its pictures in data space, (3, h, w) each) -> what the sink gets; called on a thread."""

WAITING = 16
"""Frames of a walk that may wait for its encoder."""


class Abandoned(Exception):
    """An exhibit whose pictures will not all come: its encoder stops and keeps nothing."""


@dataclass
class Feed:
    """The pictures of one exhibit on their way to its encoder."""

    item: Item
    queue: Queue[Floats | BaseException | None] = field(default_factory=lambda: Queue(WAITING))
    dead: Event = field(default_factory=Event)

    def give(self, value: Floats | BaseException | None) -> None:
        """Hands over a picture, an error instead of one, or None for the end; dropped when the encoder has failed."""
        while not self.dead.is_set():
            try:
                self.queue.put(value, timeout=0.1)
                return
            except Full:
                continue

    def pictures(self) -> Iterator[Floats]:
        """The other end."""
        while (value := self.queue.get()) is not None:
            if isinstance(value, BaseException):
                raise value
            yield value


def alone(picture: Floats | Exception) -> Iterator[Floats]:
    """An exhibit's only picture, or the error that came instead, when it is asked for."""
    if isinstance(picture, Exception):
        raise picture
    yield picture


@dataclass(frozen=True)
class Encoded(Generic[T]):
    """What a thread made of an exhibit, or the error that kept it from it; seconds: of that thread's own work."""

    item: Item
    result: T | None
    error: Exception | None
    seconds: float


class Encoders(Generic[T]):
    """A pool of threads. Feed with `give`, collect with `finished` and, at the end, `drain`."""

    def __init__(self, encode: Encode[T], threads: int) -> None:
        self._encode = encode
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="nonesuch-encoder")
        self._room = BoundedSemaphore(2 * threads)
        self._futures: list[Future[Encoded[T]]] = []
        self._open: Feed | None = None

    def __enter__(self) -> Encoders[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.abandon()
        self._pool.shutdown(cancel_futures=True)

    def give(self, item: Item, picture: Floats | Exception, last: bool) -> None:
        """The next picture of an exhibit (or the error that came instead); exhibits come one after another, whole."""
        if self._open is None:
            self._room.acquire()
            if last:  # a picture alone waits for no other, and a queue would cost more than handing it over
                self._futures.append(self._pool.submit(self._work, item, alone(picture)))
                return
            self._open = Feed(item)
            self._futures.append(self._pool.submit(self._work, item, self._open.pictures(), self._open.dead))
        self._open.give(picture)
        if last:
            self._open.give(None)
            self._open = None

    @property
    def open_item(self) -> Item | None:
        """The exhibit whose last picture has not come."""
        return self._open.item if self._open else None

    def abandon(self) -> None:
        """Gives up the exhibit whose last picture has not come."""
        if self._open is not None:
            self._open.give(Abandoned())
            self._open = None

    def finished(self) -> Iterator[Encoded[T]]:
        """What is ready now, without waiting."""
        done = [future for future in self._futures if future.done()]
        self._futures = [future for future in self._futures if future not in done]
        for future in done:
            yield future.result()

    def drain(self) -> Iterator[Encoded[T]]:
        """Everything that is still on its way, waiting for it."""
        waiting, self._futures = self._futures, []
        for future in waiting:
            yield future.result()

    def _work(self, item: Item, pictures: Iterator[Floats], dead: Event | None = None) -> Encoded[T]:
        start = time.thread_time()
        result, failure = None, None
        try:
            result = self._encode(item, pictures)
        except Exception as error:
            failure = error
        finally:
            if dead is not None:
                dead.set()
            self._room.release()
        return Encoded(item, result, failure, time.thread_time() - start)
