"""A run as other terminals see it: one small file in ``.nonesuch/``, written anew every second, gone when it ends.

It names the process and when that began, so that a file that a killed run left is not taken for a run, nor a stranger
with the same number for ours.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from render.config import Gallery
from render.engine.deadline import Deadline, ticks
from render.engine.ledger import Ledger
from render.engine.plan import Item
from render.engine.stop import Stop
from render.stages.record import Record
from render.stages.report import Bar, Report

FILE = "night.json"
EVERY = 1.0


@dataclass(frozen=True)
class Night:
    """What the file says. began: of the process, by the system's clock; seconds: since the run began; rate: pictures a
    second, and busy: the device's share, over the last minutes; left: seconds to the deadline.
    """

    pid: int
    began: float
    seconds: float
    stage: str | None = None
    done: int = 0
    total: int = 0
    rate: float | None = None
    busy: float | None = None
    made: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    deadline: str | None = None
    left: float | None = None
    stopping: bool = False
    ledger: dict[str, Any] = field(default_factory=dict)


class Live(Report):
    """Passes everything on to another report, keeps the record, and writes the file while it is open."""

    def __init__(self, inner: Report, folder: Path, stop: Stop, deadline: Deadline | None) -> None:
        self.inner, self.stop, self.deadline = inner, stop, deadline
        self.record, self.accounts = Record(), Ledger()
        self._file = folder / FILE
        self._stage: tuple[str, int, int] | None = None
        self._written = 0.0

    @contextmanager
    def open(self, accounts: Ledger) -> Iterator[None]:
        """While the run goes on; its ledger is `accounts`."""
        self.accounts = accounts
        self._write()
        try:
            yield
        finally:
            self._file.unlink(missing_ok=True)

    def say(self, text: str) -> None:
        self.inner.say(text)

    @contextmanager
    def bar(self, stage: str, total: int) -> Iterator[Bar]:
        with self.inner.bar(stage, total) as bar:
            self._stage = (stage, 0, total)
            self._write()
            try:
                yield _Both(bar, self)
            finally:
                self._stage = None

    def made(self, item: Item, seconds: float) -> None:
        self.record.exhibit(item, seconds)
        self.inner.made(item, seconds)

    def aside(self, item: Item, cause: str) -> None:
        self.record.aside(item, cause)
        self.inner.aside(item, cause)

    def ledger(self, ledger: Ledger) -> None:
        self.inner.ledger(ledger)

    def advance(self, items: int) -> None:
        """So many more of the stage in hand."""
        if self._stage is None:
            return
        stage, done, total = self._stage
        self._stage = (stage, done + items, total)
        if stage == "render":
            network = self.accounts.parts.get("render", {}).get("network")
            self.record.drawn(items, network.seconds if network else 0.0)
        if ticks() - self._written >= EVERY:
            self._write()

    @cached_property
    def _began(self) -> float:
        """When this process did, as `running` finds it."""
        import psutil

        return float(psutil.Process().create_time())

    def _write(self) -> None:
        """Whole or not at all, but not durable: it is worth nothing when the machine has stopped. A disk that is full
        stops a night at the first picture, not at this.
        """
        self._written = ticks()
        rate, busy = self.record.lately()
        stage, done, total = self._stage or (None, 0, 0)
        told = Night(
            pid=os.getpid(),
            began=self._began,
            seconds=round(self.record.seconds, 1),
            stage=stage,
            done=done,
            total=total,
            rate=rate,
            busy=busy,
            made=dict(self.record.made),
            failed=dict(self.record.failed),
            deadline=self.deadline.moment.isoformat(timespec="seconds") if self.deadline else None,
            left=round(self.deadline.left, 1) if self.deadline else None,
            stopping=self.stop.requested,
            ledger=self.accounts.as_json(),
        )
        temporary = self._file.with_name(f".{FILE}")
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            temporary.write_text(json.dumps(asdict(told)), encoding="utf-8")
            temporary.replace(self._file)


@dataclass
class _Both:
    bar: Bar
    live: Live

    def advance(self, items: int = 1) -> None:
        self.bar.advance(items)
        self.live.advance(items)


def running(gallery: Gallery) -> Night | None:
    """The run that is at work on a gallery, in whatever terminal; None where there is none."""
    import psutil

    try:
        found = Night(**json.loads((gallery.state / FILE).read_text(encoding="utf-8")))
        begun = psutil.Process(found.pid).create_time()
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return found if abs(begun - found.began) < 1 else None


def ask_to_stop(night: Night) -> None:
    """As Ctrl-C in its terminal: the batch in hand is finished; asked twice, it stops at once."""
    with suppress(ProcessLookupError):
        os.kill(night.pid, signal.SIGTERM)


def moment(text: str) -> datetime:
    """A moment of the file in this machine's time."""
    return datetime.fromisoformat(text).astimezone()
