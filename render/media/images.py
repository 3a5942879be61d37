"""A picture in every size that the site needs, encoded once from the renderer's floating-point pixels.

Sizes come from the floats, not from an already rounded picture, so that a smooth sky does not band. The largest is six
times what the renderer made: beyond it there is nothing to see, but files to pay for. AVIF at quality 70, 4:4:4: with
the shadows of galaxies stretched four times it cannot be told from the original (benchmarks/avif_quality.py).
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from render.catalogue.rows import Medium
from render.display import DISTANCE, Bytes, DisplayMapping, Floats
from render.errors import NonesuchError
from render.media.store import Store
from render.provenance import Mark, captured, drawn, generated, given, xmp_packet
from render.recipe import Recipe
from render.weights import Card

WIDTHS = (192, 384, 768)
LARGEST = 6
"""No size is more than so many times the renderer's own, but for the fallback's, which every exhibit has."""
FALLBACK_WIDTH = 384
AVIF = {"quality": 70, "speed": 9, "subsampling": "4:4:4", "max_threads": 1}
JPEG = {"quality": 78, "subsampling": 0, "optimize": True, "progressive": True}
PLACEHOLDER_WIDTH = 8
COLOURLESS = 0.03
"""How far the channels of a drawing lie apart at most, of 1."""
LICENCE = "CC0-1.0"


@dataclass(frozen=True)
class Encoded:
    """What the catalogue keeps of an encoded exhibit: its files, all durable, and what is known of its pixels."""

    media: list[Medium]
    pixel_hash: str
    perceptual_hash: str
    display: dict[str, Any]


def encode_image(store: Store, data: Floats, recipe: Recipe, card: Card, licence: str = LICENCE) -> Encoded:
    """Data space, (3, h, w), to master, AVIF in every width, JPEG and placeholder, of silhouettes the outline
    as SVG; returns when they are durable.
    """
    mark = generated(recipe, card, licence)
    master = card.mapping.to_display(data)
    sizes = {width: shown_at(data, card.mapping, width) for width in widths(master.shape[1])}
    media = [put(store, png(master, mark), "master", "png", master.shape[1])]
    media += [put(store, avif(sizes[width], mark), "image", "avif", width) for width in sizes]
    media.append(put(store, jpeg(sizes[FALLBACK_WIDTH], mark), "fallback", "jpeg", FALLBACK_WIDTH))
    if card.mapping.name == DISTANCE:
        from render.media.silhouettes import svg

        media.append(put(store, svg(data, mark), "outline", "svg", master.shape[1]))
    return Encoded(media, pixel_hash(master), perceptual_hash(master), display_of(master, max(sizes)))


def shown_at(data: Floats, mapping: DisplayMapping, width: int) -> Bytes:
    """Data space, (3, h, w), to the square display picture of that width, (width, width, 3)."""
    if mapping.name == DISTANCE:
        from render.media.silhouettes import silhouette

        return silhouette(data, mapping, width)
    return enlarged(data, width)


def widths(size: int) -> list[int]:
    """In which widths a picture of `size` pixels is published."""
    largest = max(FALLBACK_WIDTH, LARGEST * size)
    return sorted({min(width, largest) for width in WIDTHS})


def enlarged(data: Floats, width: int) -> Bytes:
    """Data space, (3, h, w), to a square display picture (width, width, 3) by Lanczos on the floats.

    Twice a sparse matrix: (width, w) across, (width, h) down. Each row of it has six entries or so.
    """
    channels, height, wide = data.shape
    small = data * np.float32(127.5) + np.float32(128)  # half a step more than 127.5: rounds when it is cut off
    across = lanczos(wide, width) @ small.transpose(2, 1, 0).reshape(wide, height * channels)  # (width, h * 3)
    across = across.reshape(width, height, channels).transpose(1, 0, 2).reshape(height, width * channels)
    out = lanczos(height, width) @ across  # (width, width * 3)
    np.clip(out, 0.5, 255.5, out=out)
    return np.asarray(out.astype(np.uint8).reshape(width, width, channels))


@cache
def lanczos(size: int, width: int) -> Any:
    """(width, size) float32, sparse: Pillow's own coefficients, which it shows when it resizes the identity."""
    from scipy.sparse import csr_array

    identity = Image.fromarray(np.eye(size, dtype=np.float32))
    return csr_array(np.asarray(identity.resize((size, width), Image.Resampling.LANCZOS)))


def png(picture: Bytes, mark: Mark) -> bytes:
    """Lossless, for the store."""
    notes = PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", xmp_packet(mark).decode())
    return _saved(picture, "PNG", compress_level=6, pnginfo=notes)


def avif(picture: Bytes, mark: Mark) -> bytes:
    """For the page."""
    return _saved(picture, "AVIF", xmp=xmp_packet(mark), **AVIF)


def jpeg(picture: Bytes, mark: Mark) -> bytes:
    """For browsers without AVIF, and for download."""
    return _saved(picture, "JPEG", xmp=xmp_packet(mark), **JPEG)


def put(store: Store, data: bytes, role: str, form: str, width: int, height: int = 0, position: int = 0) -> Medium:
    """Store a file and describe it."""
    digest = hashlib.sha256(data).hexdigest()
    return Medium(role, form, width, height or width, store.put(data, _suffix(form)), len(data), digest, position)


def put_file(store: Store, path: Path, role: str, form: str, width: int) -> Medium:
    """The same for a file on the disk, however large, which the store takes."""
    size = path.stat().st_size
    key, digest = store.take(path, _suffix(form))
    return Medium(role, form, width, width, key, size, digest)


def _suffix(form: str) -> str:
    return {"jpeg": "jpg", "h264": "mp4", "av1": "mp4"}.get(form, form)


def neighbour_media(store: Store, image: bytes, position: int, credit: str, licence: str) -> Medium:
    """A real picture, shown beside an exhibit: encoded anew with its credit and the mark of a real picture."""
    with Image.open(io.BytesIO(image)) as opened:
        picture = np.asarray(opened.convert("RGB"))
    data = jpeg(picture, captured(credit, licence))
    return put(store, data, "neighbour", "jpeg", picture.shape[1], picture.shape[0], position)


def sketch_media(store: Store, drawing: Floats, licence: str) -> Medium:
    """The drawing or picture that steered an exhibit, (3, h, w) in [0, 1], no wider than the page shows it."""
    image = Image.fromarray(np.asarray(drawing.transpose(1, 2, 0) * 255 + 0.5, dtype=np.uint8))
    image.thumbnail((FALLBACK_WIDTH, FALLBACK_WIDTH), Image.Resampling.LANCZOS)
    mark = drawn(licence) if np.ptp(drawing, axis=0).max() < COLOURLESS else given(licence)
    return put(store, jpeg(np.asarray(image), mark), "sketch", "jpeg", image.width, image.height)


def data_of_master(store: Store, media: Sequence[Medium], card: Card) -> Floats:
    """An exhibit's pixels back in data space, (3, h, w), from its lossless master: as large as its generator draws
    them, which is what judges and measurements were made for. What an upscaler made larger is reduced again.
    """
    for medium in media:
        if medium.role == "master":
            try:
                with Image.open(io.BytesIO(store.read(medium.key))) as opened:
                    picture = np.asarray(opened.convert("RGB"))
            except (OSError, SyntaxError):  # what Pillow says of a broken PNG
                mend = "`nonesuch check --mend` has its exhibit made again"
                raise NonesuchError(f"{store}/{medium.key} is damaged; {mend}.") from None
            data = card.mapping.from_display(picture)
            return data if card.surface else reduced(data, card.size)
    raise NonesuchError(f"an exhibit of {card.name} has no master; `nonesuch check --mend` has it made again.")


def reduced(picture: Floats, size: int) -> Floats:
    """(3, h, h), larger than `size`, to (3, size, size): every pixel the mean of what it covers."""
    if picture.shape[-1] <= size:
        return picture
    planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BOX) for plane in picture]
    return np.stack([np.asarray(plane, dtype=np.float32) for plane in planes])


def pixel_hash(picture: Bytes) -> str:
    """sha256 of shape and uint8 pixels: what "the same picture" means."""
    return hashlib.sha256(repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes()).hexdigest()


def perceptual_hash(picture: Bytes) -> str:
    """64 bits that change little when the picture does (pHash, by the imagehash library)."""
    import imagehash

    return str(imagehash.phash(Image.fromarray(picture)))


def display_of(picture: Bytes, width: int) -> dict[str, Any]:
    """What a page needs before the file has come: size, colour, and a picture of a few pixels."""
    return {
        "width": width,
        "height": width,
        "colour": "#{:02x}{:02x}{:02x}".format(*dominant_colour(picture)),
        "placeholder": placeholder(picture),
    }


def placeholder(picture: Bytes) -> str:
    """A picture of a few pixels as an address, to stand in until the real one has come."""
    small = Image.fromarray(picture).resize((PLACEHOLDER_WIDTH, PLACEHOLDER_WIDTH), Image.Resampling.BOX)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=50, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def dominant_colour(picture: Bytes) -> npt.NDArray[np.uint8]:
    """The mean colour of the light, (3,): every pixel counts by its brightness, so the black sky does not."""
    pixels = picture.reshape(-1, 3).astype(np.float64)
    weight = pixels.sum(axis=1, keepdims=True)
    return np.asarray((pixels * weight).sum(0) / max(weight.sum(), 1), dtype=np.uint8)


def _saved(picture: Bytes, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()
