"""Work done ahead on a thread: the next batch's noise is drawn while the device makes this one."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 1) -> Generator[T, None, None]:
    """Yields what `items` yields, made on a thread up to `depth` ahead; an error there is raised here, in its place.

    When the consumer stops early (closes the iterator) the thread ends after the item in hand.
    """
    queue: Queue[tuple[T] | BaseException | None] = Queue(depth)
    closed = Event()

    def offer(value: tuple[T] | BaseException | None) -> bool:
        while not closed.is_set():
            try:
                queue.put(value, timeout=0.1)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer((item,)):
                    return
            offer(None)
        except BaseException as error:
            offer(error)

    thread = Thread(target=work, name="nonesuch-ahead", daemon=True)
    thread.start()
    try:
        while True:
            value = queue.get()
            if value is None:
                return
            if isinstance(value, BaseException):
                raise value
            yield value[0]
    finally:
        closed.set()
        with contextlib.suppress(Empty):
            queue.get_nowait()
        thread.join()
