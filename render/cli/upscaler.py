"""``nonesuch train upscaler``: the second stage, behind a generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from render.cli.options import training_options

PATH = click.Path(path_type=Path)


@click.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@training_options(steps=6000, batch=24, rate=5e-4, what="Parts")
@click.option("--from", "start", help="Weights that a new run begins from: a generator's, or another upscaler's.")
@click.option(
    "--smaller", default=96, show_default=True, type=click.IntRange(16), help="Pixels a side of what it will enlarge."
)
@click.option(
    "--display",
    type=click.Choice(["sky-asinh", "plain"]),
    default="sky-asinh",
    show_default=True,
    help="How pictures are learned and shown: as the sky (asinh), or as they are. As the generator's.",
)
@click.option(
    "--turns",
    type=click.Choice(["all", "mirror", "none"]),
    default="all",
    show_default=True,
    help="Orientations as good as a picture's own: all eight, its mirror image, or none.",
)
@click.option("--title", default="upscaler", show_default=True, help="What pages call it.")
@click.option("--data", "about_data", default="", help="What the card says of the training data.")
@click.option(
    "--touches", is_flag=True, help="Train nothing: measure the last touch of OUT again, renew card and sheet."
)
def upscaler(
    training_set: Path, out: Path, run: Path | None, start: str | None, smaller: int, display: str, turns: Any,
    title: str, about_data: str, touches: bool, **chosen: Any,
) -> None:  # fmt: skip
    """A second stage: it enlarges what a generator draws to the size of these pictures, and adds what only they show.

    It learns parts of them, the last stretch of the way from noise, and no class: what lies where stays the
    generator's. At the end comes a last touch: how strongly each spatial frequency is shown.

    \b
    Examples:
      nonesuch train upscaler galaxies256 my-weights/galaxy-upscaler --from galaxy-96-student
      nonesuch train upscaler clouds512 my-weights/finer-clouds --display plain --turns mirror --smaller 128
      nonesuch train upscaler galaxies256 my-weights/galaxy-upscaler --touches
    """
    from render.cli.progress import bar, speaks
    from render.display import DisplayMapping
    from render.training.flow import FlowSettings
    from render.training.shipping import Description
    from render.training.upscaler import train_upscaler
    from render.weights import find_weights

    if touches:
        from render.training.dataset import TrainingSet
        from render.training.upscaler import touch_upscaler

        card = touch_upscaler(TrainingSet.open(training_set), out, smaller)
        click.echo(f"{out}: fine spectrum off by {card.quality['spectrum_error']['upscaler']['fine']}.")
        return
    settings = FlowSettings(**chosen)
    with bar("training") as progress:
        card = train_upscaler(
            training_set,
            run or out.with_name(f"{out.name}.run"),
            out,
            settings,
            Description(out.name, title, about_data or training_set.name),
            DisplayMapping.named(display),
            turns,
            lambda step, steps, loss, rate: progress(step, steps),
            start=find_weights(start) if start else None,
            smaller=smaller,
        )
    if speaks():
        click.echo(f"{out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} parts seen.")
        click.echo(f"In gallery.toml, beside a collection's weights: upscaler = '{out}'.")
