"""``nonesuch bake``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument, nothing_to_do


@click.command
@gallery_argument
def command(gallery: Path) -> int:
    """Write the site's pages from the catalogue, into public/.

    \b
    Examples:
      nonesuch bake
      nonesuch bake my-gallery
    """
    from render.still import still

    if (shown := still(gallery)) is not None:
        return nothing_to_do(shown)
    from render.cli.stages import run

    return run(gallery, ["bake"])
