"""The blind sheet: can someone tell our galaxies from real ones?

    python docs/blind.py sheet SET [SEED]          makes docs/blind/sheet.png and docs/blind/key.csv
    python docs/blind.py score ANSWERS.csv         compares answers with the key, writes the result and the card

SET is a training set of `nonesuch prepare`. 48 real galaxies of fold 1, which no network saw, and 48 generated ones of
the same classes are mixed by chance. Both go the same way: data space, the card's display mapping, JPEG of one quality,
and enlargement, so that neither size nor codec gives an answer. Whoever answers gets the sheet alone, and writes a line
`number,real` or `number,generated` for each of the 96 places, counted by rows from 1.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "blind"
WEIGHTS = "galaxy-96"
EACH, COLUMNS, SCALE, QUALITY = 48, 12, 2, 92


def same_way(display: np.ndarray) -> Image.Image:
    """(h, w, 3) uint8 through one codec and one enlargement."""
    stream = io.BytesIO()
    Image.fromarray(display).save(stream, "JPEG", quality=QUALITY, subsampling=0)
    picture = Image.open(stream)
    return picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.BICUBIC)


def make(source: Path, seed: int) -> None:
    """Draw the galaxies, mix them, and write sheet and key."""
    from render.generators import load_generator
    from render.plausibility.pictures import filed
    from render.training.dataset import TEST_FOLD, TrainingSet
    from render.training.samples import pictures_of_class
    from render.weights import find_weights

    generator = load_generator(find_weights(WEIGHTS))
    card, training_set = generator.card, TrainingSet.open(source)
    random = np.random.default_rng(seed)
    labels = training_set.column("label")
    labelled = [i for i in np.flatnonzero(training_set.folds == TEST_FOLD) if labels[i] in card.classes]
    real = random.choice(labelled, EACH, replace=False)
    skies = [card.mapping.sky(training_set.images[index]) for index in real]
    entries = []
    for index in real:
        data = training_set.data(np.array([index]), card.mapping)[0].astype(np.float32)
        entries.append((same_way(card.mapping.to_display(data)), "real", training_set.rows[index]["file"]))
    for name in card.classes:
        count = sum(labels[index] == name for index in real)
        seeds = random.integers(1 << 20, 1 << 30, count).tolist()
        if count:
            pictures = pictures_of_class(generator, card.classes.index(name), seeds)
            for number, drawn in zip(seeds, pictures, strict=True):
                data = filed(drawn, card.mapping, skies[len(entries) - EACH])
                entries.append((same_way(card.mapping.to_display(data)), "generated", f"{name} {number}"))
    mixed = [entries[i] for i in random.permutation(len(entries))]
    FOLDER.mkdir(exist_ok=True)
    sheet([picture for picture, _, _ in mixed]).save(FOLDER / "sheet.png", optimize=True)
    with (FOLDER / "key.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["number", "truth", "what"])
        writer.writerows([i, truth, what] for i, (_, truth, what) in enumerate(mixed, 1))


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Pictures in rows with their numbers below."""
    width, height, gap, line = *pictures[0].size, 6, 16
    rows = -(-len(pictures) // COLUMNS)
    paper = Image.new("RGB", (COLUMNS * (width + gap) + gap, rows * (height + gap + line) + gap), (24, 24, 24))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(13)
    for index, picture in enumerate(pictures):
        left = gap + index % COLUMNS * (width + gap)
        top = gap + index // COLUMNS * (height + gap + line)
        paper.paste(picture, (left, top))
        pen.text((left, top + height), str(index + 1), (170, 170, 170), font)
    return paper


def score(answers: Path) -> None:
    """The share that was right, with Wilson's 95 % interval; 50 % is guessing."""
    import tomlkit

    from render.weights import find_weights, load_card, save_card

    def column(path: Path, place: int) -> dict[str, str]:
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row and row[0].strip().isdigit()]
        return {row[0].strip(): row[place].strip() for row in rows}

    key, given = column(FOLDER / "key.csv", 1), column(answers, 1)
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
    (FOLDER / "result.toml").write_text(tomlkit.dumps(told))
    weights = find_weights(WEIGHTS)
    card = load_card(weights)
    save_card(weights, card.model_copy(update={"quality": card.quality | {"blind_sheet": told}}))
    print(tomlkit.dumps(told))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sheet", source, *rest]:
            make(Path(source), int(rest[0]) if rest else 1)
        case ["score", path]:
            score(Path(path))
        case _:
            sys.exit(__doc__)
