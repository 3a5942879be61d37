"""``nonesuch prepare``: pictures to a training set."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


def colour(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int, int]:
    """``black``, ``white`` or ``#rrggbb`` to three bytes."""
    digits = {"black": "#000000", "white": "#ffffff"}.get(value, value)
    try:
        if len(digits) != 7 or digits[0] != "#":
            raise ValueError
        red, green, blue = bytes.fromhex(digits[1:])
    except ValueError:
        raise click.BadParameter(f"expected black, white or #rrggbb, not '{value}'.") from None
    return red, green, blue


@click.command
@click.argument("source", type=PATH)
@click.argument("out", type=PATH)
@click.option("--size", type=click.Choice(["64", "96", "128", "256", "512"]), default="96", show_default=True,
              help="Pixels of a side.")  # fmt: skip
@click.option(
    "--labels", type=PATH, help="A csv with a column 'file'; label, source, fold, licence, attribution count."
)
@click.option("--folders-are-labels", is_flag=True, help="A picture's folder is its label (where the csv has none).")
@click.option("--smallest", type=click.IntRange(1), help="Drop shorter sides below this.  [default: half of --size]")
@click.option("--background", default="black", callback=colour, show_default=True,
              help="Behind transparent pictures: black, white or #rrggbb.")  # fmt: skip
@click.option("--keep-duplicates", is_flag=True, help="Do not look for near-duplicates.")
@click.option("--source", "source_name", default="", help="The look of all pictures, where the csv names none.")
@click.option("--licence", default="", help="Their licence, where the csv names none.")
@click.option("--attribution", default="", help="Who made them, where the csv does not say.")
def command(
    source: Path, out: Path, size: str, labels: Path | None, folders_are_labels: bool, smallest: int | None,
    background: tuple[int, int, int], keep_duplicates: bool, source_name: str, licence: str, attribution: str,
) -> None:  # fmt: skip
    """Make a training set OUT from SOURCE, a folder, tar or zip of pictures.

    Each picture is turned upright, brought to sRGB, cut to its centre square and resized. Files that are unreadable,
    too small, nearly blank or near-duplicates are dropped; OUT/dropped.csv names every one with its reason. OUT appears
    when it is complete.

    \b
    Examples:
      nonesuch prepare galaxies.tar galaxies96 --size 96 --labels labels.csv
      nonesuch prepare photos/ set --size 64 --folders-are-labels \\
          --licence CC-BY-4.0 --attribution "A. Photographer"
    """
    from render.cli.progress import bar
    from render.training.prepare import Request, prepare

    defaults = {"source": source_name, "licence": licence, "attribution": attribution}
    request = Request(
        source, out, int(size), labels, smallest, background, folders_are_labels, keep_duplicates, defaults
    )
    with bar("preparing") as progress:
        prepared = prepare(request, progress)
    click.echo(f"{out}: {prepared.kept} pictures of {size} px")
    if prepared.dropped:
        told = ", ".join(f"{count} {reason}" for reason, count in prepared.dropped.items())
        click.echo(f"dropped {sum(prepared.dropped.values())} ({told}); {out / 'dropped.csv'} names each")
