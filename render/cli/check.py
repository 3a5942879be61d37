"""``nonesuch check``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--mend", is_flag=True, help="Queue again what is broken or failed; then run `nonesuch make`.")
def command(gallery: Path, mend: bool) -> int:
    """Compare the catalogue with its files; ends with 1 when something is wrong. Without --mend it writes nothing.

    \b
    Examples:
      nonesuch check my-gallery
      nonesuch check my-gallery --mend
    """
    from render.config import load_gallery
    from render.stages import keeping, sweeping

    loaded = load_gallery(gallery)
    if mend:
        for sentence in keeping.mend(loaded):
            click.echo(sentence)
        click.echo("mended; `nonesuch make` makes what is missing.")
        return 0
    found = keeping.check(loaded)
    for sentence in found:
        click.echo(sentence)
    click.echo(f"{len(found)} things are wrong; `nonesuch check --mend` helps." if found else "Everything is in order.")
    orphans = sweeping.collect(loaded, delete=False)
    if orphans.count:
        size = f"{orphans.size / 2**20:.1f} MiB"
        click.echo(f"{orphans.count} files ({size}) belong to no exhibit here; `nonesuch gc --delete` frees them.")
    return 1 if found else 0
