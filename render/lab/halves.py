"""The two-model test as a part of a finished lab: its figures, what both drew, and what is nearest in their halves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from render.durable import write_whole
from render.lab.finished import ABOUT, Halves, read_finished, short
from render.lab.finishing import SHOWN, Bench, enlarged
from render.media.images import LICENCE
from render.plausibility import halves
from render.plausibility.pictures import Pictures
from render.provenance import CAPTURE, TOOL, Mark
from render.training.sheets import contact_sheet
from render.weights import Card

ROWS = 8
"""Pictures of each column."""


def hang(found: halves.Halves, cards: tuple[Card, Card], folder: Path) -> None:
    """Put the test's outcome into the finished lab in `folder`, in the place of an earlier one.

    Files first, then ``lab.json``, then what nothing names any more is deleted: a killed run leaves a whole lab. Raises
    NonesuchError where there is none.
    """
    lab = read_finished(folder)
    credited = [one for one in cards[0].training.credits if one.name]
    credits = [one.name for one in credited]
    bench = Bench(folder, cards[0].licence or LICENCE)
    drawn = [_column(pictures, found) for pictures in (found.one, found.other)]
    real = [_column(pictures, found) for pictures in (found.nearest_one, found.nearest_other)]
    credit = f"{'; '.join(credits) or cards[0].training.data}. Real pictures, from a training set of nonesuch."
    captured = Mark(CAPTURE, credit, "; ".join(dict.fromkeys(one.licence for one in credited)), tool=TOOL)
    told = found.figures
    hung = Halves(
        training_set=short(cards[0].training.data),
        trained_on=told["training_pictures"],
        steps=[card.training.steps for card in cards],
        size=cards[0].size,
        parameters=cards[0].parameters,
        pictures=told["n"],
        nearer_to_the_other=told["nearer_to_the_other"],
        shown=max(cards[0].size, SHOWN),
        rows=len(_chosen(found)),
        columns=[
            *(bench.picture(one, f"{card.name}, the two-model test") for one, card in zip(drawn, cards, strict=True)),
            *(bench.picture(one, "", captured) for one in real),
        ],
        credits=[short(one) for one in credits],
        **{name: list(told[name].values()) for name in ("same_seed", "other_seed", "nearest", "real_nearest")},
    )
    after = lab.model_copy(update={"halves": hung})
    write_whole(folder / ABOUT, after.model_dump_json() + "\n")
    for name in set(lab.files()) - set(after.files()):
        (folder / name).unlink(missing_ok=True)


def _chosen(found: halves.Halves) -> list[int]:
    """Evenly among all, which lie class by class."""
    return [int(i) for i in np.linspace(0, len(found.one) - 1, min(ROWS, len(found.one)))]


def _column(pictures: Pictures, found: halves.Halves) -> Image.Image:
    return contact_sheet([enlarged(found.mapping.to_display(pictures[i])) for i in _chosen(found)], 1)
