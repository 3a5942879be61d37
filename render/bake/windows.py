"""Pages that fill from the oldest number, so that a new exhibit changes the last one only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from render.bake.source import Row


@dataclass
class Window:
    """A stretch of numbers (or of ranks) that share a page or a shard; `earlier` and `later` are its neighbours."""

    index: int  # from 0
    rows: list[Row] = field(default_factory=list)
    earlier: int | None = None
    later: int | None = None


class Windows:
    """Gathers rows into windows of fixed size and hands each on when the next begins. Holds one window at a time.

    Windows are stretches of the sequence, tombstones included: a removed exhibit leaves a gap on its page and moves no
    other. A window of tombstones alone is handed on only if `empty` asks for it.
    """

    def __init__(self, size: int, emit: Callable[[Window], None], empty: bool = False) -> None:
        self._size = size
        self._emit = emit
        self._empty = empty
        self._open: Window | None = None
        self._rank = 0

    def by_rank(self, row: Row) -> None:
        """Put the row after the last one."""
        self._put(self._rank // self._size, row)
        self._rank += 1

    def by_number(self, row: Row) -> None:
        """Put the row where its number belongs."""
        self._put((row.number - 1) // self._size, row)

    def close(self) -> None:
        """Hand on the last window."""
        if self._open is not None:
            self._emit(self._open)
            self._open = None

    def _put(self, index: int, row: Row) -> None:
        if not row.shown and not self._empty:
            return
        if self._open is None or self._open.index != index:
            previous = self._open
            self._open = Window(index, earlier=previous.index if previous else None)
            if previous is not None:
                previous.later = index
                self._emit(previous)
        if row.shown:
            self._open.rows.append(row)
