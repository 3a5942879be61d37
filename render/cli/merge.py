"""``nonesuch merge``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("gallery", type=click.Path(path_type=Path))
@click.argument("others", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(gallery: Path, others: tuple[Path, ...]) -> None:
    """Join the exhibits of OTHERS into GALLERY, with their files and all that is known of them.

    For a night that several machines split with `make --shard`. Stars, titles, exhibitions and the like, and captions
    that were paid for, come along. What GALLERY has stays as it is. Galleries or decisions that contradict each other
    are refused, and nothing is written then.

    \b
    Examples:
      nonesuch merge my-gallery from-machine-2 from-machine-3
    """
    from render.config import load_gallery
    from render.stages.merging import merge

    done = merge(load_gallery(gallery), [load_gallery(other) for other in others])
    for one in done.galleries:
        twice = f", {one.twice} were here already" if one.twice else ""
        click.echo(f"{one.folder}: {one.new} exhibits joined{twice}.")
    if done.decisions:
        click.echo("curation.toml has the decisions of all of them.")
    if done.answers:
        click.echo(f"{done.answers} answers of a language model that were paid for elsewhere are here now.")
    click.echo("`nonesuch make` numbers them, draws what is still missing, and bakes.")
