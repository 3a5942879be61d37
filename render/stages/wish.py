"""What one night is asked for, beside what ``gallery.toml`` says."""

from __future__ import annotations

from dataclasses import dataclass

from render.engine.deadline import Deadline
from render.engine.shares import Share


@dataclass(frozen=True)
class Wish:
    """deadline: when the site is to be there. count: exhibits of every collection, instead of its own count. endless:
    go on with further seeds when everything is there. retry: try again what failed, all of it (``""``) or what failed
    for a cause that contains this text. share: draw only this machine's share, for a gallery that others draw with it.
    """

    deadline: Deadline | None = None
    count: int | None = None
    endless: bool = False
    retry: str | None = None
    share: Share | None = None
