"""``nonesuch status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from render.cli.options import gallery_argument

if TYPE_CHECKING:
    from rich.console import Console

    from render.config import Gallery
    from render.stages.live import Night
    from render.stages.status import Status

STEPS = {
    "render": "to render",
    "classify": "to classify",
    "evidence": "to compare with real ones",
    "caption": "to caption",
    "show": "to show",
}


@click.command
@gallery_argument
@click.option("--follow", is_flag=True, help="Watch the run that is at work, until it ends.")
def command(gallery: Path, follow: bool) -> None:
    """What is wanted, done and set aside, how a run that is at work is doing, and how long the rest will take.

    \b
    Examples:
      nonesuch status
      nonesuch status my-gallery --follow
    """
    from rich.console import Console

    from render.config import load_gallery
    from render.stages.live import running

    loaded, console = load_gallery(gallery), Console(soft_wrap=True, highlight=False)
    if follow:
        _follow(loaded, console)
    _show(loaded, running(loaded), console)


def _follow(gallery: Gallery, console: Console) -> None:
    """The run's own lines, every second on a terminal and every ten elsewhere."""
    import time

    from rich.live import Live

    from render.stages.live import running

    if not console.is_terminal:
        while (night := running(gallery)) is not None:
            click.echo("; ".join(_progress(night)))
            time.sleep(10)
        return
    with Live(console=console, auto_refresh=False, transient=True) as screen:
        while (night := running(gallery)) is not None:
            screen.update("\n".join(_progress(night)), refresh=True)
            time.sleep(1)


def _show(gallery: Gallery, night: Night | None, console: Console) -> None:
    from rich.table import Table

    from render.stages.status import status

    found = status(gallery)
    table = Table(box=None, pad_edge=False)
    for heading in ("collection", "kind", "wanted", "shown", "left out", "failed"):
        table.add_column(heading, justify="left" if heading in ("collection", "kind") else "right")
    for row in found.rows:
        table.add_row(*map(str, row))
    console.print(table)
    for reason in found.reasons:
        click.echo(f"set aside: {reason}")
    if night is not None:
        for line in _progress(night):
            click.echo(line)
    click.echo(_left(found))
    if any(failed for *_, failed in found.rows):
        click.echo("`nonesuch make --retry` tries again what failed.")


def _left(found: Status) -> str:
    from render.engine.ledger import spoken

    rest = "nothing was timed yet" if found.seconds is None else f"in about {spoken(found.seconds)}"
    left = ", ".join(f"{count} {STEPS[step]}" for step, count in found.left.items() if count)
    return f"Left: {left}; {rest}." if left else "Nothing is left to make."


def _progress(night: Night) -> list[str]:
    """A run that is at work, in a few lines."""
    from render.engine.ledger import spoken
    from render.stages.live import moment

    what = f"{night.stage}, {night.done} of {night.total}" if night.stage else "between two steps"
    lines = [f"At work for {spoken(night.seconds)}: {what}{'; it was asked to stop' if night.stopping else ''}"]
    if night.stage == "render" and night.rate:
        rest = spoken((night.total - night.done) / night.rate)
        busy = "" if night.busy is None else f", the device busy {night.busy:.0%} of the time"
        lines.append(f"{night.rate:.2f} pictures a second lately{busy}; all drawn in about {rest}")
    if night.deadline and night.left is not None:
        lines.append(f"ends at {moment(night.deadline):%H:%M}, {spoken(max(0.0, night.left))} from now")
    for slug in sorted({*night.made, *night.failed}):
        made, failed = night.made.get(slug, 0), night.failed.get(slug, 0)
        lines.append(f"{slug}: {made} drawn, {failed} failed, {made / max(1, made + failed):.1%} succeeded")
    return lines
