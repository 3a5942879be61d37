"""What several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from render.stages import Wish

F = TypeVar("F", bound=Callable[..., object])


def gallery_argument(function: F) -> F:
    """The gallery that a command works on: its folder, or its ``gallery.toml``; here when left out."""
    return click.argument("gallery", type=click.Path(path_type=Path), default=Path())(function)


def nothing_to_do(shown: int) -> int:
    """What a command says that found all as it was (`render.still`), and its exit code."""
    click.echo(f"nothing to do: {shown} exhibits are shown; public/ is up to date.")
    return 0


def training_options(steps: int, batch: int, rate: float, what: str) -> Callable[[F], F]:
    """The options of every training of the flow family's network, with its own defaults; `what` a step is told of. But
    for ``--run`` they are called as `render.training.flow.FlowSettings` calls them.
    """
    whole = click.IntRange(1)
    shared = [
        click.option(
            "--run",
            type=click.Path(path_type=Path),
            help="Where checkpoints, sheets and losses go.  [default: OUT.run]",
        ),
        click.option("--steps", default=steps, show_default=True, type=whole, help="Optimiser steps in all."),
        click.option("--batch", default=batch, show_default=True, type=whole, help=f"{what} a step and process."),
        click.option("--rate", default=rate, show_default=True, help="Learning rate on the plateau."),
        click.option("--checkpoint-every", default=500, show_default=True, type=whole, help="Steps."),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "bf16"]),
            default="auto",
            show_default=True,
            help="auto measures both and keeps the faster.",
        ),
        click.option("--compile", "compiled", is_flag=True, help="torch.compile: a minute or two, then faster steps."),
        click.option("--seed", default=0, show_default=True),
    ]

    def decorate(function: F) -> F:
        for option in reversed(shared):
            function = option(function)
        return function

    return decorate


def night_options(function: F) -> F:
    """What a night is asked for; `wish` reads it."""
    count = click.option("--count", type=click.IntRange(1, 1_000_000), metavar="N",
                         help="Show N exhibits of every collection, instead of gallery.toml's count.")  # fmt: skip
    lasting = click.option("--for", "lasting", metavar="TIME", help="End after TIME, such as 8h, 90min or 1h30m.")
    until = click.option("--until", metavar="TIME", help="End at TIME, such as 07:00 or 2026-11-22T07:00.")
    return until(lasting(count(function)))


def wish(
    until: str | None,
    lasting: str | None,
    count: int | None,
    endless: bool = False,
    retry: str | None = None,
    shard: str | None = None,
) -> Wish:
    """The options of a night as what the stages take."""
    from render.engine import deadline
    from render.engine.shares import Share
    from render.stages import Wish

    if until and lasting:
        raise click.UsageError("--until and --for are two ways to say when the night ends: use one of them.")
    if retry is not None and (endless or count):
        raise click.UsageError("--retry makes only what failed: leave out --count and --endless.")
    if shard is not None and (endless or retry is not None):
        raise click.UsageError("--shard draws one machine's share of the plan: leave out --endless and --retry.")
    ends = deadline.until(until) if until else deadline.lasting(lasting) if lasting else None
    return Wish(ends, count, endless, retry, Share.parse(shard) if shard is not None else None)
