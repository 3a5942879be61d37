"""What a person sees while a run goes on: a bar with an estimate for each stage, and at the end where the time went."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from render.engine.ledger import Account, Ledger, spoken

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from render.engine.plan import Item


class Bar(Protocol):
    """One stage's bar."""

    def advance(self, items: int = 1) -> None:
        """So many more are done."""


class Report:
    """Says nothing: what tests and programs use. `TerminalReport` is the one for people."""

    def say(self, text: str) -> None:
        """A sentence that the maker should read."""

    @contextmanager
    def bar(self, stage: str, total: int) -> Iterator[Bar]:
        """A stage's bar, from its start to its end."""
        yield _NoBar()

    def made(self, item: Item, seconds: float) -> None:
        """An exhibit was drawn; seconds: its share of the device's time, and its encoder's."""

    def aside(self, item: Item, cause: str) -> None:
        """An exhibit was set aside."""

    def ledger(self, ledger: Ledger) -> None:
        """Where the time went."""


class _NoBar:
    def advance(self, items: int = 1) -> None: ...


@dataclass
class _Count:
    done: int = 0

    def advance(self, items: int = 1) -> None:
        self.done += items


@dataclass
class _RichBar:
    progress: Progress
    task: TaskID

    def advance(self, items: int = 1) -> None:
        self.progress.advance(self.task, items)


def for_people() -> Report:
    """Bars on a terminal; where there is none, in a log or a pipe, lines. All on stderr."""
    return TerminalReport() if sys.stderr.isatty() else LineReport()


class TerminalReport(Report):
    """Bars with rich."""

    def __init__(self) -> None:
        self._made: tuple[Console, Progress] | None = None

    def say(self, text: str) -> None:
        console, progress = self._rich()
        (progress.console if progress.live.is_started else console).print(text, markup=False, highlight=False)

    @contextmanager
    def bar(self, stage: str, total: int) -> Iterator[Bar]:
        _, progress = self._rich()
        task = progress.add_task(stage, total=total)
        outermost = not progress.live.is_started
        if outermost:
            progress.start()
        try:
            yield _RichBar(progress, task)
        finally:
            if outermost:
                progress.stop()
                self._made = None

    def ledger(self, ledger: Ledger) -> None:
        if not ledger.stages:
            return
        from rich.table import Table

        console, _ = self._rich()
        table = Table(title=TITLE, title_justify="left", box=None, pad_edge=False)
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading == "stage" else "right")
        for style, cells in _rows(ledger):
            table.add_row(*cells, style=style)
        console.print(table)

    def _rich(self) -> tuple[Console, Progress]:
        """Made when first needed: a run that finds nothing to do does not wait for rich."""
        if self._made is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            console = Console(stderr=True, highlight=False)
            columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn())
            left = TimeRemainingColumn(elapsed_when_finished=True)
            self._made = console, Progress(*columns, left, console=console)
        return self._made


class LineReport(TerminalReport):
    """A line when a stage ends. It does not load rich, which takes longer than a small bake."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr)

    @contextmanager
    def bar(self, stage: str, total: int) -> Iterator[Bar]:
        began, count = time.monotonic(), _Count()
        try:
            yield count
        finally:
            self.say(f"{stage}: {count.done} of {total}, {spoken(time.monotonic() - began)}")

    def ledger(self, ledger: Ledger) -> None:
        if not ledger.stages:
            return
        lines = [HEADINGS, *(cells for _, cells in _rows(ledger))]
        first, *others = (max(len(cell) for cell in column) for column in zip(*lines, strict=True))
        self.say(TITLE)
        for name, *cells in lines:
            figures = (cell.rjust(width) for cell, width in zip(cells, others, strict=True))
            self.say("  ".join((name.ljust(first), *figures)).rstrip())


TITLE = "where the time went"
HEADINGS = ("stage", "time", "items", "each")


def _rows(ledger: Ledger) -> Iterator[tuple[str, tuple[str, str, str, str]]]:
    """The table's rows, each with the style that rich gives it on a terminal."""
    for stage, account in ledger.stages.items():
        yield "", _row(stage, account)
        for name, part in ledger.parts.get(stage, {}).items():
            yield "dim", _row(f"  {name}", part)
    yield "bold", _row("together", Account(sum(account.seconds for account in ledger.stages.values())))


def _row(name: str, account: Account) -> tuple[str, str, str, str]:
    if not account.items:
        return name, spoken(account.seconds), "", ""
    each = account.seconds / account.items
    told = f"{each * 1000:.0f} ms" if each < 1 else spoken(each)
    return name, spoken(account.seconds), str(account.items), told
