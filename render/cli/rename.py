"""``nonesuch rename``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@click.argument("old")
@click.argument("new")
@gallery_argument
def command(old: str, new: str, gallery: Path) -> int:
    """Give the collection OLD the slug NEW, and bake the site. Its exhibits keep their numbers.

    Addresses under the old slug go on working: pages lead to the new ones, without script; pictures and records under
    their numbers, and feeds, stand at both places.

    \b
    Examples:
      nonesuch rename planets worlds
      nonesuch rename planets worlds my-gallery
    """
    from render.cli.stages import run
    from render.stages.renaming import rename

    folder = gallery.parent if gallery.is_file() else gallery
    count = rename(folder, old, new)
    click.echo(f"'{old}' is '{new}' now: {count} exhibits went along.")
    return run(folder, ["bake"]) if count else 0
