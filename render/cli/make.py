"""``nonesuch make``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Do everything that is left to do: render, classify, check, caption, bake.

    Stop it at any time, even with kill -9: what was made is safe, and the same command goes on where it was. Ctrl-C
    finishes the batch in hand and bakes what there is.

    \b
    Examples:
      nonesuch make
      nonesuch make my-gallery
    """
    from render.cli.stages import run

    return run(gallery)
