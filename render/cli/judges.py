"""``nonesuch train classifier`` and so on: what judges pictures, rather than draws them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from render.weights import Card

PATH = click.Path(path_type=Path)


@click.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@click.option("--epochs", default=80, show_default=True, type=click.IntRange(1), help="Passes over the labelled set.")
@click.option("--seed", default=0, show_default=True)
@click.option("--display", type=click.Choice(["sky-asinh", "plain"]), default="sky-asinh", show_default=True,
              help="How the generator that it is to judge shows its pictures. Labels of your own only.")  # fmt: skip
@click.option("--turns", type=click.Choice(["all", "mirror", "none"]), default="all", show_default=True,
              help="Orientations as good as a picture's own. Labels of your own only.")  # fmt: skip
@click.option("--title", default="", help="What it names, for the about page. Labels of your own only.")
@click.option("--cross-validate", is_flag=True, help="Print the cross-validated figures; write no weights folder.")
@click.option("--figures", is_flag=True, help="Train nothing: measure the classifier in OUT again and renew its card.")
def classifier(
    training_set: Path, out: Path, epochs: int, seed: int, display: str, turns: str, title: str, cross_validate: bool,
    figures: bool,
) -> None:  # fmt: skip
    """A classifier, calibrated on fold 2 and tested on fold 1: of galaxies with their attributes, where the labels are
    EFIGI's; otherwise of the labels that the set has, whatever they are.

    \b
    Examples:
      nonesuch prepare planets/ planets64 --size 64 --folders-are-labels
      nonesuch train classifier planets64 my-weights/my-planets --display plain --turns mirror
      nonesuch train classifier galaxies96 weights/galaxy-classifier
      nonesuch train classifier galaxies96 weights/galaxy-classifier --cross-validate
    """
    from render.cli.progress import bar
    from render.display import DisplayMapping
    from render.training import classifier as training
    from render.training.classifier_member import ClassifierTraining
    from render.training.dataset import TrainingSet
    from render.training.plain_classifier import train_plain

    galaxies = training.has_stages(TrainingSet.open(training_set))
    if not galaxies and (figures or cross_validate):
        raise click.UsageError("--figures and --cross-validate are for galaxies with EFIGI's labels.")
    settings = ClassifierTraining(epochs=epochs, seed=seed)
    checkpoints = out.with_name(f"{out.name}-training")
    with bar("training") as progress:

        def step(member: int, done: int, steps: int, loss: float) -> None:
            progress(member * steps + done, settings.network.members * steps)

        if not galaxies:
            mapping = DisplayMapping.named(display)
            told = train_plain(training_set, out, settings, mapping, turns, title, step).quality["test"]
        elif figures:
            told = training.measure_again(training_set, out)["cross_validation"]
        elif cross_validate:
            told = training.cross_validate(training_set, checkpoints, settings=settings, progress=step)
        else:
            card = training.train_classifier(
                training_set, out, settings=settings, checkpoints=checkpoints, progress=step
            )
            told = card.quality["cross_validation"]
    for classes, found in told.items():
        if isinstance(found, dict) and "accuracy" in found:
            how = f"{classes} classes, cross-validated" if galaxies else "on fold 1"
            click.echo(f"{how}: {found['accuracy']:.1%} of {found['pictures']} right")


@click.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@click.option("--run", type=PATH, help="Where checkpoints go.  [default: OUT.run]")
@click.option("--steps", default=4000, show_default=True, type=click.IntRange(1), help="Optimiser steps in all.")
@click.option("--seed", default=1, show_default=True)
@click.option("--display", type=click.Choice(["sky-asinh", "plain", "distance"]), default="sky-asinh",
              show_default=True, help="That of the generator to be judged. distance: silhouettes, which are laid upon "
              "each other; nothing is trained.")  # fmt: skip
def copydetector(training_set: Path, out: Path, run: Path | None, steps: int, seed: int, display: str) -> None:
    """A copy detector, and the reference set that evidence is measured against.

    \b
    Examples:
      nonesuch train copydetector galaxies96 my-weights/galaxy-copydetector
      nonesuch train copydetector mine96 my-weights/my-copies --display plain
      nonesuch train copydetector dinosaurs64 my-weights/dinosaur-outlines --display distance
    """
    if display == "distance":
        from render.training.outlines_judge import build_outlines

        _tell(out, build_outlines(training_set, out, out.name, progress=click.echo))
        return
    from render.display import DisplayMapping
    from render.evidence.build import build_reference
    from render.training.copydetector import train_copydetector

    home, mapping = run or out.with_name(f"{out.name}.run"), DisplayMapping.named(display)
    network = train_copydetector(training_set, home, steps=steps, seed=seed, mapping=mapping)
    _tell(out, build_reference(training_set, out, network, name=out.name, mapping=mapping, progress=click.echo))


@click.command
@click.argument("maps", type=PATH)
@click.argument("out", type=PATH)
@click.option("--labels", type=PATH, required=True, help="The csv of the maps that `train surface` was given.")
@click.option("--data", "about_data", default="", help="What the card says of the maps.")
def bodies(maps: Path, out: Path, labels: Path, about_data: str) -> None:
    """What a generator of surfaces learned from, body by body, for evidence to compare with. Nothing is trained.

    \b
    Example:
      nonesuch train bodies planets.tar my-weights/planet-bodies --labels planets.csv
    """
    from render.training.bodies_judge import build_bodies

    _tell(out, build_bodies(maps, labels, out, out.name, about_data, click.echo))


def _tell(out: Path, card: Card) -> None:
    click.echo(f"{out}: caught {card.quality.get('caught')}")
    click.echo(f"In gallery.toml: [evidence] weights = '{out}'. It fits what was trained on the same set alone.")
