"""``nonesuch pack``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
def command(gallery: Path) -> None:
    """Make a package for museums and archives, in pack/.

    A site that is read from the disk, collection.csv with a data dictionary, an RO-Crate with checksums, CITATION.cff,
    and, where gallery.address is set, IIIF manifests. Only what changed is written.

    \b
    Examples:
      nonesuch pack
      nonesuch pack my-gallery
    """
    from render.config import load_gallery
    from render.packing import pack

    packed = pack(load_gallery(gallery))
    click.echo(f"{packed.folder}: {packed.exhibits:,} exhibits, {packed.written:,} files written.")
    if packed.manifests:
        click.echo("iiif/ belongs into public/, beside the collections' folders: its addresses lead there.")
    else:
        click.echo("No IIIF manifests: they need the site's address (gallery.address).")
