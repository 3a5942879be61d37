"""``nonesuch train``: every model that ships, and a person's own, from a prepared training set."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from render.cli.families import autoencoder, dcgan, stylegan2, vae
from render.cli.judges import bodies, classifier, copydetector
from render.cli.options import training_options
from render.cli.upscaler import upscaler

PATH = click.Path(path_type=Path)


def numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """``64,128,192`` to whole numbers: three or four, each a multiple of 32 as the attention's heads and norms need."""
    if value is None:
        return ()
    try:
        found = tuple(int(part) for part in value.split(","))
    except ValueError:
        found = ()
    if len(found) not in (3, 4) or any(n < 32 or n % 32 for n in found):
        raise click.BadParameter(f"expected three or four multiples of 32, such as 64,128,192, not '{value}'.")
    return found


@click.group
def command() -> None:
    """Train a model on a training set that `nonesuch prepare` made.

    A run keeps checkpoints in its own folder and goes on exactly where it was killed. Several GPUs: start the same
    command with `accelerate launch -m render.cli train ...`.

    \b
    Examples:
      nonesuch train flow galaxies96 weights/galaxy-96 --steps 20000
      nonesuch train dcgan planets64 my-weights/my-planets --display plain --turns mirror
      nonesuch train classifier galaxies96 weights/galaxy-classifier
      nonesuch train copydetector galaxies96 weights/galaxy-copydetector
    """


for other in (autoencoder, dcgan, stylegan2, upscaler, vae, classifier, copydetector, bodies):
    command.add_command(other)


@command.command
@click.argument("training_set", type=PATH)
@click.argument("out", type=PATH)
@training_options(steps=20_000, batch=16, rate=4e-4, what="Pictures")
@click.option("--classifier", help="Weights that give unlabelled pictures a class.")
@click.option("--from", "start", help="Weights that a new run begins from, of this size or another.")
@click.option("--watch", help="A copy detector that ends the training before it copies, such as galaxy-copydetector.")
@click.option("--watched", default=64, show_default=True, type=click.IntRange(16), help="Pictures that it looks at.")
@click.option("--favour", help="A source whose pictures are drawn three times as often.")
@click.option(
    "--only", help="A source whose pictures alone are drawn: to end with what exhibits are asked to look like."
)
@click.option(
    "--display",
    type=click.Choice(["sky-asinh", "plain", "distance"]),
    default="sky-asinh",
    show_default=True,
    help="How pictures are learned and shown: as the sky (asinh), as they are, or as the outlines of silhouettes.",
)
@click.option(
    "--turns",
    type=click.Choice(["all", "mirror", "none"]),
    default="all",
    show_default=True,
    help="Orientations as good as a picture's own: all eight, its mirror image, or none.",
)
@click.option(
    "--zoom",
    default=1,
    show_default=True,
    type=click.IntRange(1, 8),
    help="Draw pictures so many times smaller first, detail after: more pictures a second.",
)
@click.option(
    "--channels",
    callback=numbers,
    help="Of the network's levels, the finest first; at least 48 there, or no noise gets through.  [default: those of "
    "--from, or 64,128,192]",
)
@click.option("--autoencoder", help="Weights of `train autoencoder`: draw in its latents, for 256 px and more.")
@click.option("--expert", is_flag=True, help="Leave the weights of --from as they are; teach an expert the last steps.")
@click.option(
    "--teacher", help="Finished weights to learn guidance from, in a small network; or in one that --from begins."
)
@click.option("--title", default="galaxy", show_default=True, help='As in "This galaxy does not exist."')
@click.option("--data", "about_data", default="", help="What the card says of the training data.")
@click.option(
    "--touches", is_flag=True, help="Train nothing: measure the last touches of OUT again, renew card and sheet."
)
def flow(
    training_set: Path, out: Path, run: Path | None, classifier: str | None, start: str | None, watch: str | None,
    watched: int, favour: str | None, only: str | None, display: str, turns: Any,
    zoom: int, channels: tuple[int, ...], autoencoder: str | None, expert: bool, teacher: str | None, title: str,
    about_data: str, touches: bool, **chosen: Any,
) -> None:  # fmt: skip
    """A flow-matching generator, conditioned on class, source and sketch.

    At the end come the last touches, measured on its pictures: how far their colour is blurred, how symmetric the noise
    is that they begin from and how far its peaks are raised, how many galaxies have spiral arms, how much stars are
    sharpened, how even pictures are about their nucleus, and how strongly each spatial frequency is shown.

    \b
    Examples:
      nonesuch train flow galaxies96 weights/galaxy-96 --classifier galaxy-classifier --steps 20000
      nonesuch train flow galaxies96 my-weights/better --classifier galaxy-classifier --from galaxy-96
      nonesuch train flow galaxies96 my-weights/sharper --from galaxy-96 --only efigi --rate 2e-4 --steps 2000
      nonesuch train flow mine96 my-weights/mine --from galaxy-96 --watch galaxy-copydetector --checkpoint-every 100
      torchrun --nproc-per-node 4 -m render.cli train flow galaxies96 weights/galaxy-96
      nonesuch train flow nebulae128 my-weights/nebula-128 --display plain --zoom 2 --title nebula
      nonesuch train flow galaxies256 my-weights/galaxy-256 --autoencoder ./my-weights/galaxy-latents
      nonesuch train flow galaxies96 my-weights/finer --classifier galaxy-classifier --from galaxy-96 --expert
      nonesuch train flow galaxies96 my-weights/student --classifier galaxy-classifier --teacher galaxy-96
      nonesuch train flow dinosaurs64 my-weights/dinosaur-64 --display distance --turns mirror --channels 64,64,64
      nonesuch train flow galaxies96 weights/galaxy-96 --touches --classifier galaxy-classifier
    """
    from render.cli.progress import bar, speaks
    from render.display import DisplayMapping
    from render.plausibility.watching import Watch
    from render.training.dataset import TrainingSet
    from render.training.flow import FlowSettings
    from render.training.shipping import Description, train_generator
    from render.weights import find_weights

    if touches:
        from render.training.touches import touch_again

        judge = find_weights(classifier) if classifier else None
        card = touch_again(TrainingSet.open(training_set), out, turns, judge)
        found = {"symmetry": card.sampling and card.sampling.symmetry}
        found |= {name: card.network.get(name) for name in ("peaks", "sharpness")}
        told = ", ".join(f"{name} {value or 'none'}" for name, value in found.items())
        click.echo(f"{out}: {told}, colour {card.network['colour']}.")
        return
    if favour is not None and only is not None:
        raise click.UsageError("--favour draws a source oftener and --only draws no other: choose one of the two.")
    settings = FlowSettings(**chosen, favoured=only or favour, alone=only is not None, channels=channels, expert=expert)
    begun = find_weights(start) if start else None
    mapping, home = DisplayMapping.named(display), run or out.with_name(f"{out.name}.run")

    def watching(training_set: TrainingSet) -> Watch:
        return Watch(training_set, mapping, find_weights(watch or ""), home, watched, partial(click.echo, err=True))

    with bar("training") as progress:
        card = train_generator(
            training_set,
            home,
            out,
            settings,
            Description(out.name, title, about_data or training_set.name),
            find_weights(classifier) if classifier else None,
            lambda step, steps, loss, rate: progress(step, steps),
            start=begun,
            mapping=mapping,
            turns=turns,
            zoom=zoom,
            autoencoder=find_weights(autoencoder) if autoencoder else None,
            teacher=find_weights(teacher) if teacher else None,
            watch=watching if watch else None,
        )
    if speaks():
        click.echo(f"{out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} pictures seen.")
        click.echo(
            f"In gallery.toml, a collection's weights = '{out}'. For evidence: "
            f"nonesuch train copydetector {training_set} {out}-copies"
        )


@command.command
@click.argument("maps", type=PATH)
@click.argument("out", type=PATH)
@click.option(
    "--labels",
    type=PATH,
    required=True,
    help="A csv of the maps: file and label; fold, north, south, licence, attribution count.",
)
@training_options(steps=20_000, batch=24, rate=8e-4, what="Views")
@click.option("--title", default="planet", show_default=True, help='As in "This planet does not exist."')
@click.option("--data", "about_data", default="", help="What the card says of the training data.")
def surface(maps: Path, out: Path, labels: Path, run: Path | None, title: str, about_data: str, **chosen: Any) -> None:
    """A generator of whole surfaces, from MAPS: a folder, tar or zip of equirectangular maps, twice as wide as high.

    A label is a kind of body; a map's own name is the body. Where a map has unseen parts, the columns north and south
    of the labels say between which latitudes it shows something.

    \b
    Example:
      nonesuch train surface planets.tar my-weights/my-planets --labels planets.csv
    """
    from dataclasses import replace

    from render.cli.progress import bar, speaks
    from render.training.shipping import Description
    from render.training.surface_weights import SETTINGS, train_surface

    settings = replace(SETTINGS, **chosen)
    with bar("training") as progress:
        card = train_surface(
            maps,
            labels,
            run or out.with_name(f"{out.name}.run"),
            out,
            settings,
            Description(out.name, title, about_data or maps.name),
            lambda step, steps, loss, rate: progress(step, steps),
        )
    if speaks():
        click.echo(f"{out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} views seen.")
