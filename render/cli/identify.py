"""``nonesuch identify``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.strangers import one_line

LINES = ("made", "credit", "licence", "card", "id")


@click.command
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--gallery", type=click.Path(path_type=Path), help="Also say which exhibit of this gallery it is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the whole recipe.")
def command(files: tuple[Path, ...], gallery: Path | None, as_json: bool) -> int:
    """Say what FILES are, by the marks in them: how they came about, from which recipe, which exhibit.

    A mark is a claim, which anyone can write or take out. Ends with 3 when a file says nothing of itself, with 1 when
    one cannot be read.

    \b
    Examples:
      nonesuch identify galaxy.avif
      nonesuch identify downloads/*.jpg --gallery my-gallery --json
    """
    import json

    from render.config import load_gallery
    from render.errors import NonesuchError
    from render.identify import identify

    loaded = load_gallery(gallery) if gallery else None
    codes = {0}
    for path in files:
        try:
            told = identify(path, loaded)
        except NonesuchError as error:
            click.echo(f"nonesuch: {error}", err=True)
            codes.add(error.exit_code)
            continue
        codes.add(0 if told["marked"] else 3)
        if as_json:
            click.echo(json.dumps(told))
            continue
        click.echo(f"{path}: {'' if told['marked'] else 'says nothing of itself'}".rstrip())
        for name in LINES:
            if name in told:
                click.echo(f"  {name}: {one_line(told[name])}")
        if "number" in told:
            click.echo(f"  exhibit: {told['kind']} {told['number']} of {told['collection']} ({told['state']})")
    return 1 if 1 in codes else max(codes)
