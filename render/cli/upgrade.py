"""``nonesuch upgrade``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> None:
    """Go on with the weights that gallery.toml names now, when they are not those that gallery.lock pins.

    What older weights made keeps its numbers and pages. The next `nonesuch make` draws `count` exhibits with the new
    ones, from the first seed on; exhibits of one seed link each other across the generations. Walks are made anew and
    keep their addresses.

    \b
    Examples:
      nonesuch upgrade
      nonesuch upgrade my-gallery && nonesuch make my-gallery
    """
    from render.config import load_gallery
    from render.stages.upgrading import upgrade

    older = upgrade(load_gallery(gallery))
    for slug, count in older.items():
        click.echo(f"{slug}: {count} exhibits of older weights stay as they are; a new generation begins.")
    click.echo("Run `nonesuch make` to draw it." if older else "No collection has exhibits of other weights.")
