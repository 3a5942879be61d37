"""``nonesuch evidence``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Compare every exhibit with the real pictures that the generator learned from.

    \b
    Examples:
      nonesuch evidence
      nonesuch evidence my-gallery
    """
    from render.cli.stages import run

    return run(gallery, ["evidence"])
