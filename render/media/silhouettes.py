"""Silhouettes: an outline in every size of a picture, and as SVG, crisp at any.

Data space holds distances from the outline, which change evenly across it; so a picture of any width has its edge where
the distance is 0, a pixel wide and no wider, and the SVG follows the line itself (marching squares, by contourpy).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from render.display import Bytes, DisplayMapping, Floats
from render.media.images import lanczos
from render.provenance import Mark, xmp_packet
from render.weights import Card

FINER = 4
"""Points of the line for each pixel of the network's picture."""
SPECK = 0.0004
"""Parts smaller than this share of the picture are no body."""


def cover(data: Floats, mapping: DisplayMapping, width: int) -> Floats:
    """How much of each pixel of a square picture the body covers: (3, h, h) distances to (width, width) in [0, 1]."""
    far = resized(data[0], width)
    return np.asarray(np.clip(far * np.float32(mapping.contrast(width) / 255) + 0.5, 0, 1), dtype=np.float32)


def resized(field: Floats, width: int) -> Floats:
    """(h, w) to (width, width) by Lanczos on the floats."""
    height, wide = field.shape
    return np.asarray(lanczos(height, width) @ (lanczos(wide, width) @ field.T).T, dtype=np.float32)


def silhouette(data: Floats, mapping: DisplayMapping, width: int) -> Bytes:
    """(3, h, h) distances to a picture, (width, width, 3): white on black."""
    return np.repeat(np.rint(cover(data, mapping, width) * 255).astype(np.uint8)[..., None], 3, axis=2)


def as_silhouettes(pictures: Iterator[Floats], card: Card, width: int) -> tuple[Iterator[Floats], Card]:
    """A walk's pictures as they are shown, (3, width, width), and the card with the mapping that they have then."""
    shown = (np.repeat(cover(data, card.mapping, width)[None], 3, axis=0) * 2 - 1 for data in pictures)
    return shown, card.model_copy(update={"display": DisplayMapping.plain().settings()})


def svg(data: Floats, mark: Mark) -> bytes:
    """The outline of (3, h, h) distances as an SVG document with its mark, white on black, as wide as the field has
    pixels. Raises nothing where there is no body: the picture is black.
    """
    side = data.shape[-1]
    lines = (line for line in outlines(data[0]) if abs(area(line)) > SPECK * side**2)
    path = "".join(_curve(line) for line in lines)
    packet = xmp_packet(mark).decode()
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f"<metadata>{packet}</metadata>"
        f'<rect width="{side}" height="{side}"/><path fill="#fff" fill-rule="evenodd" d="{path}"/></svg>\n'
    )
    return text.encode()


def outlines(field: Floats) -> list[Floats]:
    """Closed lines along which distances, (h, w), are 0: (points, 2) each, x and y in pixels, the last point the first.

    Beyond the picture there is nothing, so that a body that reaches its border is closed there.
    """
    from contourpy import contour_generator

    side = field.shape[0]
    fine = np.pad(resized(field, side * FINER), 1, constant_values=-1.0)
    found = (np.asarray(line, dtype=np.float32) for line in contour_generator(z=fine).lines(0.0))
    return [(line - np.float32(0.5)) / np.float32(FINER) for line in found]  # a pixel's middle, less the border


def area(line: Floats) -> float:
    """What a closed line, (points, 2), encloses, in square pixels; its sign is the hand."""
    x, y = line[:-1].T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _curve(line: Floats) -> str:
    """A closed smooth path: every point pulls a quadratic curve from the middle of one edge to that of the next."""
    points = line[:-1]
    middles = (points + np.roll(points, -1, axis=0)) / 2
    steps = " ".join(f"{x:.2f} {y:.2f} {mx:.2f} {my:.2f}" for (x, y), (mx, my) in zip(points, middles, strict=True))
    return f"M{middles[-1][0]:.2f} {middles[-1][1]:.2f}Q{steps}Z"
