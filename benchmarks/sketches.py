"""Does a drawing matter, and does the result stay a galaxy? Figures over synthetic drawings at a strength.

    python benchmarks/sketches.py TRAINING_SET [--weights galaxy-96] [--drawings 50] [--strength 0.6] [--sheet FILE]

likeness: the correlation of a picture's light with its own drawing, less the mean correlation with all other drawings;
the drawing is taken as the network reads it (lines made as broad as a pen). Drawings lie where galaxies do, in the
middle, but differ in kind, angle, size and elongation, so a picture that ignores its drawing has a likeness of 0.
Beside it: ordinary pictures of the same seeds and classes, held against the same drawings.

distance: drawn pictures against real ones of fold 1, beside ordinary pictures against the same real ones, and their
ratio: the kernel distance and the two-sample classifiers of `nonesuch report`. A classifier's figure is how far its
area under the ROC curve lies above guessing.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw

from render.generators import STRENGTHS, Generator, load_generator
from render.generators.drawing import steering
from render.noise import normals
from render.plausibility.distances import distances
from render.plausibility.looks import Eye
from render.plausibility.twosample import pixels, trees
from render.recipe import Recipe
from render.training.dataset import TEST_FOLD, TrainingSet
from render.weights import find_weights, weights_hash

SHEET = 384
BATCH = 8
KINDS = ("spiral", "disc", "edge-on", "ring", "bar")
Pictures = npt.NDArray[np.float32]


def drawing(seed: int) -> Image.Image:
    """What a person might draw: strokes of one pen, or a filled shape, white on black."""
    draw_from = random.Random(seed)
    sheet = Image.new("L", (SHEET, SHEET))
    pen = ImageDraw.Draw(sheet)
    angle, flat = draw_from.uniform(0, math.pi), draw_from.uniform(0.35, 1)
    reach, width = SHEET * draw_from.uniform(0.16, 0.36), draw_from.choice((5, 8, 12))
    hand = draw_from.choice((-1, 1))

    def place(u: float, v: float) -> tuple[float, float]:
        x, y = u * reach, v * reach * flat
        return (
            SHEET / 2 + x * math.cos(angle) - y * math.sin(angle),
            SHEET / 2 + x * math.sin(angle) + y * math.cos(angle),
        )

    def stroke(points: list[tuple[float, float]]) -> None:
        pen.line([place(*point) for point in points], fill=255, width=width, joint="curve")

    def core(radius: float) -> None:
        pen.ellipse([SHEET / 2 - radius, SHEET / 2 - radius, SHEET / 2 + radius, SHEET / 2 + radius], fill=255)

    circle = [(math.cos(math.tau * i / 60), math.sin(math.tau * i / 60)) for i in range(61)]
    kind = KINDS[seed % len(KINDS)]
    if kind == "spiral":
        turn = hand * draw_from.uniform(1.5, 3)
        for start in (0, math.pi):
            arm = [(i / 40, start + turn * i / 40) for i in range(4, 41)]
            stroke([(r * math.cos(a), r * math.sin(a)) for r, a in arm])
        core(1.5 * width)
    elif kind == "disc":
        pen.polygon([place(*point) for point in circle], fill=200)
    elif kind == "edge-on":
        stroke([(-1, 0), (1, 0)])
        core(1.5 * width)
    elif kind == "ring":
        stroke(circle)
        core(2 * width)
    else:
        stroke([(-0.45, 0), (0.45, 0)])
        for side in (1, -1):
            stroke([(side * (0.45 + 0.3 * math.sin(i / 10)), hand * side * i / 20) for i in range(21)])
    return sheet


def made(generator: Generator, recipes: list[Recipe]) -> Pictures:
    """(n, 3, h, w) in data space."""
    parts = []
    for begin in range(0, len(recipes), BATCH):
        some = recipes[begin : begin + BATCH]
        noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in some]))
        parts.append(generator.images(generator.condition(some), noise).numpy())
        click.echo(f"{begin + len(some)} of {len(recipes)}", err=True)
    return np.concatenate(parts)


def correlations(pictures: Pictures, drawings: Pictures) -> npt.NDArray[np.float64]:
    """(n, n): of every picture's light, (n, 3, h, w), with every drawing, (n, h, w)."""
    light = ((pictures.mean(axis=1) + 1) / 2).clip(0, 1).reshape(len(pictures), -1).astype(np.float64)
    lines = drawings.reshape(len(drawings), -1).astype(np.float64)
    both = [x - x.mean(axis=1, keepdims=True) for x in (light, lines)]
    one, other = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in both)
    return one @ other.T


def likeness(pictures: Pictures, drawings: Pictures) -> tuple[float, float]:
    """The mean over pictures of own less others, and its standard error."""
    table = correlations(pictures, drawings)
    count = len(table)
    own = np.diag(table)
    each = own - (table.sum(axis=1) - own) / (count - 1)
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(count))


def figures(eye: Eye, real: Pictures, pictures: Pictures) -> dict[str, float]:
    """How far pictures are from real ones."""
    theirs, ours = eye.look(real), eye.look(pictures)
    found = {name: value for name, value in distances(theirs, ours).items() if name.startswith("kernel")}
    found["two-sample, trees"] = trees(theirs.table(), ours.table()).area - 0.5
    return found | {"two-sample, pixels": pixels(real, pictures).area - 0.5}


@click.command
@click.argument("training_set", type=click.Path(path_type=Path))
@click.option("--weights", default="galaxy-96")
@click.option("--drawings", "count", default=50)
@click.option("--strength", type=float)
@click.option("--detector", default="galaxy-copydetector", help="Whose features are a second space; '' for none.")
@click.option("--sheet", type=click.Path(path_type=Path), help="A picture of drawings and what came of them.")
def command(
    training_set: Path, weights: str, count: int, strength: float | None, detector: str, sheet: Path | None
) -> None:
    """Print likeness and distances."""
    torch.set_num_threads(1)
    folder = find_weights(weights)
    sheets = [torch.from_numpy(np.asarray(drawing(seed), dtype=np.float32) / 255)[None] for seed in range(count)]
    generator = load_generator(folder, drawings=lambda name: sheets[int(name)])
    card, sampling = generator.card, generator.card.sampling
    assert sampling is not None
    chosen = STRENGTHS[card.family] if strength is None else strength
    kept = TrainingSet.open(training_set)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(kept.folds == TEST_FOLD))[:count]
    real = kept.data(rows, card.mapping).astype(np.float32)
    labels = kept.column("label")
    classes = [labels[row] if labels[row] in card.classes else None for row in rows]  # the real ones' own mixture

    def recipes(drawn: bool) -> list[Recipe]:
        return [
            Recipe(
                card.family, weights_hash(folder), 50_000 + i, sampling.sampler, sampling.steps, sampling.guidance,
                card.size, class_name=classes[i], source=card.sources[0] if card.sources else None,
                sketch=str(i) if drawn else None, strength=chosen if drawn else None,
                symmetry=None if drawn else sampling.symmetry, away=sampling.away,
            )
            for i in range(count)
        ]  # fmt: skip

    drawn, ordinary = made(generator, recipes(True)), made(generator, recipes(False))
    read = np.stack([steering(one, card.size)[0].numpy() for one in sheets])
    for name, pictures in (("drawn", drawn), ("ordinary", ordinary)):
        mean, error = likeness(pictures, read)
        click.echo(f"likeness, {name}: {mean:.3f} +- {error:.3f} (own less others, {count} drawings)")
    eye = Eye(real, card.mapping, find_weights(detector) if detector else None)
    theirs, ours = figures(eye, real, ordinary), figures(eye, real, drawn)
    for name, value in ours.items():
        ratio = f"{value / theirs[name]:.2f}" if theirs[name] > 0 else "none: ordinary ones cannot be told"
        click.echo(f"{name}: drawn {value:.4f}, ordinary {theirs[name]:.4f}, ratio {ratio}")
    if sheet:
        rgb = ((np.concatenate([np.repeat(read[:, None] * 2 - 1, 3, 1), drawn], axis=3) + 1) / 2).clip(0, 1)
        grid = np.concatenate([np.concatenate(list(rgb[i : i + 5]), axis=2) for i in range(0, count // 5 * 5, 5)], 1)
        Image.fromarray((grid * 255).astype(np.uint8).transpose(1, 2, 0)).save(sheet)


if __name__ == "__main__":
    command()
