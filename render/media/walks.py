"""Walks to files: a loop as MP4 (AV1 and H.264) for the page, GIF for download, posters for before.

Pictures go into durable segments as they come (`render.media.films`), so memory stays flat however long the walk, and a
film that was killed goes on. The picture after the last would be the first, so a loop has no frame twice.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from render.display import Floats
from render.media.films import Reel, encoders
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
    put_file,
)
from render.media.store import Store
from render.media.swirl import Stage, film_frames, swirled
from render.provenance import generated, xmp_packet
from render.recipe import Recipe
from render.weights import Card

WIDTH = 384
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The uuid under which an MP4 file holds an XMP packet (XMP specification, part 3)."""


def encode_walk(
    store: Store,
    pictures: Iterator[Floats],
    recipe: Recipe,
    card: Card,
    fps: int,
    licence: str = LICENCE,
    *,
    width: int = WIDTH,
    begun: int = 0,
    reels: Path | None = None,
) -> Encoded:
    """Pictures in data space, (3, h, w) each, from number `begun` on, as a loop; returns when every file is durable.

    reels: where films in the making are kept, for a night that is killed; nowhere when left out. The reel stays:
    whoever wrote the row that names the film discards it.
    """
    with tempfile.TemporaryDirectory(prefix="nonesuch-walk-") as scratch:
        reel = Reel.of(reels or Path(scratch), recipe, fps, width)
        shoot(reel, pictures, recipe, begun)
        return _developed(store, reel, recipe, card, licence, Path(scratch))


def shoot(reel: Reel, pictures: Iterator[Floats], recipe: Recipe, begun: int = 0) -> None:
    """Pictures from number `begun` on into the reel, less those that it has."""
    if reel.pictures == 0:
        first = next(pictures, None)
        if first is None or begun:
            raise ValueError("a film begins with its first picture")
        reel.begin(first)
        pictures = itertools.chain([first], pictures)
    there = reel.pictures
    further: Iterator[Floats] = itertools.islice(pictures, max(0, there - begun), None)
    if recipe.walk is not None and recipe.walk.swirl is not None:
        further = swirled(further, recipe, reel.width, reel.first, there)
    reel.write(enlarged(frame, reel.width) for frame in further)


def opening(picture: Floats, recipe: Recipe, width: int) -> Floats:
    """The first film frame, (3, h, w) in data space, of a walk whose picture 0 this is."""
    swirl = recipe.walk is not None and recipe.walk.swirl is not None
    return Stage.of(recipe, width).frame(picture, 0.0) if swirl else picture


def _developed(store: Store, reel: Reel, recipe: Recipe, card: Card, licence: str, scratch: Path) -> Encoded:
    """A whole reel to the files of an exhibit."""
    mark, width, count = generated(recipe, card, licence), reel.width, film_frames(recipe)
    packet = xmp_packet(mark)
    media = []
    for form in sorted(encoders()):
        film = scratch / f"{form}.mp4"
        reel.join(form, film)
        with film.open("ab") as file:
            file.write(xmp_box(packet))
        media.append(put_file(store, film, "video", form, width))
    reel.gif(count, scratch / "loop.gif")
    gif = gif_with_xmp((scratch / "loop.gif").read_bytes(), packet)
    media.append(put(store, gif, "gif", "gif", reel.gif_width))
    first = opening(reel.first, recipe, width)
    master, poster = card.mapping.to_display(first), enlarged(first, width)
    media.append(put(store, png(master, mark), "master", "png", master.shape[1]))
    media.append(put(store, avif(poster, mark), "poster", "avif", width))
    media.append(put(store, jpeg(poster, mark), "poster", "jpeg", width))
    display = display_of(master, width) | {"frames": count, "fps": reel.fps}
    return Encoded(media, pixel_hash(master), perceptual_hash(master), display)


def xmp_box(packet: bytes) -> bytes:
    """A top-level ``uuid`` box, appended to an MP4 file; players skip it."""
    return (8 + 16 + len(packet)).to_bytes(4, "big") + b"uuid" + XMP_BOX + packet


def gif_with_xmp(gif: bytes, packet: bytes) -> bytes:
    """The GIF with an XMP application extension after its global palette (XMP specification, part 3, 1.1.2).

    The packet is not split into sub-blocks; the 258 bytes that follow lead any reader that takes it for sub-blocks to
    the terminator.
    """
    palette = 3 * 2 ** ((gif[10] & 7) + 1) if gif[10] & 0x80 else 0
    at = 13 + palette
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return gif[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + gif[at:]
