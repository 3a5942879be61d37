"""A surface in the store: its map without loss, the map for download, and its globe in every size of a picture."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from render.display import Bytes, Floats
from render.media.globe import Aspect, globe
from render.media.images import (
    FALLBACK_WIDTH,
    LICENCE,
    WIDTHS,
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
from render.provenance import Mark, generated, xmp_packet
from render.recipe import Recipe
from render.weights import Card

MAP_JPEG = {"quality": 92, "subsampling": 0, "optimize": True}


def encode_surface(store: Store, surface: Floats, recipe: Recipe, card: Card, licence: str = LICENCE) -> Encoded:
    """A map in data space, (3, h, 2 h), to all its files; returns when they are durable.

    The master is the map: it is what the network drew, and what the exhibit is hashed by. The pictures are its globe.
    """
    mark = generated(recipe, card, licence)
    aspect = Aspect.of(recipe)
    ball = globe(surface, aspect, recipe, max(WIDTHS))
    master = card.mapping.to_display(surface)
    height, width = master.shape[:2]
    sizes = {one: enlarged(ball, one) for one in WIDTHS}
    media = [put(store, png(master, mark), "master", "png", width, height)]
    media.append(put(store, map_jpeg(master, mark), "map", "jpeg", width, height))
    media += [put(store, avif(sizes[one], mark), "image", "avif", one) for one in sizes]
    media.append(put(store, jpeg(sizes[FALLBACK_WIDTH], mark), "fallback", "jpeg", FALLBACK_WIDTH))
    display = display_of(sizes[max(WIDTHS)], max(WIDTHS)) | {"globe": aspect.as_json()}
    return Encoded(media, pixel_hash(master), perceptual_hash(master), display)


def globes(surfaces: Iterator[Floats], recipe: Recipe, width: int = FALLBACK_WIDTH) -> Iterator[Floats]:
    """The globes of a walk's maps, all in the light of the walk's first seed."""
    aspect = Aspect.of(recipe)
    return (globe(surface, aspect, recipe, width) for surface in surfaces)


def map_jpeg(picture: Bytes, mark: Mark) -> bytes:
    """A map as it is given away."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", xmp=xmp_packet(mark), **MAP_JPEG)
    return buffer.getvalue()
