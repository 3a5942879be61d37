"""One progress bar, for commands that do one thing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def speaks() -> bool:
    """Whether this is the process that talks to the person, when `torchrun` has started several."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with an ETA on stderr; what it yields is called with (done, total). Silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, disable=not (console.is_terminal and speaks()), transient=True
    ) as progress:
        task = progress.add_task(title, total=None)

        def update(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield update
