"""``nonesuch caption``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--dry-run", is_flag=True, help="Say what a model would be asked and about what that costs; ask nobody.")
@click.option("--again", is_flag=True, help="Write all texts anew, by the settings as they are now.")
def command(gallery: Path, dry_run: bool, again: bool) -> int:
    """Give numbers to what was checked, and write the texts of every exhibit that has none.

    \b
    Examples:
      nonesuch caption
      nonesuch caption my-gallery --dry-run
      nonesuch caption --again          after another language, style or model was chosen
    """
    if dry_run:
        from render.config import load_gallery
        from render.stages.captioning import estimate

        for sentence in estimate(load_gallery(gallery), again):
            click.echo(sentence)
        return 0
    from render.cli.stages import run

    return run(gallery, ["caption"], again=again)
