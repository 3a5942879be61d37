"""``nonesuch prepare``: pictures to a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
@click.option("--size", "sizes", multiple=True, type=click.Choice(["32", "64", "96", "128", "256", "512"]),
              default=["96"], show_default=True,
              help="Pixels of a side; several times for several sets, OUT/64 ...")  # fmt: skip
@click.option(
    "--labels", type=PATH, help="A csv with a column 'file'; label, source, fold, licence, attribution count."
)
@click.option("--folders-are-labels", is_flag=True, help="A picture's folder is its label (where the csv has none).")
@click.option(
    "--smallest", type=click.IntRange(1), help="Drop shorter sides below this.  [default: half of the largest --size]"
)
@click.option("--background", default="black", callback=colour, show_default=True,
              help="Behind transparent pictures: black, white or #rrggbb.")  # fmt: skip
@click.option("--sample", type=click.IntRange(1), help="At most so many pictures of each label.")
@click.option("--watermarks", type=click.Choice(["keep", "crop", "drop"]), default="keep", show_default=True,
              help="Pictures with an overlay that many share: as they are, cropped inside it, or dropped.")  # fmt: skip
@click.option("--rename", is_flag=True, help="Name pictures after what their files hold; the former name stays beside.")
@click.option("--review", is_flag=True, help="Look through the pictures on a local page before the set is finished.")
@click.option("--decisions", type=PATH, help="The csv of what was rejected by hand.  [default: OUT.decisions.csv]")
@click.option("--without", multiple=True, metavar="SOURCE",
              help="A source of the csv to leave out, as where its terms are in doubt; may be repeated.")  # fmt: skip
@click.option("--keep-duplicates", is_flag=True, help="Do not look for near-duplicates.")
@click.option("--source", "source_name", default="", help="The look of all pictures, where the csv names none.")
@click.option("--licence", default="", help="Their licence, where the csv names none.")
@click.option("--attribution", default="", help="Who made them, where the csv does not say.")
def command(
    source: Path, out: Path, sizes: tuple[str, ...], labels: Path | None, folders_are_labels: bool,
    smallest: int | None, background: tuple[int, int, int], sample: int | None,
    watermarks: Literal["keep", "crop", "drop"], rename: bool, review: bool, decisions: Path | None,
    without: tuple[str, ...], keep_duplicates: bool, source_name: str, licence: str, attribution: str,
) -> None:  # fmt: skip
    """Make a training set OUT from SOURCE, a folder, tar or zip of pictures.

    Each picture is turned upright, brought to sRGB, cut to its centre square and resized. Files that are unreadable,
    too small, nearly blank or near-duplicates are dropped; OUT/dropped.csv names every one with its reason. OUT appears
    when it is complete.

    What was rejected on the page of --review is kept in a csv, and left out again whenever the set is made.

    \b
    Examples:
      nonesuch prepare photos/ set --size 64 --size 128 --size 256 --size 512 --review --watermarks crop
      nonesuch prepare galaxies.tar galaxies96 --size 96 --labels labels.csv
      nonesuch prepare galaxies.tar open96 --size 96 --labels labels.csv --without gz
      nonesuch prepare photos/ set --size 64 --folders-are-labels \\
          --licence CC-BY-4.0 --attribution "A. Photographer"
    """
    from render.cli.progress import bar
    from render.training.prepare import Request, prepare

    defaults = {"source": source_name, "licence": licence, "attribution": attribution}
    first, *more = (int(size) for size in sizes)
    kept = decisions or out.with_name(f"{out.name}.decisions.csv")

    def asked(folder: Path) -> None:
        from render.training.review import Review

        server = Review(folder, kept)
        click.echo(f"Look through the pictures at {server.address}")
        click.echo(f"{server.wait()} rejected; {kept} keeps what was decided")

    request = Request(
        source, out, first, tuple(more), labels, smallest, background, folders_are_labels, keep_duplicates, defaults,
        sample=sample, rename=rename, watermarks=watermarks, decisions=kept, without=without,
        asked=asked if review else None,
    )  # fmt: skip
    with bar("preparing") as progress:
        prepared = prepare(request, progress)
    click.echo(f"{out}: {prepared.kept} pictures of {', '.join(sizes)} px")
    if prepared.watermarked is not None:
        click.echo(f"about {prepared.watermarked:.0%} of the pictures share an overlay")
    if prepared.dropped:
        told = ", ".join(f"{count} {reason}" for reason, count in prepared.dropped.items())
        click.echo(f"dropped {sum(prepared.dropped.values())} ({told}); {out / 'dropped.csv'} names each")
