"""``nonesuch train``: every model that ships, and a person's own, from a prepared training set."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.families import dcgan, stylegan2, vae

PATH = click.Path(path_type=Path)


@click.group
def command() -> None:
    """Train a model on a training set that `nonesuch prepare` made.

    A run keeps checkpoints in its own folder and goes on exactly where it was killed. Several GPUs: start the same
    command with `accelerate launch -m render.cli train ...`.

    \b
    Examples:
      nonesuch train flow galaxies96 weights/galaxy-96 --steps 20000
      nonesuch train dcgan planets64 weights/my-planets --display plain --turns mirror
      nonesuch train classifier galaxies96 weights/galaxy-classifier
      nonesuch train copydetector galaxies96 weights/galaxy-copydetector
    """


for family in (dcgan, stylegan2, vae):
    command.add_command(family)


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
@click.option("--from", "start", help="Weights of the same shape that a new run begins from.")
@click.option("--favour", help="A source whose pictures are drawn three times as often.")
@click.option("--title", default="galaxy", show_default=True, help='As in "This galaxy does not exist."')
@click.option("--data", "about_data", default="", help="What the card says of the training data.")
def flow(
    training_set: Path, out: Path, run: Path | None, steps: int, batch: int, rate: float, checkpoint_every: int,
    precision: str, seed: int, classifier: str | None, start: str | None, favour: str | None, title: str,
    about_data: str,
) -> None:  # fmt: skip
    """A flow-matching generator, conditioned on class, source and sketch.

    \b
    Examples:
      nonesuch train flow galaxies96 weights/galaxy-96 --classifier galaxy-classifier --steps 20000
      nonesuch train flow galaxies96 weights/better --classifier galaxy-classifier --from galaxy-96
      torchrun --nproc-per-node 4 -m render.cli train flow galaxies96 weights/galaxy-96
    """
    from render.cli.progress import bar, speaks
    from render.training.flow import FlowSettings
    from render.training.shipping import Description, train_generator
    from render.weights import find_weights

    settings = FlowSettings(
        steps=steps,
        batch=batch,
        rate=rate,
        checkpoint_every=checkpoint_every,
        precision=precision,
        seed=seed,
        favoured=favour,
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
            start=find_weights(start) if start else None,
        )
    if speaks():
        click.echo(f"{out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} pictures seen.")


@command.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@click.option("--epochs", default=80, show_default=True, type=click.IntRange(1), help="Passes over the labelled set.")
@click.option("--seed", default=0, show_default=True)
@click.option("--cross-validate", is_flag=True, help="Print the cross-validated figures; write no weights folder.")
def classifier(training_set: Path, out: Path, epochs: int, seed: int, cross_validate: bool) -> None:
    """A classifier of galaxies, on the pictures that have an EFIGI type, calibrated on fold 2.

    \b
    Examples:
      nonesuch train classifier galaxies96 weights/galaxy-classifier
      nonesuch train classifier galaxies96 weights/galaxy-classifier --cross-validate
    """
    from render.cli.progress import bar
    from render.training import classifier as training
    from render.training.classifier_member import ClassifierTraining

    settings = ClassifierTraining(epochs=epochs, seed=seed)
    checkpoints = out.with_name(f"{out.name}-training")
    with bar("training") as progress:

        def step(member: int, done: int, steps: int, loss: float) -> None:
            progress(member * steps + done, settings.network.members * steps)

        if cross_validate:
            figures = training.cross_validate(training_set, checkpoints, settings=settings, progress=step)
        else:
            card = training.train_classifier(
                training_set, out, settings=settings, checkpoints=checkpoints, progress=step
            )
            figures = card.quality["cross_validation"]
    for classes, found in figures.items():
        if isinstance(found, dict) and "accuracy" in found:
            click.echo(f"{classes} classes, cross-validated: {found['accuracy']:.1%} of {found['pictures']} right")


@command.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@click.option("--run", type=PATH, help="Where checkpoints go.  [default: OUT.run]")
@click.option("--steps", default=4000, show_default=True, type=click.IntRange(1), help="Optimiser steps in all.")
@click.option("--seed", default=1, show_default=True)
def copydetector(training_set: Path, out: Path, run: Path | None, steps: int, seed: int) -> None:
    """A copy detector, and the reference set that evidence is measured against.

    \b
    Example:
      nonesuch train copydetector galaxies96 weights/galaxy-copydetector
    """
    from render.evidence.build import build_reference
    from render.training.copydetector import train_copydetector

    network = train_copydetector(
        training_set, run or out.with_name(f"{out.name}.run"), steps=steps, seed=seed, progress=None
    )
    card = build_reference(training_set, out, network, name=out.name, progress=click.echo)
    click.echo(f"{out}: caught {card.quality.get('caught')}")
