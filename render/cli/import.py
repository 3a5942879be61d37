"""``nonesuch import``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import click

from render.cli.options import gallery_argument, nothing_to_do

MOST = 20


@click.command
@click.argument("pictures", type=click.Path(path_type=Path))
@gallery_argument
@click.option("--slug", default="", help="The collection's name in addresses; the folder's name when left out.")
@click.option("--title", default="", help='One of its things, such as "painting".')
@click.option(
    "--made",
    type=click.Choice(["unknown", "model", "camera"]),
    default="unknown",
    help="How the pictures came about: nobody can see that, so say it, or leave it open.",
)
@click.option("--prompts", is_flag=True, help="Show the prompts in the files on the pages.")
def command(pictures: Path, gallery: Path, slug: str, title: str, made: str, prompts: bool) -> int:
    """Make a collection of the folder PICTURES, and bake the site. The pictures stay as they are.

    The first time, a table [[folder]] is added to gallery.toml (which is begun if there is none); change settings
    there. Run it again when files came, changed or went. What ComfyUI, AUTOMATIC1111's web UI and InvokeAI left in a
    file is read; prompts are left out unless asked for. Every file that is not shown is named with its reason.

    \b
    Examples:
      nonesuch import ~/paintings my-gallery --title painting
      nonesuch import ComfyUI/output --slug dreams --made model
    """
    from render.importing.memory import unchanged
    from render.still import imported, still

    home = gallery if gallery.is_dir() else gallery.parent
    for as_before in unchanged(str(home), str(pictures)):
        if (shown := still(gallery, imported(as_before.slug))) is not None:
            say(as_before.slug, 0, as_before.kept, 0, as_before.unread)
            return nothing_to_do(shown)
    from render.cli.stages import run
    from render.scaffold.folder import with_folder
    from render.stages.importing import import_folder

    loaded, folder = with_folder(gallery, pictures, slug, title, made, prompts)
    done = import_folder(loaded, folder)
    say(done.slug, done.new, done.kept, done.gone, done.unread)
    return run(loaded.folder, ["atlas", "bake", imported(done.slug)])


def say(slug: str, new: int, kept: int, gone: int, unread: Mapping[str, str]) -> None:
    """What became of the folder, and of every file that is not shown why, up to so many."""
    for path, reason in islice(unread.items(), MOST):
        click.echo(f"not shown: {path}: {reason}.", err=True)
    if len(unread) > MOST:
        click.echo(f"not shown: {len(unread) - MOST} more.", err=True)
    aside = f", {len(unread)} not shown" if unread else ""
    click.echo(f"{slug}: {new} new, {kept} as before, {gone} gone{aside}.")
