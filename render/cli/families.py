"""``nonesuch train dcgan`` and so on: the families that draw in one pass have most options in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from render.training.shipping import Job

PATH = click.Path(path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])


def family_options(batch: int, rate: float) -> Callable[[F], F]:
    """The arguments and options that these commands share, with a family's own batch and rate."""
    shared = [
        click.argument("training_set", type=PATH),
        click.argument("out", type=PATH),
        click.option("--run", type=PATH, help="Where checkpoints, sheets and losses go.  [default: OUT.run]"),
        click.option("--steps", default=20_000, show_default=True, type=click.IntRange(1), help="Steps in all."),
        click.option("--batch", default=batch, show_default=True, type=click.IntRange(2), help="Pictures a step."),
        click.option("--rate", default=rate, show_default=True, help="Learning rate."),
        click.option("--checkpoint-every", default=500, show_default=True, type=click.IntRange(1), help="Steps."),
        click.option("--seed", default=0, show_default=True),
        click.option(
            "--display",
            type=click.Choice(["plain", "sky-asinh"]),
            default="plain",
            show_default=True,
            help="How pictures are learned and shown: as they are, or as the sky (asinh).",
        ),
        click.option(
            "--turns",
            type=click.Choice(["all", "mirror", "none"]),
            default="none",
            show_default=True,
            help="Orientations as good as a picture's own: all eight, its mirror image, or none.",
        ),
        click.option("--labels/--no-labels", default=True, help="Whether labels become classes.  [default: labels]"),
        click.option("--classifier", help="Weights that give unlabelled pictures a class."),
        click.option("--title", default="picture", show_default=True, help='As in "This planet does not exist."'),
        click.option("--data", default="", help="What the card says of the training data."),
    ]

    def decorate(function: F) -> F:
        for option in reversed(shared):
            function = option(function)
        return function

    return decorate


def job_of(
    training_set: Path, out: Path, run: Path | None, display: str, turns: Any, labels: bool, classifier: str | None,
    title: str, data: str,
) -> Job:  # fmt: skip
    """The common options as the training takes them."""
    from render.training.shipping import Description, Job
    from render.weights import find_weights

    return Job(
        source=training_set,
        run=run or out.with_name(f"{out.name}.run"),
        out=out,
        about=Description(out.name, title, data or training_set.name),
        display=display,
        turns=turns,
        labelled=labels,
        classifier=find_weights(classifier) if classifier else None,
    )


def carry_out(job: Job, begin: Callable[..., Any]) -> None:
    """Train, with a bar, and say what came of it. begin: see `render.training.shipping.train_family`."""
    from render.cli.progress import bar, speaks
    from render.training.shipping import train_family

    with bar("training") as progress:
        card = train_family(job, begin, lambda step, steps, loss, rate: progress(step, steps))
    if speaks():
        click.echo(f"{job.out}: {card.parameters / 1e6:.1f} M parameters, {card.training.images_seen} pictures seen.")


@click.command
@family_options(batch=64, rate=2e-4)
@click.option("--width", type=click.Choice(["64", "96"]), default="64", show_default=True,
              help="Channels of the finest stage: 16 or 36 million parameters at 512 px.")  # fmt: skip
@click.option("--latent", default=100, show_default=True, type=click.IntRange(2, 512), help="Numbers a picture.")
@click.option("--smoothing", default=0.1, show_default=True, type=click.FloatRange(0, 0.5),
              help="How far below 1 the judge's label of a real picture is.")  # fmt: skip
@click.option("--spectral-norm", is_flag=True, help="Normalise the judge by its spectra instead of its batches.")
def dcgan(
    steps: int, batch: int, rate: float, checkpoint_every: int, seed: int, width: str, latent: int, smoothing: float,
    spectral_norm: bool, **common: Any,
) -> None:  # fmt: skip
    """A DCGAN of 64, 128, 256 or 512 px.

    \b
    Examples:
      nonesuch train dcgan planets64 my-weights/my-planets --turns mirror --title planet
      nonesuch train dcgan galaxies128 my-weights/my-galaxies --display sky-asinh --turns all --spectral-norm
    """
    from render.training.dcgan import DcganSettings, DcganTraining

    settings = DcganSettings(
        steps=steps,
        batch=batch,
        rate=rate,
        checkpoint_every=checkpoint_every,
        seed=seed,
        width=int(width),
        latent=latent,
        smoothing=smoothing,
        spectral=spectral_norm,
    )
    carry_out(job_of(**common), lambda work: DcganTraining(work.pictures, work.job.run, settings))


@click.command
@family_options(batch=64, rate=5e-4)
@click.option("--latent", default=64, show_default=True, type=click.IntRange(2, 512), help="Numbers a picture.")
@click.option("--width", default=32, show_default=True, type=click.IntRange(8, 128), help="Channels at full size.")
@click.option("--beta", default=1.0, show_default=True, type=click.FloatRange(0),
              help="The weight of the divergence from the prior.")  # fmt: skip
@click.option("--anneal", default=2000, show_default=True, type=click.IntRange(0), help="Steps until beta is whole.")
def vae(
    steps: int, batch: int, rate: float, checkpoint_every: int, seed: int, latent: int, width: int, beta: float,
    anneal: int, **common: Any,
) -> None:  # fmt: skip
    """A convolutional variational autoencoder; its folder also shows reconstructions beside originals.

    \b
    Examples:
      nonesuch train vae dinosaurs64 my-weights/my-dinosaurs --latent 50 --turns mirror --title dinosaur
      nonesuch train vae dinosaurs64 my-weights/two-numbers --latent 2 --beta 4
    """
    from render.training.vae import VaeSettings, VaeTraining, unseen

    settings = VaeSettings(
        steps=steps,
        batch=batch,
        rate=rate,
        checkpoint_every=checkpoint_every,
        seed=seed,
        latent=latent,
        width=width,
        beta=beta,
        anneal=anneal,
    )
    carry_out(
        job_of(**common),
        lambda work: VaeTraining(
            work.pictures, work.job.run, settings, unseen(work.training_set, work.mapping, work.pictures)
        ),
    )


@click.command
@family_options(batch=8, rate=3e-4)
@click.option("--latent", default=4, show_default=True, type=click.IntRange(1, 32), help="Channels of the grid.")
@click.option("--reduce", type=click.Choice(["2", "4", "8"]), default="4", show_default=True,
              help="Pixels of a side that become one of the grid.")  # fmt: skip
@click.option("--width", type=click.Choice(["16", "32", "64"]), default="32", show_default=True,
              help="Channels at full size.")  # fmt: skip
def autoencoder(
    steps: int, batch: int, rate: float, checkpoint_every: int, seed: int, latent: int, reduce: str, width: str,
    **common: Any,
) -> None:  # fmt: skip
    """An autoencoder in whose latents `train flow --autoencoder` draws large pictures. It knows no classes.

    \b
    Example:
      nonesuch train autoencoder galaxies256 my-weights/galaxy-latents --display sky-asinh --turns all
    """
    from render.cli.progress import bar, speaks
    from render.display import DisplayMapping
    from render.training.autoencoder import AutoencoderTrainingSettings, train_autoencoder

    job, settings = job_of(**common), AutoencoderTrainingSettings(
        steps, batch, rate, checkpoint_every=checkpoint_every, seed=seed, latent=latent, reduce=int(reduce),
        width=int(width),
    )  # fmt: skip
    with bar("training") as progress:
        card = train_autoencoder(
            job.source,
            job.run,
            job.out,
            settings,
            job.about,
            DisplayMapping.named(job.display),
            job.turns,
            lambda step, steps, loss, rate: progress(step, steps),
        )
    if speaks():
        click.echo(f"{job.out}: {card.quality['decibels']} dB on pictures that it never saw.")


@click.command
@family_options(batch=16, rate=0.0025)
@click.option("--latent", default=512, show_default=True, type=click.IntRange(2, 1024), help="Numbers of z and of w.")
@click.option("--depth", default=2, show_default=True, type=click.IntRange(1, 16), help="Layers from z to w.")
@click.option("--base", default=16384, show_default=True, type=click.IntRange(64),
              help="Channels at a size are base / size, one at least.")  # fmt: skip
@click.option("--most", default=512, show_default=True, type=click.IntRange(8), help="... but never more than these.")
@click.option("--gamma", default=0.0, show_default=True, type=click.FloatRange(0),
              help="The weight of R1; 0 is a rule of thumb by size and batch.")  # fmt: skip
@click.option("--target", default=0.6, show_default=True, type=click.FloatRange(0, 0.99),
              help="How sure of real pictures the judge may be; 0 is without augmentation.")  # fmt: skip
def stylegan2(
    steps: int, batch: int, rate: float, checkpoint_every: int, seed: int, latent: int, depth: int, base: int,
    most: int, gamma: float, target: float, **common: Any,
) -> None:  # fmt: skip
    """A StyleGAN2 with adaptive augmentation, for sets of a few thousand pictures.

    \b
    Examples:
      nonesuch train stylegan2 moons128 my-weights/my-moons --turns mirror --title moon
      nonesuch train stylegan2 moons64 my-weights/small --base 4096 --most 128 --latent 128
    """
    from render.training.stylegan2 import StyleGan2Settings, StyleGan2Training

    settings = StyleGan2Settings(
        steps=steps,
        batch=batch,
        rate=rate,
        checkpoint_every=checkpoint_every,
        seed=seed,
        latent=latent,
        depth=depth,
        base=base,
        most=most,
        gamma=gamma,
        target=target,
    )
    carry_out(job_of(**common), lambda work: StyleGan2Training(work.pictures, work.job.run, settings))
