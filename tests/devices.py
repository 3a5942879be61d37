"""Devices on which something fails."""

from __future__ import annotations

from collections.abc import Sequence

from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.noise import Floats


class NoWalks(LocalExecutor):
    """A device on which films fail."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        if any(frame.t for frame in frames):
            raise ValueError("no films here")
        return super().pictures(frames)
