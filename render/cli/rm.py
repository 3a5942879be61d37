"""``nonesuch rm``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("collection")
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
@click.option("--walk", is_flag=True, help="NUMBERS are those of walks, not of images.")
@click.option("--gallery", type=click.Path(path_type=Path), default=Path(), help="The gallery; here if left out.")
@click.option("--reason", default="removed by the maker", help="Kept in the catalogue.")
def command(collection: str, numbers: tuple[int, ...], walk: bool, gallery: Path, reason: str) -> None:
    """Take the exhibits NUMBERS of COLLECTION off the site. Their numbers are never given again.

    A walk that was taken off is not made again under its name in gallery.toml, whatever its table says later.

    \b
    Examples:
      nonesuch rm galaxies 17
      nonesuch rm galaxies 17 23 --reason "looks like a hand" --gallery my-gallery
      nonesuch rm --walk galaxies 1
    """
    from render.config import load_gallery
    from render.stages.keeping import remove

    count = remove(load_gallery(gallery), collection, numbers, reason, "walk" if walk else "image")
    how = "" if walk else "draws others and "
    click.echo(f"{count} removed; `nonesuch make` {how}bakes the site without them.")
