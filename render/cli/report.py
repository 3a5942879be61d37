"""``nonesuch report``."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command
@click.argument("what")
@click.argument("training_set", type=PATH)
@click.option("--gallery", type=PATH, default=Path(), help="The gallery whose collection WHAT is; here if left out.")
@click.option("--n", default=450, show_default=True, type=click.IntRange(2), help="Generated pictures at most.")
@click.option("--splits", default=100, show_default=True, type=click.IntRange(1), help="Random real halves.")
@click.option("--detector", default="galaxy-copydetector", show_default=True,
              help="A copy detector whose features are a space; '' for none.")  # fmt: skip
@click.option("--no-network", is_flag=True, help="Without the small network, which takes about half of the time.")
@click.option("--out", type=PATH, help="The page; plots go beside it.  [default: report-WHAT.md]")
@click.option("--title", help="The page's heading.  [default: 'How plausible WHAT is']")
@click.option("--card", is_flag=True, help="Keep the figures in the card of the weights, too.")
def command(
    what: str, training_set: Path, gallery: Path, n: int, splits: int, detector: str, no_network: bool,
    out: Path | None, title: str | None, card: bool,
) -> None:  # fmt: skip
    """How plausible is WHAT, a collection or weights, beside real pictures that nothing was trained on?

    Pictures of a collection are read from the gallery's store; with weights, they are drawn now. They are compared with
    fold 1 of TRAINING_SET, which `nonesuch prepare` made: the same number of each class, in the same pixels, and beside
    every figure the same one between random halves of real pictures.

    \b
    Examples:
      nonesuch report galaxies galaxies96 --gallery my-gallery
      nonesuch report galaxy-96 galaxies96 --out docs/quality.md --card
    """
    from render.cli.progress import bar
    from render.plausibility.page import write
    from render.stages.reporting import keep, plausibility

    with bar(f"report on {what}") as progress:

        def step(stage: str, done: int, of: int) -> None:
            progress(done, of)

        target, found = plausibility(
            what, training_set, gallery, n=n, splits=splits, detector=detector or None, network=not no_network,
            progress=step,
        )  # fmt: skip
    page = out or Path(f"report-{target.name}.md")
    write(found, target.name, title or f"How plausible {target.name} is", page)
    if card:
        keep(target, found)
    for judge in ("trees", "network"):
        if judge in found.figures:
            told = found.figures[judge]
            click.echo(f"{judge}: {told['right']:.1%} told apart rightly (50 % is guessing)")
    click.echo(f"{page}: {found.figures['generated']} generated beside {found.figures['real']} real pictures")
