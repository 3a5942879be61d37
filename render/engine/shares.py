"""Shares: a plan dealt out to several machines, so that each can find its own without asking the others.

A deal is a function of the plan alone. Items go one by one to the machine with the fewest frames so far: walks first,
because they are long, then images, which level out what walks left uneven and give every machine some of every
collection.
"""

from __future__ import annotations

import heapq
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from render.engine.plan import Item, Part
from render.errors import UsageError

MOST = 1000
_SHARE = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


@dataclass(frozen=True)
class Share:
    """Which of how many machines: ``2/4`` is the second of four."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """Reads ``2/4``. Raises UsageError for anything else."""
        found = _SHARE.fullmatch(text.strip())
        share = cls(int(found[1]), int(found[2])) if found else None
        if share is None or share.number > share.of or share.of > MOST:
            raise UsageError(f"'{text[:60]}' is no share: write the second of four machines as 2/4.")
        return share

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def deal(plan: Sequence[Part], machines: int) -> list[list[Part]]:
    """What each of so many machines draws of a plan: every item once, in parts in the plan's order, none empty."""
    load = [(0, machine) for machine in range(machines)]  # a heap: frames so far, the machine
    hands: dict[tuple[int, int], tuple[list[Item], array[int]]] = {}

    def hand(place: int, frames: int) -> tuple[list[Item], array[int]]:
        had, machine = load[0]
        heapq.heapreplace(load, (had + frames, machine))
        return hands.setdefault((place, machine), ([], array("q")))

    for place in sorted(range(len(plan)), key=lambda place: plan[place].kind != "walk"):
        part = plan[place]
        for item in part.items:
            hand(place, item.frames)[0].append(item)
        for ordinal in part.ordinals:
            hand(place, 1)[1].append(ordinal)
    return [
        [
            Part(part.source, part.kind, tuple(hands[place, machine][0]), hands[place, machine][1])
            for place, part in enumerate(plan)
            if (place, machine) in hands
        ]
        for machine in range(machines)
    ]
