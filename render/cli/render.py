"""``nonesuch render``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Draw the exhibits that are missing.

    \b
    Examples:
      nonesuch render
      nonesuch render my-gallery
    """
    from render.cli.stages import run

    return run(gallery, ["render"])
