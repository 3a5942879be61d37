"""The night: how long there is left to draw, when classifying, captioning and baking must be done by the deadline.

What those take is known from earlier runs, and better from this one as soon as it has done some. A first night, which
knows nothing, begins with one turn of every collection, which goes through every stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from render.engine.deadline import Deadline
from render.engine.ledger import Ledger, pace
from render.engine.stop import Stop

UNKNOWN = 0.25
"""Of the whole time, kept for what follows the drawing while nothing of that was ever timed."""
MARGIN = 1.15
SPARE = 2.0
"""Estimates are multiplied, and so many seconds added: a machine is slower in one hour than in another."""


@dataclass
class Night:
    """The brake of the drawing loop: a stop that was asked for, or a deadline that is near.

    after: the stages that follow, those with something to do. earlier: ledgers of runs, the newest first. waiting: how
    many exhibits are drawn, or in hand, and not yet shown. hand: frames that are begun before the next question.
    """

    stop: Stop
    ledger: Ledger
    deadline: Deadline | None = None
    after: Sequence[str] = ()
    earlier: Sequence[Mapping[str, Any]] = ()
    waiting: int = 0
    hand: int = 0
    reached: bool = field(default=False)
    """Whether the deadline has ended the drawing."""

    @property
    def requested(self) -> bool:
        """Whether to begin no further batch."""
        if self.deadline is not None and self.deadline.left <= self.reserve() + self._in_hand():
            self.reached = True
        return self.stop.requested or self.reached

    def hold(self, frames: int) -> None:
        """So many frames are begun and not yet back."""
        self.hand = frames

    @property
    def late(self) -> bool:
        """Whether looking at pictures must end, so that captions and pages are there at the deadline."""
        return self.deadline is not None and self.deadline.left <= self._needed(["caption", "bake"], 0)

    @property
    def unknown(self) -> bool:
        """Whether a stage that follows was never timed."""
        return any(self._pace(stage) is None for stage in self.after)

    def reserve(self) -> float:
        """Seconds for what follows the drawing, for the exhibits that wait for it."""
        if self.unknown and self.deadline is not None:
            return UNKNOWN * self.deadline.seconds
        return self._needed(self.after, self.waiting + self.hand)

    def _needed(self, stages: Sequence[str], exhibits: int) -> float:
        seconds = [(self._pace(stage) or 0.0) * exhibits for stage in stages if stage in self.after]
        bake = max((run["bake"]["seconds"] for run in self._runs() if "bake" in run), default=0.0)
        return MARGIN * (sum(seconds) + bake) + SPARE

    def _in_hand(self) -> float:
        """Until a batch that is begun now is drawn, encoded and kept: a lane may first have to end the one before."""
        parts = [run["render"]["parts"] for run in self._runs() if run.get("render", {}).get("items")]
        frame = max((pace(parts, name) or 0.0) for name in ("network", "encoding, on threads"))
        return 2 * frame * self.hand

    def _pace(self, stage: str) -> float | None:
        return pace(self._runs(), stage)

    def _runs(self) -> list[Mapping[str, Any]]:
        return [self.ledger.as_json(), *self.earlier]
