"""``nonesuch train``: every model that ships, and a person's own, from a prepared training set."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.group
def command() -> None:
    """Train a model on a training set that `nonesuch prepare` made.

    A run keeps checkpoints in its own folder and goes on exactly where it was killed. Several GPUs: start the same
    command with `accelerate launch -m render.cli train ...`.

    \b
    Examples:
      nonesuch train flow galaxies96 weights/galaxy-96 --steps 20000
      nonesuch train classifier galaxies96 weights/galaxy-classifier
      nonesuch train copydetector galaxies96 weights/galaxy-copydetector
    """


@command.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@click.option("--run", type=PATH, help="Where checkpoints, sheets and losses go.  [default: OUT.run]")
@click.option("--steps", default=20_000, show_default=True, type=click.IntRange(1), help="Optimiser steps in all.")
@click.option("--batch", default=16, show_default=True, type=click.IntRange(1), help="Pictures a step and process.")
@click.option("--rate", default=4e-4, show_default=True, help="Learning rate on the plateau.")
@click.option("--checkpoint-every", default=500, show_default=True, type=click.IntRange(1), help="Steps.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True,
              help="auto measures both and keeps the faster.")  # fmt: skip
@click.option("--seed", default=0, show_default=True)
@click.option("--classifier", help="Weights that give unlabelled pictures a class.")
@click.option("--title", default="galaxy", show_default=True, help='As in "This galaxy does not exist."')
@click.option("--data", "about_data", default="", help="What the card says of the training data.")
def flow(
    training_set: Path, out: Path, run: Path | None, steps: int, batch: int, rate: float, checkpoint_every: int,
    precision: str, seed: int, classifier: str | None, title: str, about_data: str,
) -> None:  # fmt: skip
    """A flow-matching generator, conditioned on class, source and sketch.

    \b
    Example:
      nonesuch train flow galaxies96 weights/galaxy-96 --classifier galaxy-classifier --steps 20000
    """
    from render.cli.progress import bar
    from render.training.flow import FlowSettings
    from render.training.shipping import Description, train_generator
    from render.weights import find_weights

    settings = FlowSettings(
        steps=steps, batch=batch, rate=rate, checkpoint_every=checkpoint_every, precision=precision, seed=seed
    )
    with bar("training") as progress:
        card = train_generator(
            training_set,
            run or out.with_name(f"{out.name}.run"),
            out,
            settings,
            Description(out.name, title, about_data or training_set.name),
            find_weights(classifier) if classifier else None,
            lambda step, steps, loss, rate: progress(step, steps),
        )
    click.echo(f"{out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} pictures seen.")
