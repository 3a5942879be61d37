"""``nonesuch merge``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("gallery", type=click.Path(path_type=Path))
@click.argument("others", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(gallery: Path, others: tuple[Path, ...]) -> None:
    """Join the exhibits of OTHERS into GALLERY, with their files and all that is known of them.

    For a night that several machines split with `make --shard`. What GALLERY has stays as it is. Galleries that
    contradict each other are refused, and nothing is written then.

    \b
    Examples:
      nonesuch merge my-gallery from-machine-2 from-machine-3
    """
    from render.config import load_gallery
    from render.stages.merging import merge

    for one in merge(load_gallery(gallery), [load_gallery(other) for other in others]):
        twice = f", {one.twice} were here already" if one.twice else ""
        click.echo(f"{one.folder}: {one.new} exhibits joined{twice}.")
    click.echo("`nonesuch make` numbers them, draws what is still missing, and bakes.")
