"""``nonesuch caption``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Give numbers to what was checked, and write the texts of every exhibit that has none.

    \b
    Examples:
      nonesuch caption
      nonesuch caption my-gallery
    """
    from render.cli.stages import run

    return run(gallery, ["caption"])
