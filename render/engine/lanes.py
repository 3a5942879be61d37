"""Lanes: several batches at work side by side, their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(
    work: Callable[[T], R], items: Iterable[T], lanes: int, enter: Callable[[], None]
) -> Generator[tuple[T, R], None, None]:
    """(item, work(item)) in the items' order, worked on by `lanes` threads; each calls `enter` first.

    One item more than there are lanes is taken from `items` ahead, so that a lane which is done goes on at once, while
    results are handed over. An error of `work` is raised in its item's place. Closed early, what has begun is finished
    and dropped.
    """
    under_way: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(lanes, "lane", enter) as pool:
        try:
            for item in items:
                under_way.append((item, pool.submit(work, item)))
                if len(under_way) > lanes:
                    first, result = under_way.popleft()
                    yield first, result.result()
            while under_way:
                first, result = under_way.popleft()
                yield first, result.result()
        finally:
            pool.shutdown(cancel_futures=True)
