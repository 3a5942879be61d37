"""``nonesuch plan``: what would a run do?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from render.cli.options import gallery_argument, night_options

if TYPE_CHECKING:
    from rich.table import Table

    from render.engine.deadline import Deadline
    from render.stages.forecast import Forecast, Group


@click.command
@gallery_argument
@night_options
@click.option("--retry", is_flag=False, flag_value="", metavar="[CAUSE]", help="As of `make --retry`.")
@click.option("--explain", is_flag=True, help="Say why, for every group of exhibits.")
@click.option("--shards", type=click.IntRange(2, 1000), metavar="N", help="What each of N machines would draw.")
@click.option("--price", type=click.FloatRange(0), help="What an hour of this machine costs, to tell what it comes to.")
def command(
    gallery: Path, until: str | None, lasting: str | None, count: int | None, retry: str | None, explain: bool,
    shards: int | None, price: float | None,
) -> None:  # fmt: skip
    """What `make` would do: how many exhibits are kept, drawn, tried again, with time and bytes. Writes nothing.

    \b
    Examples:
      nonesuch plan
      nonesuch plan my-gallery --until 07:00 --price 2.49
      nonesuch plan my-gallery --explain
      nonesuch plan my-gallery --shards 4
    """
    from rich.console import Console

    from render.cli.options import wish
    from render.config import load_gallery
    from render.stages.forecast import forecast

    asked = wish(until, lasting, count, retry=retry)
    if shards is not None:
        if retry is not None:
            raise click.UsageError("--shards deals out what was never drawn: leave out --retry.")
        return _shards(gallery, shards, count)
    found = forecast(load_gallery(gallery), asked)
    if found.groups:
        Console(soft_wrap=True).print(_table(found.groups, explain))
    if found.before is not None:
        run, compared = found.before
        click.echo(compared.sentence(run))
    for sentence in _sentences(found, asked.deadline, price):
        click.echo(sentence)


def _table(groups: list[Group], explain: bool) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("collection", "kind", "what", "exhibits", *(["why"] if explain else [])):
        table.add_column(heading, justify="right" if heading == "exhibits" else "left")
    if explain:
        for one in groups:
            table.add_row(one.collection, one.kind, one.what, str(one.count), escape(one.reason))
    else:
        tally: Counter[tuple[str, str, str]] = Counter()
        for one in groups:
            tally[one.collection, one.kind, one.what] += one.count
        for (collection, kind, what), number in tally.items():
            table.add_row(collection, kind, what, str(number))
    return table


def _shards(gallery: Path, machines: int, count: int | None) -> None:
    """One line a machine: what it draws, how long that takes, and the command for it."""
    from render.config import load_gallery
    from render.engine.ledger import spoken
    from render.stages.sharing import lots

    for lot in lots(load_gallery(gallery), machines, count):
        told = [f"{number} {kind}{'s' * (number > 1)} of {slug}" for (slug, kind), number in lot.exhibits.items()]
        took = "" if lot.seconds is None else f", about {spoken(lot.seconds)} at this machine's pace"
        click.echo(f"{lot.share}: {', '.join(told) or 'nothing'}; {lot.frames} pictures to draw{took}")
    more = f" --count {count}" if count else ""
    click.echo(
        f"\nCopy the gallery's folder to each machine and run `nonesuch make{more} --shard K/{machines}` there, K from "
        f"1 to {machines}; bring the folders back, join them with `nonesuch merge`, and run `nonesuch make{more}` here."
    )


def _sentences(found: Forecast, deadline: Deadline | None, price: float | None) -> list[str]:
    from render.engine.ledger import spoken

    if not found.frames:
        return ["Nothing is to be drawn."]
    told = [f"{found.frames} pictures to draw, {found.bytes / 2**20:.0f} MiB of files"]
    if found.seconds is None:
        return [f"{told[0]}; how long it takes is known when something was made."]
    told.append(f"about {spoken(found.seconds)} with everything that follows")
    if price is not None:
        told.append(f"about {price * found.seconds / 3600:.2f} at {price:.2f} an hour")
    sentences = [f"{', '.join(told)}."]
    if deadline is not None and found.seconds > deadline.left:
        share = max(0.0, deadline.left / found.seconds)
        sentences.append(f"By the deadline, {spoken(deadline.left)} from now, about {share:.0%} of it is made.")
    return sentences
