"""Stopping well: the first SIGINT or SIGTERM finishes the batch in hand, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol


class Brake(Protocol):
    """What the loop asks between batches."""

    @property
    def requested(self) -> bool:
        """Whether no further batch is to be begun."""


@dataclass
class Stop:
    """Asked between batches; `requested` turns true once and stays so."""

    requested: bool = False


@contextmanager
def stopping(say: Callable[[str], None]) -> Iterator[Stop]:
    """Handles SIGINT and SIGTERM while inside; the second one raises KeyboardInterrupt, which nothing here catches.

    What a second signal leaves is what a power cut leaves: rows whose files are durable, and half-made files that the
    next run makes again.
    """
    stop = Stop()

    def heard(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True
        say("stopping: the batch in hand is finished, then what there is gets baked; once more stops at once.")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
