"""``nonesuch new``: begin a gallery."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", help="The site's title, instead of the default gallery's.")
def command(folder: Path, title: str | None) -> None:
    """Begin a gallery in FOLDER.

    Writes a commented gallery.toml (the default gallery: 168 galaxies of every class, 16 planets, 24 patches of deep
    sky and six walks), a netlify.toml, a GitHub Pages workflow that publishes the baked site, and a .gitignore. A file
    that is there already is never overwritten: then nothing is written at all.

    \b
    Examples:
      nonesuch new my-gallery
      nonesuch new my-gallery --title "Nebulae that are not"
    """
    from render.scaffold import scaffold

    for path in scaffold(folder, title):
        click.echo(f"wrote {path}")
    click.echo(f"\nNow look through {folder / 'gallery.toml'}, then run\n\n    nonesuch make {folder}")
