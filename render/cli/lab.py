"""``nonesuch lab``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--list", "listing", is_flag=True, help="Print the cells' names, one a line, and train nothing.")
@click.option("--cell", metavar="NAME", help="Train and measure this cell alone: a job of its own for a cluster.")
@click.option("--finish", is_flag=True, help="Train nothing: bring together what the cells came to, and bake.")
def command(gallery: Path, listing: bool, cell: str | None, finish: bool) -> int:
    """Train the models that [lab] in gallery.toml describes, measure them, and bake a page that compares them.

    Kill it whenever you like: every cell goes on where it was. A cell that cannot be trained is told in a sentence, and
    the others go on.

    \b
    Examples:
      nonesuch lab
      nonesuch lab my-gallery --list
      nonesuch lab my-gallery --cell vae-64px-w16-z8      on one machine of several, for each name
      nonesuch lab my-gallery --finish                    when all have ended
    """
    from render.config import load_gallery
    from render.lab.cells import cell_named, cells_of, lab_of

    if sum((listing, cell is not None, finish)) > 1:
        raise click.UsageError("--list, --cell and --finish are three different things to do: use one of them.")
    loaded = load_gallery(gallery)
    lab = lab_of(loaded)
    if listing:
        for one in cells_of(lab):
            click.echo(one.name)
        return 0
    if cell is not None:
        from render.cli.progress import bar
        from render.lab.training import work

        with bar(cell) as progress:
            work(loaded, lab, cell_named(lab, cell), progress)
        return 0
    from render.stages.lab import LabOutcome, finish_lab, run_lab

    if finish:
        outcome = LabOutcome(len(cells_of(lab)))
        finish_lab(loaded, outcome)
    else:
        outcome = run_lab(loaded, lambda sentence: click.echo(sentence, err=True))
    for sentence in outcome.wrong:
        click.echo(f"nonesuch: {sentence}", err=True)
    if outcome.unfinished:
        click.echo(f"nonesuch: not finished: {', '.join(outcome.unfinished)}; the same command goes on.", err=True)
    done = outcome.cells - len(outcome.unfinished)
    click.echo(
        f"{done} of {outcome.cells} cells are done" + (f"; the page is in {outcome.baked}" if outcome.baked else "")
    )
    return outcome.exit_code
