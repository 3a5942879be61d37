"""Turns: the order in which collections are drawn, so that each has a share early, whenever the night ends.

Collections take turns, as long as their priority says. Turns are short at first and grow, because a turn of other
weights means loading them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from render.engine.plan import Item, Part

FIRST = 8
LARGEST = 256
"""Frames in the first turn of a collection of priority 1, and at most in a later one; each is twice the one before."""


@dataclass
class _Stream:
    items: Iterator[Item]
    priority: int

    def turn(self, frames: int) -> Iterator[Item]:
        """Items of at least one frame and, together, about so many."""
        left = frames * self.priority
        for item in self.items:
            yield item
            left -= item.frames
            if left <= 0:
                return
        self.priority = 0


def in_turns(parts: Iterable[Part], turns: int | None = None) -> Iterator[Item]:
    """Every item of the parts, collection by collection in turns; those of so many turns where a number is given."""
    streams = [_Stream(iter(part), part.source.settings.priority) for part in parts if len(part)]
    frames = FIRST
    while streams and turns != 0:
        for stream in streams:
            yield from stream.turn(frames)
        streams = [stream for stream in streams if stream.priority]
        frames = min(2 * frames, LARGEST)
        turns = None if turns is None else turns - 1
