"""``nonesuch classify``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Name the class of every exhibit that has none.

    \b
    Examples:
      nonesuch classify
      nonesuch classify my-gallery
    """
    from render.cli.stages import run

    return run(gallery, ["classify"])
