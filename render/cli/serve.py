"""``nonesuch serve``: the preview."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command(short_help="Show the baked site.")
@gallery_argument
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any.")
@click.option("--base", metavar="PATH", help="The path to show it under, such as /repository/. Default: gallery.base.")
def command(gallery: Path, port: int, base: str | None) -> None:
    """Show the site on this machine, at http://127.0.0.1:8000/, and reload the pages when something changes.

    Templates, style, script, gallery.toml and catalogue are watched: what changes is baked again, also while
    `nonesuch make` is running beside it.

    \b
    Examples:
      nonesuch serve                        the gallery in this folder
      nonesuch serve my-gallery --port 0    on any free port
      nonesuch serve --base /repository/    as it will stand on GitHub Pages
    """
    from render.config import load_gallery
    from render.config.values import BASE
    from render.serve import serve

    if base is not None and not BASE.fullmatch(base):
        raise click.BadParameter("it begins and ends with a slash, such as /repository/", param_hint="--base")
    serve(load_gallery(gallery), port, base, click.echo)
