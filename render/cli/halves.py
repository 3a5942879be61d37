"""``nonesuch halves``: the two-model test."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.group
def command() -> None:
    """Do two models that share no training picture draw the same? Split a set, train twice, compare.

    \b
    Examples:
      nonesuch halves split galaxies96 half-a half-b
      nonesuch train flow half-a my-weights/a
      nonesuch train flow half-b my-weights/b
      nonesuch halves compare my-weights/a my-weights/b half-a half-b --out two-models.md
    """


@command.command
@click.argument("training_set", type=PATH)
@click.argument("one", type=PATH)
@click.argument("other", type=PATH)
def split(training_set: Path, one: Path, other: Path) -> None:
    """Deal the training pictures of TRAINING_SET into two new sets, ONE and OTHER; both keep folds 1 and 2.

    \b
    Example:
      nonesuch halves split galaxies96 half-a half-b
    """
    from render.plausibility.halves import split as deal

    counts = deal(training_set, one, other)
    click.echo(f"{one}: {counts[0]} training pictures; {other}: {counts[1]}")


@command.command
@click.argument("weights_one", type=PATH)
@click.argument("weights_other", type=PATH)
@click.argument("set_one", type=PATH)
@click.argument("set_other", type=PATH)
@click.option("--n", default=100, show_default=True, type=click.IntRange(2, 10_000), help="Pictures that each draws.")
@click.option("--out", type=PATH, default=Path("two-models.md"), show_default=True, help="The page; a sheet beside it.")
@click.option(
    "--lab", type=PATH, help="The folder of a finished lab, whose page then tells it too: GALLERY/lab/finished."
)
def compare(
    weights_one: Path, weights_other: Path, set_one: Path, set_other: Path, n: int, out: Path, lab: Path | None
) -> None:
    """Draw with two models from the same seeds, and write how alike their pictures are.

    WEIGHTS_ONE learned from SET_ONE and WEIGHTS_OTHER from SET_OTHER, which share no training picture.

    \b
    Example:
      nonesuch halves compare my-weights/a my-weights/b half-a half-b --n 200
      nonesuch halves compare my-weights/a my-weights/b half-a half-b --lab lab/finished
    """
    from render.cli.progress import bar
    from render.lab.finished import read_finished
    from render.plausibility.halves import compare as compared
    from render.plausibility.halves_page import write_halves
    from render.weights import load_card

    if lab:
        read_finished(lab)  # it says what is wrong before anything is drawn
    done = 0
    with bar("drawing") as progress:

        def tick(more: int) -> None:
            nonlocal done
            done += more
            progress(done, 2 * n)

        found = compared((weights_one, weights_other), (set_one, set_other), n, tick)
    write_halves(found, (weights_one.name, weights_other.name), out)
    if lab:
        from render.lab.halves import hang

        hang(found, (load_card(weights_one), load_card(weights_other)), lab)
    same, nearest = found.figures["same_seed"]["50"], found.figures["nearest"]["50"]
    click.echo(
        f"{out}: likeness {same:.2f} to the other model's picture, {nearest:.2f} to the nearest training picture"
    )
