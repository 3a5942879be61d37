"""The second stage: does it draw the grain that large pictures have, and neither rings nor blocks?

    python benchmarks/upscaler.py SET [--weights galaxy-96] [--upscaler galaxy-upscaler] [--pictures 96]

SET is a training set of `nonesuch prepare` at the upscaler's size. Beside real pictures of its fold 1 stand real ones
of fold 2, those of fold 1 reduced to the generator's size and enlarged again, by bicubic interpolation and by the
upscaler, and drawn ones of the source that the set is of, enlarged in both ways. For each:

- the error of its spectrum above half of the Nyquist frequency (`render.training.quality`), and that power as a share
  of the real one's;
- blocks: how far the power at frequencies of the upscaler's own grid (multiples of size / fold along either axis)
  stands above its neighbours; 1 is not at all;
- rings: the lowest ring within 12 px around what is brightest and a point, in hundredths of its height; lower than
  before, and there is a dark ring around it. Points are looked for before pictures are enlarged: in the real ones, and
  in the drawn ones as bicubic interpolation shows them.

And what the second stage costs beside the first, in one process on one thread.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import interpolate

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from render.generators import load_generator
from render.generators.upscaler import Upscaler, bicubic
from render.noise import normals
from render.plausibility.pictures import filed
from render.recipe import Recipe
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.quality import spectrum
from render.weights import find_weights

Pictures = npt.NDArray[np.float32]  # (n, 3, h, w), data space
STEP = 4  # pixels of a drawn square that are one of the network's grid, as `fold` says
AROUND, POINT = 12, 3.0


def blocks(pictures: Pictures) -> float:
    """Power at the frequencies of a grid of `STEP` pixels, beside the median of 4 frequencies on either side."""
    light = pictures.mean(axis=1, dtype=np.float64)
    size = light.shape[-1]
    window = np.outer(np.hanning(size), np.hanning(size))
    power = (np.abs(np.fft.fft2((light - np.median(light, axis=(1, 2), keepdims=True)) * window)) ** 2).mean(axis=0)
    ratios = []
    for multiple in range(size // STEP, size // 2, size // STEP):
        for line in (power[0], power[:, 0]):
            beside = [*line[multiple - 6 : multiple - 2], *line[multiple + 3 : multiple + 7]]
            ratios.append(line[multiple] / np.median(beside))
    return float(np.mean(ratios))


def profile(light: npt.NDArray[np.float64], place: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Mean light above the sky at 0, 1, ... px around a place."""
    y, x = np.mgrid[-AROUND : AROUND + 1, -AROUND : AROUND + 1]
    radius = np.hypot(y, x).round().astype(int)
    row, column = place
    part = light[row - AROUND : row + AROUND + 1, column - AROUND : column + AROUND + 1] - np.median(light)
    return np.array([part[radius == r].mean() for r in range(AROUND + 1)])


def points(pictures: Pictures) -> list[tuple[int, int] | None]:
    """Of each picture the brightest place from which light falls off at once, where there is one."""
    found: list[tuple[int, int] | None] = []
    for light in pictures.mean(axis=1, dtype=np.float64):
        inner = light[AROUND:-AROUND, AROUND:-AROUND]
        places = (np.unravel_index(place, inner.shape) for place in np.argsort(-inner, axis=None)[:400])
        near = ((int(row) + AROUND, int(column) + AROUND) for row, column in places)
        found.append(next((one for one in near if (seen := profile(light, one))[6] < seen[:2].max() / POINT), None))
    return found


def rings(pictures: Pictures, places: list[tuple[int, int] | None]) -> float:
    """The darkest ring around points of light, in hundredths of their height above the sky; a mean over pictures."""
    lights = pictures.mean(axis=1, dtype=np.float64)
    seen = [profile(light, place) for light, place in zip(lights, places, strict=True) if place]
    return float(np.mean([100 * one[1:].min() / one[:2].max() for one in seen])) if seen else float("nan")


def drawn(weights: Path, source: str, count: int) -> tuple[Pictures, float]:
    """Pictures of all classes in turn, and the seconds that one took."""
    generator = load_generator(weights)
    card, sampling = generator.card, generator.card.sampling
    assert sampling is not None
    known = source if source in card.sources else card.sources[0]
    first = Recipe(
        card.family, "0" * 64, 0, sampling.sampler, sampling.steps, sampling.guidance, card.size, source=known,
        symmetry=sampling.symmetry, away=sampling.away,
    )  # fmt: skip
    made, start = [], time.perf_counter()
    for begin in range(0, count, 8):
        some = [
            replace(first, seed=40_000 + n, class_name=card.classes[n % len(card.classes)])
            for n in range(begin, min(begin + 8, count))
        ]
        noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in some]))
        made.append(generator.images(generator.condition(some), noise).numpy())
    return np.concatenate(made), (time.perf_counter() - start) / count


@click.command
@click.argument("training_set", type=click.Path(path_type=Path))
@click.option("--weights", default="galaxy-96", show_default=True)
@click.option("--upscaler", default="galaxy-upscaler", show_default=True)
@click.option("--pictures", default=96, show_default=True, type=click.IntRange(8))
def command(training_set: Path, weights: str, upscaler: str, pictures: int) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    second, held = Upscaler.load(find_weights(upscaler)), TrainingSet.open(training_set)
    mapping, size = second.card.mapping, second.card.size

    def real(fold: int) -> Pictures:
        rows = np.flatnonzero(held.folds == fold)[:pictures]
        return held.data(rows, mapping).astype(np.float32)

    def enlarged(small: Pictures) -> Pictures:
        made = []
        for place, one in enumerate(torch.from_numpy(small)):
            made.append(second.enlarged(one[None], torch.from_numpy(normals(place, second.noise_shape))[None]))
        return torch.cat(made).numpy()

    own = real(TEST_FOLD)
    source = held.rows[int(np.flatnonzero(held.folds == TEST_FOLD)[0])]["source"]
    small_drawn, first_seconds = drawn(find_weights(weights), source, len(own))
    small = interpolate(torch.from_numpy(own), size=small_drawn.shape[-2:], mode="area").numpy()
    start = time.perf_counter()
    again = enlarged(small)
    seconds = (time.perf_counter() - start) / len(own)
    skies = [mapping.sky(held.images[row]) for row in np.flatnonzero(held.folds == TEST_FOLD)[: len(own)]]

    def written(some: Pictures) -> Pictures:
        """Through a file upon a real sky, as real ones come."""
        return np.stack([filed(one, mapping, sky) for one, sky in zip(some, skies, strict=True)])

    sets = {
        "real, fold 1": own,
        "real, fold 2": real(TUNE_FOLD),
        "fold 1 reduced, bicubic": bicubic(torch.from_numpy(small), size).numpy(),
        "fold 1 reduced, upscaler": again,
        f"{weights}, bicubic": bicubic(torch.from_numpy(small_drawn), size).numpy(),
        f"{weights}, upscaler": enlarged(small_drawn),
    }
    looked = {name: points(sets[name]) for name in ("real, fold 1", "real, fold 2", f"{weights}, bicubic")}
    truth = spectrum(own)
    half = len(truth) // 2
    print(f"{len(own)} pictures of {size} px from {small.shape[-1]} px, source '{source}'\n")
    print("| pictures | spectrum error, fine | power, fine | blocks | rings |\n|---|---|---|---|---|")
    for name, some in sets.items():
        shown = some if name.startswith("real") else written(some)
        found = spectrum(shown)
        error = np.abs(np.log10(np.maximum(found, 1e-12) / truth))[half:].mean()
        share = found[half:].sum() / truth[half:].sum()
        places = looked.get(name) or looked["real, fold 1" if name.startswith("fold 1") else f"{weights}, bicubic"]
        print(f"| {name} | {error:.3f} | {share:.2f} | {blocks(shown):.2f} | {rings(shown, places):.1f} |")
    print(f"\nfirst stage {first_seconds:.2f} s a picture, second {seconds:.2f} s, on one thread")


if __name__ == "__main__":
    command()
