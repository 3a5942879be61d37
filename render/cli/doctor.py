"""``nonesuch doctor``: what would go wrong tonight?"""

from __future__ import annotations

from pathlib import Path

import click

MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "red")}


@click.command
@click.argument("gallery", type=click.Path(path_type=Path), required=False)
def command(gallery: Path | None) -> None:
    """Look at this machine, and at GALLERY where one is given (or is here): what would go wrong tonight?

    Device, memory, versions, disk, encoders, weights and their hashes, settings. Writes nothing. The exit code is 1
    when something would go wrong.

    \b
    Examples:
      nonesuch doctor
      nonesuch doctor my-gallery
    """
    from rich.console import Console
    from rich.markup import escape

    from render.config import GALLERY
    from render.doctor import examine
    from render.errors import NonesuchError

    here = Path() if gallery is None and Path(GALLERY).is_file() else gallery
    console, bad = Console(highlight=False, soft_wrap=True), 0
    for finding in examine(here):
        mark, colour = MARKS[finding.state]
        console.print(f"[{colour}]{mark}[/] {finding.subject:<12}{escape(finding.text)}")
        bad += finding.state == "bad"
    if bad:
        raise NonesuchError(f"{bad} {'thing' if bad == 1 else 'things'} would go wrong tonight: see ✗ above.")
    console.print("\nNothing in the way of a night.")
