"""``nonesuch status``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument

STEPS = {
    "render": "to render",
    "classify": "to classify",
    "evidence": "to compare with real ones",
    "caption": "to caption",
    "show": "to show",
}


@click.command
@gallery_argument
def command(gallery: Path) -> None:
    """What is wanted, done and set aside, and how long the rest will take.

    \b
    Examples:
      nonesuch status
      nonesuch status my-gallery
    """
    from rich.console import Console
    from rich.table import Table

    from render.config import load_gallery
    from render.engine.ledger import spoken
    from render.stages.keeping import status

    found = status(load_gallery(gallery))
    table = Table(box=None, pad_edge=False)
    for heading in ("collection", "kind", "wanted", "shown", "near-copies", "failed"):
        table.add_column(heading, justify="left" if heading in ("collection", "kind") else "right")
    for row in found.rows:
        table.add_row(*map(str, row))
    Console().print(table)
    for reason in found.reasons:
        click.echo(f"set aside: {reason}")
    rest = "nothing was timed yet" if found.seconds is None else f"in about {spoken(found.seconds)}"
    left = ", ".join(f"{count} {STEPS[step]}" for step, count in found.left.items() if count)
    click.echo(f"Left: {left}; {rest}." if left else "Nothing is left to make.")
    if any(failed for *_, failed in found.rows):
        click.echo("`nonesuch check --mend` and then `nonesuch make` try again what failed.")
