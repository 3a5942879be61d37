"""``nonesuch gc``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--delete", is_flag=True, help="Really delete them; without it they are only counted.")
def command(gallery: Path, delete: bool) -> None:
    """Delete media in the store that no exhibit needs any more. Says first what it would delete.

    \b
    Examples:
      nonesuch gc my-gallery
      nonesuch gc my-gallery --delete
    """
    from render.config import load_gallery
    from render.stages.keeping import collect

    count, size = collect(load_gallery(gallery), delete)
    verb = "deleted" if delete else "could be deleted (with --delete)"
    click.echo(f"{count} files, {size / 1e6:.1f} MB, {verb}.")
