"""``nonesuch stop``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--now", is_flag=True, help="Do not finish the batch in hand, and bake nothing: as a second Ctrl-C.")
def command(gallery: Path, now: bool) -> None:
    """End the run that is at work on GALLERY, in whatever terminal, and wait until it has ended.

    It finishes the batch in hand, looks at what was drawn and bakes it; what is left is for the next run.

    \b
    Examples:
      nonesuch stop
      nonesuch stop my-gallery --now
    """
    import time

    from render.config import load_gallery
    from render.stages.live import ask_to_stop, running

    loaded = load_gallery(gallery)
    night = running(loaded)
    if night is None:
        click.echo("No run is at work here.")
        return
    asked = night.stopping
    if not asked:
        ask_to_stop(night)
        click.echo("stopping: what is in hand is finished, then what there is gets baked.")
    if now:
        time.sleep(0 if asked else 0.5)  # two signals at once would be heard as one
        ask_to_stop(night)
    while (still := running(loaded)) is not None and still.pid == night.pid:
        time.sleep(0.2)
    click.echo("It has ended; `nonesuch status` says how far it came.")
