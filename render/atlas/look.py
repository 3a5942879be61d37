"""What a picture looks like, however it is turned: light and colour on rings around the middle.

Each ring is sampled at equal angles and taken apart by a Fourier transform; the magnitudes stay the same when the
picture is turned or mirrored (Kuhl & Giardina 1982, CGIP 18, 236, for outlines; here for whole rings). Order 0 is a
ring's mean light, order 2 a bar or two arms, and so on. ``site/src/near/look.ts`` computes the same in a browser, so
that a picture which never leaves it can be compared.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.errors import NonesuchError

SIZE = 64  # pixels of the square that is looked at
RINGS = 12
SPOKES = 32
ORDERS = 4  # Fourier orders 1 to 4 of every ring's light
FAINT = 0.001  # magnitudes below this are a file's rounding: their root must not blow them up
INNERMOST, OUTERMOST = 0.5, 31.0  # radii in pixels
FEATURES = RINGS * (2 + ORDERS)

Floats = NDArray[np.float32]


def look(picture: Image.Image) -> Floats:
    """(FEATURES,): mean light of each ring, roots of the magnitudes of orders 1 to 4, and mean red less blue.

    A picture that is not square is looked at as its largest square in the middle.
    """
    square = _square(picture.convert("RGB")).resize((SIZE, SIZE), Image.Resampling.BOX)
    return described(np.asarray(square))


def read(data: bytes) -> Image.Image:
    """A published picture, decoded no larger than is needed. Raises NonesuchError when it is none."""
    try:
        picture = Image.open(io.BytesIO(data))
        picture.draft("RGB", (SIZE, SIZE))  # a JPEG is decoded at an eighth to a half of its size, which is quick
        picture.load()
    except (OSError, ValueError) as error:
        raise NonesuchError(f"a picture of the store cannot be read ({error}): run `nonesuch check --mend`.") from None
    return picture


def described(pixels: NDArray[np.uint8]) -> Floats:
    """(SIZE, SIZE, 3) in 0 to 255 -> (FEATURES,)."""
    values: Floats = np.asarray(pixels, dtype=np.float32) / np.float32(255)
    light = _rings(values.mean(axis=2))  # (rings, spokes)
    waves = np.abs(np.fft.rfft(light, axis=1))[:, 1 : ORDERS + 1] / SPOKES
    colour = _rings(values[:, :, 0] - values[:, :, 2]).mean(axis=1)
    found = np.concatenate([light.mean(axis=1), np.sqrt(waves + FAINT).ravel(), colour])
    return found.astype(np.float32)


def _rings(plane: Floats) -> Floats:
    """(SIZE, SIZE) -> (RINGS, SPOKES), by bilinear interpolation; rings lie closer together near the middle."""
    x, y, u, v = _spokes()
    top = plane[y, x] * (1 - u) + plane[y, x + 1] * u
    bottom = plane[y + 1, x] * (1 - u) + plane[y + 1, x + 1] * u
    return np.asarray(top * (1 - v) + bottom * v, dtype=np.float32)


@cache
def _spokes() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Where is looked, each (RINGS, SPOKES): column and row of a pixel, and how far beyond it."""
    share = (np.arange(RINGS) + 0.5) / RINGS
    radius = (INNERMOST + (OUTERMOST - INNERMOST) * share**1.5)[:, None]
    angle = (2 * np.pi * np.arange(SPOKES) / SPOKES)[None]
    middle = (SIZE - 1) / 2
    across, down = middle + radius * np.cos(angle), middle + radius * np.sin(angle)
    x, y = np.floor(across).astype(int), np.floor(down).astype(int)
    return x, y, across - x, down - y


def _square(picture: Image.Image) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))
