"""``nonesuch generate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from render.recipe import LARGEST_SEED

if TYPE_CHECKING:
    from render.stages.giving import Format, Space


@click.command
@click.option("--collection", required=True, metavar="SLUG", help="Of which collection, such as planets.")
@click.option("--count", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How many.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder; here.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), help="Of the first; the next have the next. Random.")
@click.option("--class", "class_name", metavar="NAME", help="The class to ask for. In turn when left out.")
@click.option("--format", "form", type=click.Choice(["png", "jpeg", "avif"]), default="png", show_default=True)
@click.option("--width", type=click.IntRange(16, 4096), help="In pixels. As drawn (a globe: 768) when left out.")
@click.option(
    "--space",
    type=click.Choice(["display", "data"]),
    default="display",
    show_default=True,
    help="Pictures to look at, or what the network drew as numbers (.npz: float32, the sky at -1).",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON, for other programs.")
@click.option("--gallery", type=click.Path(path_type=Path), help="Whose collections.")
def command(
    collection: str,
    count: int,
    out: Path,
    seed: int | None,
    class_name: str | None,
    form: str,
    width: int | None,
    space: str,
    as_json: bool,
    gallery: Path | None,
) -> None:
    """Draw pictures straight into a folder: no catalogue, no site.

    Every file says that a model made it and carries its recipe; of a planet there is its map too. Without --gallery
    the collections are those of gallery.toml here or, where there is none, of the default gallery, drawn by the
    shipped weights. Prints the files, one a line, or with --json a list of what they are.

    \b
    Examples:
      nonesuch generate --collection planets --count 3 --out planets --json
      nonesuch generate --collection galaxies --class spiral_mid --seed 7 --width 768 --format jpeg
      nonesuch generate --collection galaxies --count 8 --space data --out numbers
    """
    from render.config import GALLERY, load_gallery, parse_gallery
    from render.scaffold import default
    from render.stages.giving import Asked, generate

    here = gallery or Path()
    nothing = gallery is None and not (here / GALLERY).exists()
    loaded = parse_gallery(default(), here / GALLERY) if nothing else load_gallery(here)
    asked = Asked(collection, count, out, seed, class_name, cast("Format", form), width, cast("Space", space))
    made = []
    for one in generate(loaded, asked):
        made.append(one)
        if not as_json:
            for file in [one[name] for name in ("picture", "map") if name in one]:
                click.echo(file["file"])
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False, indent=2))
