"""The blind sheet: can someone tell our galaxies from real ones?

    python docs/blind.py sheet SET [SEED]          makes docs/blind/sheet.png and docs/blind/key.csv
    python docs/blind.py score ANSWERS.csv         compares answers with the key, writes the result and the card

SET is a training set of `nonesuch prepare`. 48 real galaxies of fold 1, which no network saw, and 48 generated ones of
the same classes are mixed by chance. Both go the same way: data space, the card's display mapping, a JPEG such as the
real ones had been before the set was made, and enlargement, so that neither size nor codec gives an answer. Whoever
answers gets the sheet alone, and writes a line `number,real` or `number,generated` for each of the 96 places, counted
by rows from 1.

    python docs/blind.py enlarged SET [SEED]       makes docs/blind/upscaler/sheet-1.jpg to -4.jpg and key.csv
    python docs/blind.py score-enlarged ANSWERS.csv

The same of the second stage alone: SET is of the upscaler's size, and in the place of the generated galaxies stand 48
other real ones of fold 1 that were reduced to 96 px and enlarged by it. What it draws is all that can tell them apart.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
EACH, QUALITY, SMALLER = 48, 92, 96
HALVED = 2
"""What Pillow calls a JPEG with colour at half the resolution of light."""
Entry = tuple[Image.Image, str, str]
"""A picture, whether it is real, and what it shows."""


@dataclass(frozen=True)
class Stage:
    """What a sheet is of, and how it is laid out: so many columns, so many pictures on each of its files. side, codec:
    what every picture is stored as before it is enlarged. EFIGI's galaxies are JPEGs of 88 px, quality 75, with colour
    at half the resolution; a finer codec would leave their blocks to be seen, and only in real pictures.
    """

    weights: str
    folder: Path
    columns: int
    together: int
    scale: int
    file: str
    side: int
    codec: dict[str, int]

    def same_way(self, display: np.ndarray) -> Image.Image:
        """(h, w, 3) uint8 in one size through one codec and one enlargement."""
        stream = io.BytesIO()
        sized = Image.fromarray(display).resize((self.side, self.side), Image.Resampling.LANCZOS)
        sized.save(stream, "JPEG", **self.codec)
        picture = Image.open(stream)
        return picture.resize((picture.width * self.scale, picture.height * self.scale), Image.Resampling.BICUBIC)

    def write(self, entries: list[Entry], random: np.random.Generator) -> None:
        """Mix them, and write sheet and key."""
        mixed = [entries[i] for i in random.permutation(len(entries))]
        self.folder.mkdir(exist_ok=True)
        for first in range(0, len(mixed), self.together):
            some = [picture for picture, _, _ in mixed[first : first + self.together]]
            path = self.folder / self.file.format(first // self.together + 1)
            sheet(some, self.columns, first).save(path, optimize=True, quality=QUALITY)
        with (self.folder / "key.csv").open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["number", "truth", "what"])
            writer.writerows([i, truth, what] for i, (_, truth, what) in enumerate(mixed, 1))


BLIND = ROOT / "docs" / "blind"
GENERATOR = Stage(
    "galaxy-96",
    BLIND,
    columns=12,
    together=96,
    scale=2,
    file="sheet.png",
    side=88,
    codec={"quality": 75, "subsampling": HALVED},
)
UPSCALER = Stage(
    "galaxy-upscaler",
    BLIND / "upscaler",
    columns=6,
    together=24,
    scale=1,
    file="sheet-{}.jpg",
    side=256,
    codec={"quality": QUALITY, "subsampling": 0},
)


def drawn_beside_real(source: Path, seed: int) -> None:
    """Generated galaxies among as many real ones of the same classes."""
    from render.generators import load_generator
    from render.plausibility.pictures import filed
    from render.training.dataset import TEST_FOLD, TrainingSet
    from render.training.samples import pictures_of_class
    from render.weights import find_weights

    stage = GENERATOR
    generator = load_generator(find_weights(stage.weights))
    card, training_set = generator.card, TrainingSet.open(source)
    random = np.random.default_rng(seed)
    labels = training_set.column("label")
    labelled = [i for i in np.flatnonzero(training_set.folds == TEST_FOLD) if labels[i] in card.classes]
    real = random.choice(labelled, EACH, replace=False)
    skies = [card.mapping.sky(training_set.images[index]) for index in real]
    entries: list[Entry] = []
    for index in real:
        data = training_set.data(np.array([index]), card.mapping)[0].astype(np.float32)
        entries.append((stage.same_way(card.mapping.to_display(data)), "real", training_set.rows[index]["file"]))
    for name in card.classes:
        count = sum(labels[index] == name for index in real)
        seeds = random.integers(1 << 20, 1 << 30, count).tolist()
        if count:
            pictures = pictures_of_class(generator, card.classes.index(name), seeds)
            for number, drawn in zip(seeds, pictures, strict=True):
                data = filed(drawn, card.mapping, skies[len(entries) - EACH])
                entries.append((stage.same_way(card.mapping.to_display(data)), "generated", f"{name} {number}"))
    stage.write(entries, random)


def enlarged_beside_real(source: Path, seed: int) -> None:
    """Real galaxies that the upscaler enlarged among as many others as they are."""
    import torch

    from render.generators.upscaler import Upscaler
    from render.plausibility.pictures import filed
    from render.training.dataset import TEST_FOLD, TrainingSet
    from render.training.upscaler import pair
    from render.weights import find_weights

    stage = UPSCALER
    upscaler, training_set = Upscaler.load(find_weights(stage.weights)), TrainingSet.open(source)
    mapping = upscaler.card.mapping
    random = np.random.default_rng(seed)
    chosen = random.choice(np.flatnonzero(training_set.folds == TEST_FOLD), 2 * EACH, replace=False)
    data = training_set.data(chosen, mapping).astype(np.float32)
    _, made = pair(upscaler, torch.from_numpy(data[EACH:]), SMALLER)
    files = [training_set.rows[index]["file"] for index in chosen]
    shown = [*data[:EACH]]
    for picture, index in zip(made.numpy(), chosen[EACH:], strict=True):
        shown.append(filed(picture, mapping, mapping.sky(training_set.images[index])))
    truths = ["real"] * EACH + ["generated"] * EACH
    pictures = [stage.same_way(mapping.to_display(one)) for one in shown]
    stage.write(list(zip(pictures, truths, files, strict=True)), random)


def sheet(pictures: list[Image.Image], columns: int, first: int) -> Image.Image:
    """Pictures in rows with their numbers below, the first number `first` + 1."""
    width, height, gap, line = *pictures[0].size, 6, 16
    rows = -(-len(pictures) // columns)
    paper = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap + line) + gap), (24, 24, 24))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(13)
    for index, picture in enumerate(pictures):
        left = gap + index % columns * (width + gap)
        top = gap + index // columns * (height + gap + line)
        paper.paste(picture, (left, top))
        pen.text((left, top + height), str(first + index + 1), (170, 170, 170), font)
    return paper


def score(answers: Path, stage: Stage) -> None:
    """The share that was right, with Wilson's 95 % interval; 50 % is guessing."""
    import tomlkit

    from render.weights import find_weights, load_card, save_card

    def column(path: Path, place: int) -> dict[str, str]:
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row and row[0].strip().isdigit()]
        return {row[0].strip(): row[place].strip() for row in rows}

    key, given = column(stage.folder / "key.csv", 1), column(answers, 1)
    if key.keys() != given.keys() or not set(given.values()) <= {"real", "generated"}:
        sys.exit(f"{answers}: every number from 1 to {len(key)} needs 'real' or 'generated', once.")
    n, right = len(key), sum(key[place] == given[place] for place in key)
    share, z = right / n, 1.96
    middle, half = share + z * z / (2 * n), z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    interval = [round((middle + sign * half) / (1 + z * z / n), 4) for sign in (-1, 1)]
    told = {"answers": n, "right": round(share, 4), "right_interval_95": interval}
    for truth in ("real", "generated"):
        mine = [place for place in key if key[place] == truth]
        told[f"{truth}_taken_for_real"] = round(sum(given[place] == "real" for place in mine) / len(mine), 4)
    (stage.folder / "result.toml").write_text(tomlkit.dumps(told))
    weights = find_weights(stage.weights)
    card = load_card(weights)
    save_card(weights, card.model_copy(update={"quality": card.quality | {"blind_sheet": told}}))
    print(tomlkit.dumps(told))


if __name__ == "__main__":
    MAKE: dict[str, Callable[[Path, int], None]] = {"sheet": drawn_beside_real, "enlarged": enlarged_beside_real}
    SCORE = {"score": GENERATOR, "score-enlarged": UPSCALER}
    match sys.argv[1:]:
        case [what, source, *rest] if what in MAKE:
            MAKE[what](Path(source), int(rest[0]) if rest else 1)
        case [what, path] if what in SCORE:
            score(Path(path), SCORE[what])
        case _:
            sys.exit(__doc__)
