"""The pictures that a report compares: generated ones, real ones of the same classes, and real ones split in two.

All are brought to the same pixels, before display mapping and upscaling: data space at the generator's own size. Real
ones come from files of eight bits whose sky was subtracted, and lie a little off the middle, all in one direction: by
that alone trees would tell them apart. So generated ones go through a file, too, upon the sky of a real one, and of
galaxies, which have no up, real ones are turned as they were in training. Pictures from a gallery's store were rounded
to eight bits as they are shown, and cut off at the sky; then the real ones are, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from render.display import SKY, DisplayMapping, Floats
from render.errors import NonesuchError
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.weights import Card

Pictures = npt.NDArray[np.float32]  # (n, 3, h, w), data space
Indices = npt.NDArray[np.int64]
Make = Callable[[str, int], Iterable[Pictures]]
"""From a class and a count to pictures of that class, (3, h, w) each."""
BATCH = 8
FIRST_SEED = 30_000
"""Seeds that galleries begin with, 0 and so on, are left to them."""


@dataclass(frozen=True)
class Sample:
    """Generated pictures beside real ones of fold 1: as many of each class in both.

    pool: all labelled real pictures of folds 1 and 2, from which splits are drawn; pool_classes: the class of each.
    """

    generated: Pictures
    real: Pictures
    classes: dict[str, int]
    pool: Pictures
    pool_classes: npt.NDArray[np.str_]


def real_by_class(pictures: TrainingSet, names: list[str], folds: tuple[int, ...]) -> dict[str, Indices]:
    """Which rows of the folds have each class; a generator of one class takes all of them."""
    inside = np.isin(pictures.folds, folds)
    if len(names) <= 1:
        return {names[0] if names else "picture": np.flatnonzero(inside)}
    labels = np.array(pictures.column("label"))
    found = {name: np.flatnonzero(inside & (labels == name)) for name in names}
    return {name: rows for name, rows in found.items() if len(rows)}


def same_mix(real: Mapping[str, int], generated: Mapping[str, int] | None, n: int) -> dict[str, int]:
    """How many pictures of each class: as fold 1 has them, as many as both sides have, `n` in all at most.

    generated: how many there are, or None where they can be made. Shares are rounded down, the largest remainders up.
    """
    there = real if generated is None else generated
    most = {name: min(count, there.get(name, 0)) for name, count in real.items()}
    total = sum(most.values())
    if total <= n:
        return {name: count for name, count in most.items() if count}
    exact = {name: n * count / total for name, count in most.items()}
    chosen = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: chosen[name] - exact[name])[: n - sum(chosen.values())]:
        chosen[name] += 1
    return {name: count for name, count in chosen.items() if count}


def gather(
    card: Card,
    training_set: TrainingSet,
    n: int,
    made: Make,
    available: Mapping[str, int] | None,
    eight_bits: bool,
) -> Sample:
    """Bring both sides together. available: how many of each class `made` can give, or None where it draws them.

    Raises NonesuchError when the set has another size, or no pictures of these classes in fold 1.
    """
    if training_set.size != card.size:
        raise NonesuchError(
            f"{training_set.folder} holds pictures of {training_set.size} px and '{card.name}' makes {card.size}: "
            f"compare with a set that `nonesuch prepare --size {card.size}` made."
        )
    tests = real_by_class(training_set, card.classes, (TEST_FOLD,))
    mix = same_mix({name: len(rows) for name, rows in tests.items()}, available, n)
    if sum(mix.values()) < 2:
        raise NonesuchError(f"{training_set.folder} has no pictures in fold 1 of the classes that were generated.")
    random = np.random.default_rng(0)
    chosen = np.concatenate([random.choice(tests[name], count, replace=False) for name, count in mix.items()])
    pool = real_by_class(training_set, card.classes, (TEST_FOLD, TUNE_FOLD))
    rows = np.concatenate([pool[name] for name in mix])
    names = np.concatenate([np.full(len(pool[name]), name) for name in mix])
    drawn = (picture for name, count in mix.items() for picture in made(name, count))
    if not eight_bits:
        files = (card.mapping.sky(training_set.images[index]) for index in chosen)
        drawn = (filed(picture, card.mapping, sky) for picture, sky in zip(drawn, files, strict=True))
    generated = np.stack(list(drawn))

    def real(indices: Indices, seed: int) -> Pictures:
        data = training_set.data(indices, card.mapping).astype(np.float32)
        if card.mapping.name == SKY:
            data = turned(data, seed)
        return rounded(data, card.mapping) if eight_bits else data

    return Sample(generated.astype(np.float32), real(chosen, 3), mix, real(rows, 4), names)


def filed(picture: Floats, mapping: DisplayMapping, sky: Floats) -> Floats:
    """Data space, (3, h, w), as it would be if it had come from a file with that sky, (3,)."""
    return mapping.to_data(mapping.to_file(picture, sky))


def turned(pictures: Pictures, seed: int) -> Pictures:
    """Each in one of the eight orientations of a square, drawn at random."""
    random = np.random.default_rng(seed)
    ways = zip(pictures, random.integers(4, size=len(pictures)), random.integers(2, size=len(pictures)), strict=True)
    return np.stack([np.rot90(one, quarters, (1, 2))[:, :, :: 1 - 2 * int(mirror)] for one, quarters, mirror in ways])


def rounded(data: Pictures, mapping: DisplayMapping) -> Pictures:
    """Data space as a lossless master keeps it: eight bits, and nothing below the sky."""
    shown = np.stack([mapping.to_display(one) for one in data])
    return np.asarray(shown.transpose(0, 3, 1, 2) / np.float32(127.5) - 1, dtype=np.float32)


def splits(classes: npt.NDArray[np.str_], mix: Mapping[str, int], count: int) -> list[tuple[Indices, Indices]]:
    """Random pairs of real sets without a picture in common, each with the report's mix as far as the pool goes."""
    random = np.random.default_rng(1)
    pairs = []
    for _ in range(count):
        one, other = [], []
        for name, wanted in mix.items():
            rows = random.permutation(np.flatnonzero(classes == name))
            half = min(wanted, len(rows) // 2)
            one.append(rows[:half])
            other.append(rows[half : 2 * half])
        pairs.append((np.concatenate(one), np.concatenate(other)))
    return pairs


def maker(folder: Path, progress: Callable[[int], None] = lambda count: None) -> Make:
    """Draws pictures of a class with a weights folder, by the card's own sampling, whatever its family.

    progress: called with how many more are drawn.
    """
    import torch

    from render.generators import load_generator
    from render.noise import normals
    from render.recipe import Recipe
    from render.weights import weights_hash

    generator, sha256 = load_generator(folder), weights_hash(folder)
    card = generator.card
    sampling = card.sampling
    if sampling is None:
        raise NonesuchError(f"the weights '{card.name}' make no pictures: their card has no [sampling].")

    def make(name: str, count: int) -> Iterable[Pictures]:
        index = card.classes.index(name) if name in card.classes else 0
        for begin in range(0, count, BATCH):
            seeds = range(FIRST_SEED + 10_000 * index + begin, FIRST_SEED + 10_000 * index + min(begin + BATCH, count))
            recipes = [
                Recipe(
                    card.family, sha256, seed, sampling.sampler, sampling.steps, sampling.guidance, card.size,
                    class_name=name if name in card.classes else None, source=card.sources[0] if card.sources else None,
                    symmetry=sampling.symmetry,
            away=sampling.away,
                )
                for seed in seeds
            ]  # fmt: skip
            noise = torch.from_numpy(np.stack([normals(seed, generator.noise_shape) for seed in seeds]))
            yield from generator.images(generator.condition(recipes), noise).cpu().numpy()
            progress(len(seeds))

    return make
