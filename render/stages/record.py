"""What a run remembers of itself while it goes on: throughput over time, the slowest exhibits, what failed.

Everything here stays small, however long the night: samples are thinned, lists have an end.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass, field

from render.engine.deadline import ticks
from render.engine.plan import Item

SAMPLES = 600
SLOWEST = 10
FAILURES = 1000
WINDOW = 300.0
"""Seconds that "the last minutes" are."""


@dataclass(frozen=True)
class Failure:
    """An exhibit that was set aside."""

    collection: str
    kind: str
    ordinal: int
    cause: str


@dataclass
class Record:
    """See the module. samples: (seconds since the start, pictures drawn by then); slowest: (seconds, collection, kind,
    ordinal).
    """

    begun: float = field(default_factory=ticks)
    frames: int = 0
    made: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest: list[tuple[float, str, str, int]] = field(default_factory=list)
    samples: list[tuple[float, int]] = field(default_factory=list)
    _recent: deque[tuple[float, int, float]] = field(default_factory=deque)
    _every: float = 1.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return ticks() - self.begun

    def drawn(self, frames: int, device: float) -> None:
        """So many further pictures. device: seconds that the device has been busy by now."""
        self.frames += frames
        now = self.seconds
        if not self.samples or now - self.samples[-1][0] >= self._every:
            self.samples.append((round(now, 1), self.frames))
            if len(self.samples) > SAMPLES:
                self.samples = self.samples[1::2]
                self._every *= 2
        if not self._recent or now - self._recent[-1][0] >= 1:
            self._recent.append((now, self.frames, device))
            while now - self._recent[0][0] > WINDOW:
                self._recent.popleft()

    def exhibit(self, item: Item, seconds: float) -> None:
        """An exhibit was made."""
        self.made[item.collection] += 1
        entry = (seconds, item.collection, item.recipe.kind, item.ordinal)
        (heapq.heappush if len(self.slowest) < SLOWEST else heapq.heappushpop)(self.slowest, entry)

    def aside(self, item: Item, cause: str) -> None:
        """An exhibit was set aside."""
        self.failed[item.collection] += 1
        if len(self.failures) < FAILURES:
            self.failures.append(Failure(item.collection, item.recipe.kind, item.ordinal, cause))

    def lately(self) -> tuple[float | None, float | None]:
        """(pictures a second, share of the time that the device was busy) over the last minutes; None at first."""
        if len(self._recent) < 2:
            return None, None
        (since, frames, busy), (now, more, busier) = self._recent[0], self._recent[-1]
        span = now - since
        return (more - frames) / span, min(1.0, (busier - busy) / span)
