"""``nonesuch identify``."""

from __future__ import annotations

from pathlib import Path

import click

LINES = ("made", "credit", "licence", "card", "id")


@click.command
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--gallery", type=click.Path(path_type=Path), help="Also say which exhibit of this gallery it is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the whole recipe.")
def command(files: tuple[Path, ...], gallery: Path | None, as_json: bool) -> int:
    """Say what FILES are, by the marks in them: how they came about, from which recipe, which exhibit.

    A mark is a claim, which anyone can write or take out. Ends with 3 when a file says nothing of itself.

    \b
    Examples:
      nonesuch identify galaxy.avif
      nonesuch identify downloads/*.jpg --gallery my-gallery --json
    """
    import json

    from render.config import load_gallery
    from render.identify import identify

    loaded = load_gallery(gallery) if gallery else None
    found = [identify(path, loaded) for path in files]
    for told in found:
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
            continue
        click.echo(f"{told['file']}: {'' if told['marked'] else 'says nothing of itself'}".rstrip())
        for name in LINES:
            if name in told:
                click.echo(f"  {name}: {told[name]}")
        if "number" in told:
            click.echo(f"  exhibit: {told['kind']} {told['number']} of {told['collection']} ({told['state']})")
    return 0 if all(told["marked"] for told in found) else 3
