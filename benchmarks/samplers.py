"""What a cheaper sample costs: one network's pictures by sampler, steps and guidance, and how many a second.

    python benchmarks/samplers.py TRAINING_SET [--weights galaxy-96] [--pictures 112] [--rounds 1] [--try heun:8:1.25]

Every variant draws the same seeds; as many pictures of each class are compared as there are real ones of it in fold 2
(fold 1 is kept for what is claimed of the variant that is chosen in the end). The last row holds real pictures of fold
1 against the same ones: the floor.

passes: of the network, for a picture, guidance included. pictures a second: the network alone, one thread, batches of
eight, the variants in turn, round by round; the best round counts, since others can only slow it. spectrum, fine: mean
|log10| of the ratio of the power spectra, at all frequencies and above half of Nyquist's. kernel, frechet: in the
features of our own copy detector. agreement: how often the classifier finds the class that was asked for.
"""

from __future__ import annotations

import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np
import numpy.typing as npt
import torch

from render.classify import Classifier
from render.generators import load_generator
from render.generators.flow import FlowGenerator
from render.noise import normals
from render.plausibility.distances import distances
from render.plausibility.looks import Eye
from render.recipe import Recipe
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.quality import agreement, real_pictures
from render.weights import find_weights, load_card, weights_hash

Pictures = npt.NDArray[np.float32]
BATCH = 8
VARIANTS = (
    "ab2:12:1.25",
    "ab2:12:1.0",
    "ab2:12:1.5",
    "ab2:16:1.25",
    "ab2:8:1.25",
    "ab2:6:1.25",
    "ancestral:12:1.25",
    "ancestral:16:1.25",
    "euler:12:1.25",
    "heun:8:1.25",
    "ab2:12:1.25:0.2",
    "ab2:12:1.25:0.4",
)


@dataclass
class Variant:
    """One way to sample, and what it came to."""

    sampler: str
    steps: int
    guidance: float
    symmetry: float | None = None  # None: what the card says
    passes: int = 0
    seconds: float = float("inf")
    pictures: dict[str, Pictures] | None = None

    @classmethod
    def named(cls, text: str) -> Variant:
        sampler, steps, guidance, *symmetry = text.split(":")
        return cls(sampler, int(steps), float(guidance), *(float(amount) for amount in symmetry))

    def draw(self, generator: FlowGenerator, weights: str, per_class: int) -> None:
        """The pictures of every class; the seconds of the fastest round are kept."""
        card, began, found = generator.card, time.perf_counter(), {}
        for index, name in enumerate(card.classes):
            seeds = range(70_000 + 1000 * index, 70_000 + 1000 * index + per_class)
            amount = card.sampling.symmetry if self.symmetry is None and card.sampling else self.symmetry
            recipes = [
                Recipe(card.family, weights, seed, self.sampler, self.steps, self.guidance, card.size, symmetry=amount,
                       away=card.sampling.away if card.sampling else None,
                       class_name=name, source=card.sources[0] if card.sources else None)
                for seed in seeds
            ]  # fmt: skip
            parts = []
            for begin in range(0, per_class, BATCH):
                some = recipes[begin : begin + BATCH]
                conditioning = generator.condition(some)
                noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in some]))
                parts.append(generator.images(conditioning, noise).numpy())
                self.passes = conditioning.passes()
            found[name] = np.concatenate(parts)
        self.seconds, self.pictures = min(self.seconds, time.perf_counter() - began), found


def together(pictures: dict[str, Pictures], many: dict[str, int]) -> Pictures:
    """As many of each class as are wanted, where there are so many."""
    return np.concatenate([pictures[name][:count] for name, count in many.items() if name in pictures])


@click.command
@click.argument("training_set", type=click.Path(path_type=Path))
@click.option("--weights", default="galaxy-96")
@click.option("--classifier", default="galaxy-classifier")
@click.option("--detector", default="galaxy-copydetector")
@click.option("--pictures", "count", default=112)
@click.option("--rounds", default=1)
@click.option("--try", "variants", multiple=True, default=VARIANTS, help="SAMPLER:STEPS:GUIDANCE, :SYMMETRY")
def command(
    training_set: Path, weights: str, classifier: str, detector: str, count: int, rounds: int, variants: list[str]
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    folder = find_weights(weights)
    generator = load_generator(folder)
    assert isinstance(generator, FlowGenerator), "samplers are the flow family's"
    card, kept, judge = generator.card, TrainingSet.open(training_set), Classifier.load(find_weights(classifier))
    tried = [Variant.named(text) for text in variants]
    for _ in range(rounds):
        for one in tried:
            one.draw(generator, weights_hash(folder), max(1, count // len(card.classes)))
            click.echo(f"{one.sampler}, {one.steps} steps, guidance {one.guidance}: drawn", err=True)
    real = {fold: real_pictures(kept, card.classes, fold, card.mapping) for fold in (TUNE_FOLD, TEST_FOLD)}
    many = {name: min(max(1, count // len(card.classes)), len(some)) for name, some in real[TUNE_FOLD].items()}
    known = together(real[TUNE_FOLD], many)
    eye = Eye(known, card.mapping, find_weights(detector))
    theirs, space = eye.look(known), load_card(find_weights(detector)).name
    shown = ("spectrum", "fine spectrum", f"kernel {space}", f"frechet {space}")

    click.echo(f"{platform.processor() or platform.machine()}, one thread, torch {torch.__version__}, {weights}\n")
    heads = ("sampler", "steps", "guidance", "symmetry", "passes", "pictures a second", *shown, "agreement")
    click.echo(f"| {' | '.join(heads)} |")
    click.echo("|---" * len(heads) + "|")

    def row(first: str, pictures: dict[str, Pictures]) -> None:
        away = distances(theirs, eye.look(together(pictures, many)))
        told = " | ".join(f"{away[name]:.4f}" for name in shown)
        click.echo(f"| {first} | {told} | {agreement(pictures, judge):.0%} |")

    for one in tried:
        assert one.pictures is not None
        rate = sum(len(some) for some in one.pictures.values()) / one.seconds
        amount = "" if one.symmetry is None else one.symmetry
        row(f"{one.sampler} | {one.steps} | {one.guidance} | {amount} | {one.passes} | {rate:.2f}", one.pictures)
    row("real, fold 1 | | | | |", real[TEST_FOLD])


if __name__ == "__main__":
    command()
