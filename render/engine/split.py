"""How many cores draw and how many encode, where both are the same cores: found by trying, and remembered.

Long runs draw some of their exhibits with every split in turn, so all that a trial costs is what a worse split loses
meanwhile. No picture depends on it: batches have one shape, and a lane has one thread in the network. What was found is
kept beside the sizes of batches (`render.engine.batches`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from render.engine.batches import GAIN, Batches

LONG = 2000
"""Frames in a run that is worth trials; shorter ones go with one lane and one encoder thread for every core."""
BATCHES = 4
"""Batches of each lane in a trial."""
ROUNDS = 2
"""Trials of each split; the better one counts, since a machine may be busy with something else for a while."""


@dataclass(frozen=True)
class Split:
    """Lanes draw side by side, threads encode."""

    lanes: int
    threads: int


def choices(usual: Split) -> list[Split]:
    """The usual split and those with half as many lanes, and half as many or a single encoder thread."""
    lanes = {usual.lanes, max(1, usual.lanes // 2)}
    threads = {usual.threads, max(1, usual.threads // 2), 1}
    others = {Split(*pair) for pair in product(lanes, threads)} - {usual}
    return [usual, *sorted(others, key=lambda one: (-one.lanes, -one.threads))]


class Splits:
    """What is remembered of splits, and what is still to be tried. usual: the split of a run that knows no better.

    trying: whether this run is long enough for trials.
    """

    def __init__(self, remembered: Batches, usual: Split, trying: bool) -> None:
        self.remembered, self.usual, self.trying = remembered, usual, trying
        self._left: dict[str, list[Split]] = {}
        self._rates: dict[str, dict[Split, float]] = {}

    def best(self, key: str) -> Split:
        """What was found, or the usual one. key: of a model on this machine."""
        lanes, threads = self.remembered.get(key, "lanes"), self.remembered.get(key, "threads")
        return Split(lanes, threads) if lanes and threads else self.usual

    def next(self, key: str) -> Split | None:
        """The split to try now, or None when there is nothing to try."""
        if not self.trying or (key not in self._left and self.remembered.get(key, "lanes")):
            return None
        return next(iter(self._left.setdefault(key, choices(self.usual) * ROUNDS)), None)

    def tried(self, key: str, frames: int, seconds: float) -> None:
        """What came of it. When it was the last, the best is remembered: the usual one, unless another clearly wins."""
        split, rates = self._left[key].pop(0), self._rates.setdefault(key, {})
        rates[split] = max(rates.get(split, 0.0), frames / max(seconds, 1e-6))
        if not self._left[key]:
            best = max(rates, key=lambda one: rates[one] * (GAIN if one == self.usual else 1.0))
            self.remembered.keep(key, "lanes", best.lanes)
            self.remembered.keep(key, "threads", best.threads)
