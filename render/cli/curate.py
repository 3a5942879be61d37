"""``nonesuch curate``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command(short_help="Look through the night's exhibits.")
@gallery_argument
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page; any free one when left out.")
def command(gallery: Path, port: int) -> int:
    """Look through the night's exhibits on a page of your own: star, hide, note, retitle, pin, hang into exhibitions.

    The page is on this machine alone, at an address that is printed. Every decision is written to curation.toml at
    once, by the exhibit's id, so that it outlives a new rendering. "Done" ends the command and bakes the site.

    \b
    Examples:
      nonesuch curate
      nonesuch curate my-gallery --port 8080
    """
    from render.cli.stages import run
    from render.config import load_gallery
    from render.curating import Desk

    desk = Desk(load_gallery(gallery), port)
    click.echo(f"your exhibits are at {desk.address} (the page's Done, or Ctrl-C, ends it)")
    desk.until_done()
    return run(gallery, ["bake"])
