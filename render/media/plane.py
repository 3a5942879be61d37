"""A plane to files: all of its pictures on one sheet, which a page shows as it is, and a script cuts up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from render.display import Bytes, Floats
from render.media.images import (
    LICENCE,
    Encoded,
    avif,
    display_of,
    enlarged,
    jpeg,
    perceptual_hash,
    pixel_hash,
    png,
    put,
)
from render.media.store import Store
from render.provenance import generated
from render.recipe import Recipe
from render.weights import Card

WIDTH = 384
POSTER = 384
"""Pixels of the whole sheet where it stands among other walks."""


def encode_plane(
    store: Store,
    pictures: Iterator[Floats],
    recipe: Recipe,
    card: Card,
    fps: int,
    licence: str = LICENCE,
    *,
    width: int = WIDTH,
) -> Encoded:
    """Pictures in data space, (3, h, w) each, row by row from the top left; returns when every file is durable.

    width: pixels of one picture on the sheet. fps: what the walk's table says, though nothing here moves by itself, so
    that a plan sees that the exhibit is as it was asked for.
    """
    walk = recipe.walk
    if walk is None:
        raise ValueError("only a walk is a plane")
    shown, masters = [], []
    for picture in pictures:
        shown.append(enlarged(picture, width))
        masters.append(card.mapping.to_display(picture))
    sheet, master = _side_by_side(shown, walk.side), _side_by_side(masters, walk.side)
    poster = np.asarray(Image.fromarray(sheet).resize((POSTER, POSTER), Image.Resampling.LANCZOS))
    mark = generated(recipe, card, licence)
    media = [
        put(store, png(master, mark), "master", "png", master.shape[1]),
        put(store, avif(sheet, mark), "image", "avif", sheet.shape[1]),
        put(store, jpeg(sheet, mark), "fallback", "jpeg", sheet.shape[1]),
        put(store, jpeg(poster, mark), "poster", "jpeg", POSTER),
    ]
    display = display_of(master, width) | {"frames": walk.frames, "fps": fps}
    return Encoded(media, pixel_hash(master), perceptual_hash(master), display)


def _side_by_side(pictures: list[Bytes], side: int) -> Bytes:
    """(h, w, 3) each, to (side h, side w, 3)."""
    rows = [np.concatenate(pictures[row * side : (row + 1) * side], axis=1) for row in range(side)]
    return np.concatenate(rows)
