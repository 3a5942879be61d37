"""A night without a terminal: the same command in a session of its own, which a closed ssh connection does not end."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from render.config import Gallery
from render.stages.live import running

PATIENCE = 60.0
"""Seconds within which it should have begun; a slow disk may need them for importing everything."""


class Scrubbed(io.TextIOBase):
    """A log that names neither the gallery's folder nor the maker's home: it may be passed on."""

    def __init__(self, path: Path, gallery: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._names = {str(gallery): "GALLERY", str(Path.home()): "~"}

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """The whole text, with those names taken out."""
        plain = text
        for name, instead in self._names.items():
            plain = plain.replace(name, instead)
        self._file.write(plain)
        return len(text)

    def flush(self) -> None:
        self._file.flush()


def log_of(gallery: Gallery) -> Path:
    """Where a detached night says what it has to say."""
    return gallery.runs / "night.log"


def detach(gallery: Gallery, arguments: Sequence[str]) -> tuple[int, int | None]:
    """Start ``nonesuch make`` with these arguments in a session of its own; returns its process number and, when it
    has ended already, its exit code.
    """
    log = log_of(gallery)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "render.cli", "make", *arguments, "--log", str(log)]
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        night = running(gallery)
        if night is not None and night.pid == process.pid:
            break
        time.sleep(0.1)
    return process.pid, process.poll()
