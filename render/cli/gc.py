"""``nonesuch gc``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--delete", is_flag=True, help="Really delete them; without it they are only counted.")
@click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="GALLERY",
    help="Another gallery in the same store, whose files are kept too; as often as there are such.",
)
@click.option("--alone", is_flag=True, help="There are no other galleries in the store than those named.")
def command(gallery: Path, delete: bool, others: tuple[Path, ...], alone: bool) -> None:
    """Delete media in the store that no exhibit needs any more. Says first what it would delete.

    Where the store is not the gallery's own folder, other galleries may lie in it: nothing is deleted before they are
    named, and their locks held, or you say that there are none.

    \b
    Examples:
      nonesuch gc my-gallery
      nonesuch gc my-gallery --delete
      nonesuch gc my-gallery --with my-planets --delete
    """
    from render.config import load_gallery
    from render.stages.sweeping import collect

    found = collect(load_gallery(gallery), delete, [load_gallery(one) for one in others], alone)
    verb = "deleted" if delete else "could be deleted (with --delete)"
    if found.kept:
        verb = f"are named by no exhibit of this gallery, but {found.kept.rstrip('.')}"
    click.echo(f"{found.count} files, {found.size / 1e6:.1f} MB, {verb}.")
