"""What one looks at while a model trains: a sheet of samples and a curve of losses, as PNG."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from render.display import DisplayMapping

GAP = 2


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


def loss_curve(losses: Path, picture: Path) -> None:
    """loss.csv (step, loss) as a PNG: every loss lightly, their running mean over 100 steps firmly."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with losses.open(newline="") as file:
        values = np.array([[float(step), float(loss)] for step, loss in csv.reader(file)])
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(values[:, 0], values[:, 1], color="0.85", linewidth=0.5)
    window = min(100, len(values))
    mean = np.convolve(values[:, 1], np.ones(window) / window, mode="valid")
    axes.plot(values[window - 1 :, 0], mean, color="black", linewidth=1)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    FigureCanvasAgg(figure)
    figure.savefig(picture, format="png")
