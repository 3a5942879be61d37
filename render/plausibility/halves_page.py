"""The two-model test as a page: the figures, whatever they show, and the pictures side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from render.plausibility.halves import Halves

SHOWN = 10
PLACES = ("5", "50", "95")
ROWS = {
    "same_seed": "a picture and the other model's, from the same seed",
    "other_seed": "a picture and the other model's of the same class, from another seed",
    "nearest": "a picture and the nearest training picture of its own half",
    "real_nearest": "a real picture of fold 1 and its nearest of the first half",
}


def write_halves(found: Halves, names: tuple[str, str], page: Path) -> None:
    """Write the page, with the sheet of pictures beside it under the page's name."""
    told = found.figures
    one, other = (f"{count:,}" for count in told["training_pictures"])
    rows = [f"| {text} | {' | '.join(f'{told[name][p]:.2f}' for p in PLACES)} |" for name, text in ROWS.items()]
    lines = [
        f"# {names[0]} and {names[1]}: the same seeds, other pictures to learn from",
        f"Two models of one kind, trained on disjoint halves of a set ({one} and {other} pictures), each drew "
        f"{told['n']} pictures from the same random numbers. What two models share that have no training picture in "
        "common, they did not copy. Likeness is the correlation of pixels: 1 is the same picture, 0 nothing in common.",
        "\n".join(["| likeness of | 5 % | median | 95 % |", "|---|---|---|---|", *rows]),
        f"{told['nearer_to_the_other']:.0%} of the pictures are more like the other model's picture than like any "
        "picture of their own half. Models that have learned little agree too, for both leave the noise nearly "
        "as it was: look at the pictures first.",
        f"![Rows from above: {names[0]}; {names[1]} from the same seeds; the nearest training picture of the first; "
        f"that of the second]({page.stem}.png)",
    ]
    page.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(_sheet(found)).save(page.with_suffix(".png"))
    page.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def _sheet(found: Halves) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Some pictures in four rows, (4 h, n w, 3)."""
    chosen = np.linspace(0, len(found.one) - 1, min(SHOWN, len(found.one))).astype(int)
    rows = [found.one, found.other, found.nearest_one, found.nearest_other]
    shown = [np.concatenate([found.mapping.to_display(row[i]) for i in chosen], axis=1) for row in rows]
    return np.asarray(np.concatenate(shown, axis=0))
