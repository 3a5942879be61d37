"""Views of a sphere, and how several of them agree: the geometry under the surface family.

A *view* is a square picture on a tangent plane (gnomonic projection; Snyder 1987, USGS Professional Paper 1395, section
22). Directions are unit vectors, x towards longitude 0 on the equator, z to the north pole. A *map* is equirectangular:
row 0 is the north, column 0 starts at longitude -180 degrees, and pixels are centred in their cells.

Views overlap. `weights` says how much each pixel of each view counts in a direction: it is a sparse matrix from all
pixels of all views to any set of directions, so that one product lets all views agree, and another makes the map of
them. A direction knows neither a date line nor a pole, so there is no seam anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
GOLDEN = math.pi * (3 - math.sqrt(5))


def lattice(count: int) -> Doubles:
    """(count, 3): directions spread evenly over the sphere (a Fibonacci lattice; Gonzalez 2010, arXiv:0912.4540)."""
    number = np.arange(count)
    z = 1 - (2 * number + 1) / count
    radius, angle = np.sqrt(1 - z * z), GOLDEN * number
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)


def map_directions(height: int) -> Doubles:
    """(height * 2 height, 3): the directions of an equirectangular map's pixels, row by row."""
    latitude = math.pi * (0.5 - (np.arange(height) + 0.5) / height)
    longitude = math.pi * ((np.arange(2 * height) + 0.5) / height - 1)
    lat, lon = (grid.ravel() for grid in np.meshgrid(latitude, longitude, indexing="ij"))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def map_place(directions: Doubles, height: int) -> tuple[Doubles, Doubles]:
    """Row and column (both with fractions, pixel centres at whole numbers) of directions on a map of that height."""
    latitude = np.arcsin(np.clip(directions[..., 2], -1, 1))
    longitude = np.arctan2(directions[..., 1], directions[..., 0])
    return (0.5 - latitude / math.pi) * height - 0.5, (longitude / math.pi + 1) * height - 0.5


def frame(centre: Doubles) -> Doubles:
    """(3, 3): a view's right, down and forward, where up is north."""
    forward = centre / np.linalg.norm(centre)
    east = np.cross([0.0, 0.0, 1.0], forward)
    if np.linalg.norm(east) < 1e-9:  # on a pole every way is as good
        east = np.array([0.0, 1.0, 0.0])
    east /= np.linalg.norm(east)
    return np.stack([east, np.cross(east, forward), forward])


@dataclass(frozen=True)
class Views:
    """Square views, all equally wide. frames: (n, 3, 3) from `frame`; degrees: their width; size: pixels of a side."""

    frames: Doubles
    degrees: float
    size: int

    @classmethod
    def around(cls, count: int, degrees: float, size: int) -> Views:
        """Views that cover the whole sphere, north up."""
        frames = np.stack([frame(centre) for centre in lattice(count)])
        return cls(frames, degrees, size)

    @property
    def reach(self) -> float:
        """Half of a view's width on its tangent plane."""
        return math.tan(math.radians(self.degrees) / 2)

    def directions(self) -> Doubles:
        """(n, size, size, 3): the direction of every pixel."""
        line = ((np.arange(self.size) + 0.5) / self.size * 2 - 1) * self.reach
        down, right = np.meshgrid(line, line, indexing="ij")
        plane = np.stack([right, down, np.ones_like(right)], axis=-1)  # (size, size, 3)
        rays = np.einsum("hwk,nkc->nhwc", plane, self.frames)
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))

    def places(self, view: int, directions: Doubles) -> tuple[npt.NDArray[np.int64], Doubles, Doubles]:
        """Which of the directions, (n, 3), lie in a view, and how far across and down it, in (-1, 1)."""
        near = np.flatnonzero(directions @ self.frames[view, 2] > 1 / math.sqrt(1 + 2 * self.reach**2))
        right, down, forward = self.frames[view] @ directions[near].T
        across, below = right / forward / self.reach, down / forward / self.reach
        inside = (np.abs(across) < 1) & (np.abs(below) < 1)
        return near[inside], across[inside], below[inside]


def weights(directions: Doubles, views: Views, sharpness: float) -> Any:
    """(directions, views * size * size) sparse: each row adds up to 1.

    A view counts by how far inside it the direction lies, to the power `sharpness`, and by bilinear interpolation
    between its pixels. Raises ValueError when the views leave a gap.
    """
    size = views.size
    rows, columns, values = [], [], []
    for view in range(len(views.frames)):
        inside, x, y = views.places(view, directions)
        feather = ((1 - x * x) * (1 - y * y)) ** sharpness
        px = np.clip((x + 1) / 2 * size - 0.5, 0, size - 1)
        py = np.clip((y + 1) / 2 * size - 0.5, 0, size - 1)
        left, top = np.minimum(px.astype(int), size - 2), np.minimum(py.astype(int), size - 2)
        fx, fy = px - left, py - top
        for dy, wy in ((0, 1 - fy), (1, fy)):
            for dx, wx in ((0, 1 - fx), (1, fx)):
                rows.append(inside)
                columns.append((view * size + top + dy) * size + left + dx)
                values.append(feather * wx * wy)
    shape = (len(directions), len(views.frames) * size * size)
    place = (np.concatenate(rows), np.concatenate(columns))
    matrix = sparse.coo_matrix((np.concatenate(values), place), shape).tocsr()
    total = np.asarray(matrix.sum(axis=1)).ravel()
    if total.min() <= 0:
        raise ValueError("the views do not cover the sphere")
    return (sparse.diags(1 / total) @ matrix).astype(np.float32).tocsr()


def owners(points: Doubles, views: Views) -> tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]:
    """For every view, which points fall into it, and into which of its pixels.

    The sum of independent normals over a pixel, divided by the square root of their number, is a normal again, and
    views that see the same points get noise that agrees (Chang et al. 2024, "How I warped your noise", ICLR).
    """
    which, pixels = [], []
    for view in range(len(views.frames)):
        inside, across, down = views.places(view, points)
        column = ((across + 1) / 2 * views.size).astype(int)
        row = ((down + 1) / 2 * views.size).astype(int)
        which.append(inside)
        pixels.append(row * views.size + column)
    return which, pixels


def gathered(noise: Floats, own: tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]], size: int) -> Floats:
    """Noise on points, (c, points), to noise of views, (n, c, size, size): white in every view.

    A pixel into which no point falls takes its left neighbour's value.
    """
    out = np.empty((len(own[0]), len(noise), size, size), dtype=np.float32)
    for view, (which, pixels) in enumerate(zip(*own, strict=True)):
        count = np.bincount(pixels, minlength=size * size)
        source = np.maximum.accumulate(np.where(count > 0, np.arange(size * size), 0))
        for channel in range(len(noise)):
            total = np.bincount(pixels, noise[channel, which], minlength=size * size)
            out[view, channel] = (total / np.sqrt(np.maximum(count, 1)))[source].reshape(size, size)
    return out
