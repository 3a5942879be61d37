"""What one looks at while a model trains: a sheet of samples and a curve of losses."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from render.display import DisplayMapping
from render.training.pool import Pictures

GAP = 2
GREYS = 16
REAL, WIDEST = 2, 100
"""Real pictures beside each row of generated ones; how many pixels a picture on a sheet may be reduced to, or twice."""


def contact_sheet(pictures: list[npt.NDArray[np.uint8]], columns: int) -> Image.Image:
    """Pictures of one size, (h, w, 3), in rows with hair gaps on black."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), dtype=np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * (height + GAP), (index % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return Image.fromarray(sheet)


def sample_sheet(data: npt.NDArray[np.float32], mapping: DisplayMapping, columns: int) -> Image.Image:
    """(n, 3, h, w) in data space as a sheet, row by row."""
    return contact_sheet([mapping.to_display(picture) for picture in data], columns)


def save_sheet(folder: Path, name: str, sheet: Image.Image) -> None:
    """Into a weights folder; a JPEG is a fifth of a PNG, and weights ship."""
    sheet.convert("RGB").save(folder / f"{name}.jpg", quality=80, subsampling=0, optimize=True, progressive=True)


def compared_sheet(
    data: npt.NDArray[np.float32], pictures: Pictures, mapping: DisplayMapping, columns: int
) -> Image.Image:
    """Rows of `columns` generated pictures, (n, 3, h, w) in data space, each with real ones of its class at its end, or
    of all where rows are no classes. Large pictures are reduced.
    """
    rows = len(data) // columns
    own = len(pictures.class_names) == rows
    tiles: list[npt.NDArray[np.uint8]] = []
    for row in range(rows):
        real = pictures.some(REAL, row) if own else pictures.some(REAL * rows)[REAL * row :][:REAL]
        shown = [*data[row * columns :][:columns], *real.astype(np.float32)]
        tiles += [mapping.to_display(picture) for picture in shown]
    sheet = contact_sheet(tiles, columns + REAL)
    return sheet.reduce(max(1, tiles[0].shape[0] // WIDEST))


def loss_curve(losses: Path, picture: Path, names: Sequence[str] = ("loss",)) -> None:
    """loss.csv (step, and a column for each name) as a PNG: every loss lightly, its mean over 100 steps firmly."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with losses.open(newline="") as file:
        values = np.array([[float(cell) for cell in row] for row in csv.reader(file)])
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    window = min(100, len(values))
    for column, (name, shade) in enumerate(zip(names, ("0", "0.45", "0.65", "0.75"), strict=False), 1):
        axes.plot(values[:, 0], values[:, column], color="0.85", linewidth=0.5)
        mean = np.convolve(values[:, column], np.ones(window) / window, mode="valid")
        axes.plot(values[window - 1 :, 0], mean, color=shade, linewidth=1, label=name)
    if len(names) > 1:
        axes.legend(frameon=False)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    FigureCanvasAgg(figure)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("L").quantize(GREYS).save(picture, optimize=True)  # a third of matplotlib's own bytes
