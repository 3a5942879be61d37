"""Until when: ``--until 07:00`` and ``--for 8h``, on a clock that nobody sets.

The wall clock is read once, when the night begins. From then on a clock counts that only goes forwards, also while the
machine sleeps; so a clock that is set, summer time or a leap second move no deadline.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from render.errors import UsageError

UNITS = {"d": 86400, "h": 3600, "m": 60, "min": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:d|h|min|m|s)\s*)+")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
LONGEST = 366 * 86400.0


def ticks() -> float:
    """Seconds on a clock that only goes forwards and, where the system has one, counts a machine's sleep too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(frozen=True)
class Deadline:
    """When a night ends. ends: in `ticks`; seconds: how long it was when it began; moment: the same for people, UTC."""

    ends: float
    seconds: float
    moment: datetime

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(ticks() + seconds, seconds, datetime.now(UTC) + timedelta(seconds=seconds))

    @property
    def left(self) -> float:
        """Seconds; negative when it has passed."""
        return self.ends - ticks()


def until(text: str, now: datetime | None = None) -> Deadline:
    """``07:00`` (the next one, by this machine's clock), or a whole moment such as ``2026-11-22T07:00``.

    Raises UsageError for anything else, and for a moment that has passed or is more than a year away.
    """
    here = now or datetime.now()
    if clock := _CLOCK.fullmatch(text.strip()):
        moment = here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        if moment <= here:
            moment += timedelta(days=1)
    else:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise UsageError(f"'{text}' is no time: write one such as 07:00, or 2026-11-22T07:00.") from None
    seconds = moment.timestamp() - here.timestamp()  # of local times, so a night in which clocks change is right too
    if seconds <= 0:
        raise UsageError(f"{text} has passed already.")
    return Deadline.after(_reasonable(text, seconds))


def lasting(text: str) -> Deadline:
    """``8h``, ``90min``, ``1h30m``, ``45s``. Raises UsageError for anything else."""
    if not _DURATION.fullmatch(text.strip()):
        raise UsageError(f"'{text}' is no duration: write one such as 8h, 90min or 1h30m.")
    seconds = sum(float(number) * UNITS[unit] for number, unit in _PIECE.findall(text))
    if seconds <= 0:
        raise UsageError(f"'{text}' is no time at all.")
    return Deadline.after(_reasonable(text, seconds))


def _reasonable(text: str, seconds: float) -> float:
    if seconds > LONGEST:
        raise UsageError(f"{text} is more than a year: choose an earlier end.")
    return seconds
