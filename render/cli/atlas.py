"""``nonesuch atlas``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--again", is_flag=True, help="Lay everything out anew, also what has its place: the whole map changes.")
def command(gallery: Path, again: bool) -> int:
    """Give every shown exhibit its place in the sky, beside those that look like it.

    The map is laid out once, and again when a collection has doubled; what is new in between is placed on it.

    \b
    Examples:
      nonesuch atlas
      nonesuch atlas my-gallery --again
    """
    from render.cli.stages import run

    return run(gallery, ["atlas"], again=again)
