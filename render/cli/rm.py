"""``nonesuch rm``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("collection")
@click.argument("numbers", nargs=-1, required=True, type=int)
@click.option("--gallery", type=click.Path(path_type=Path), default=Path(), help="The gallery; here if left out.")
@click.option("--reason", default="removed by the maker", help="Kept in the catalogue.")
def command(collection: str, numbers: tuple[int, ...], gallery: Path, reason: str) -> None:
    """Take the exhibits NUMBERS of COLLECTION off the site. Their numbers are never given again.

    \b
    Examples:
      nonesuch rm galaxies 17
      nonesuch rm galaxies 17 23 --reason "looks like a hand" --gallery my-gallery
    """
    from render.config import load_gallery
    from render.stages.keeping import remove

    count = remove(load_gallery(gallery), collection, numbers, reason)
    click.echo(f"{count} removed; `nonesuch make` draws others and bakes the site without them.")
