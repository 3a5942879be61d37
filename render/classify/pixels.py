"""Small tools on planes of pixels for `measure`: sky, smoothing, the half-turn trick, connected parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Plane = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
Centre = tuple[float, float]  # row, column, in pixels; whole or half numbers, so that half a turn maps pixel on pixel


def border_sky(plane: Plane) -> tuple[float, float]:
    """Level and spread (sigma) of the sky, from a frame of a sixteenth of the width.

    The spread looks only at what is below the median: a galaxy or a star that reaches the frame lies above it.
    """
    width = max(2, plane.shape[1] // 16)
    inner = np.ones(plane.shape, dtype=bool)
    inner[width:-width, width:-width] = False
    frame = plane[inner]
    level = float(np.median(frame))
    below = level - frame[frame < level]
    return level, float(1.4826 * np.median(below)) if below.size else 0.0


def smoothed(plane: Plane, sigma: float | None = None) -> Plane:
    """A separable Gaussian; by default of a hundredth of the width, about the resolution of the survey's pictures."""
    sigma = plane.shape[1] / 96 if sigma is None else sigma
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(plane, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
        plane = windows @ kernel
    return plane


def shift_free_peak(smooth: Plane) -> Centre:
    """The centre of the object in the middle: its brightest place, then twice the light's mean around it.

    A broad smoothing and a bias to the middle keep a bright star at the edge from being taken for the galaxy.
    """
    h, w = smooth.shape
    y, x = np.indices(smooth.shape, dtype=np.float64)
    nearness = np.exp(-((y - (h - 1) / 2) ** 2 + (x - (w - 1) / 2) ** 2) / (2 * (0.12 * w) ** 2))
    score = smoothed(np.clip(smooth, 0, None), 0.015 * w) * nearness
    row, column = (float(i) for i in np.unravel_index(int(score.argmax()), score.shape))
    for _ in range(2):
        window = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * (0.03 * w) ** 2)) * np.clip(smooth, 0, None)
        if window.sum() <= 0:
            break
        # the mean under a window of the object's own width moves half of the way at most: go the whole way
        row, column = (float((window * grid).sum() / window.sum()) for grid in (y, x))
    return round(2 * row) / 2, round(2 * column) / 2


def symmetric(plane: Plane, centre: Centre) -> Plane:
    """Of every pixel and the one half a turn away about the centre, the fainter; beyond the frame there is sky, 0."""
    h, w = plane.shape
    rows, columns = round(2 * centre[0]) - np.arange(h), round(2 * centre[1]) - np.arange(w)
    inside = ((rows >= 0) & (rows < h))[:, None] & ((columns >= 0) & (columns < w))[None, :]
    turned = plane[np.clip(rows, 0, h - 1)[:, None], np.clip(columns, 0, w - 1)[None, :]]
    return np.where(inside, np.minimum(plane, turned), 0.0)


def components(mask: Mask) -> Labels:
    """Label the 8-connected parts of a mask: 0 outside, otherwise one number a part.

    Every pixel takes the lowest label among its neighbours, then that label's own label, until nothing changes.
    """
    h, w = mask.shape
    nowhere = h * w + 1
    labels = np.where(mask, np.arange(1, h * w + 1).reshape(h, w), nowhere)
    while True:
        padded = np.pad(labels, 1, constant_values=nowhere)
        lowest = np.min([padded[i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0)
        lowest = np.where(mask, lowest, nowhere)
        table = np.append(np.append(0, lowest.ravel()), nowhere)
        lowest = np.where(mask, table[lowest], nowhere)
        if (lowest == labels).all():
            return np.where(mask, labels, 0)
        labels = lowest
