"""What the commands that run stages share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from render.engine.shares import Share
    from render.stages import Outcome, Wish
    from render.stages.session import MakeExecutor


def run(
    gallery: Path,
    stages: Sequence[str] | None = None,
    wish: Wish | None = None,
    again: bool = False,
    make_executor: MakeExecutor | None = None,
) -> int:
    """Run stages on a gallery, say what came of it, and answer with the exit code.

    make_executor: what draws; this machine when left out.
    """
    from render.config import load_gallery
    from render.engine.stop import stopping
    from render.stages import STAGES, for_people, make

    loaded = load_gallery(gallery)
    report = for_people()
    with stopping(report.say) as stop:
        drawing = {} if make_executor is None else {"make_executor": make_executor}
        outcome = make(loaded, report, stop, stages or STAGES, wish=wish, again=again, **drawing)
    if wish is not None and wish.share is not None:
        told_of_share(outcome, wish.share)
    else:
        told(outcome)
    return outcome.exit_code


def told(outcome: Outcome) -> None:
    """Say what came of a run."""
    _aside(outcome)
    lacking = ", ".join(f"{count} of '{slug}'" for slug, count in outcome.lacking.items() if count)
    if outcome.reached and lacking:
        click.echo(f"nonesuch: the deadline has come; still wanted: {lacking}.", err=True)
    elif lacking:
        how = "run the same command to go on" if outcome.made else "`nonesuch status` says why"
        click.echo(f"nonesuch: still wanted: {lacking}; {how}.", err=True)
    said = "nothing to do" if outcome.nothing else "done"
    click.echo(f"{said}: {outcome.shown} exhibits are shown{f'; {outcome.baked}' if outcome.baked else ''}.")


def told_of_share(outcome: Outcome, share: Share) -> None:
    """Say what came of one machine's share."""
    _aside(outcome)
    left = sum(outcome.lacking.values())
    if left:
        click.echo(f"nonesuch: {left} exhibits of share {share} are still to be drawn; run the same command.", err=True)
    else:
        click.echo(f"share {share} is drawn: `nonesuch merge` joins this folder into the gallery that is baked.")


def _aside(outcome: Outcome) -> None:
    for sentence in outcome.aside:
        click.echo(f"nonesuch: {sentence}", err=True)
