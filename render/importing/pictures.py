"""Other people's pictures to the files of an exhibit: read with care, decoded once, encoded in every size.

The original stays where it is and is not published: what visitors get carries none of its EXIF (which may say where and
by whom it was taken), and the mark of how it came about, as far as that is known.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from render.catalogue.rows import Medium
from render.config.settings import Folder
from render.importing.metadata import Told, told_by
from render.media.images import dominant_colour, perceptual_hash, pixel_hash, placeholder
from render.media.store import Store
from render.provenance import CAPTURE, TRAINED, Mark, read_mark, xmp_packet

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp")
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "MPO")
SIDES = (192, 384, 768)
FALLBACK = 384
LARGEST = 100_000_000
"""Pixels of the largest picture that is opened."""
AVIF = {"quality": 60, "speed": 9, "max_threads": 1}
JPEG = {"quality": 82, "optimize": True, "progressive": True}
ENCODER = 1
"""Changes when the same picture would get other files."""


class Unread(Exception):
    """A file that is no picture for us; the text says why."""


@dataclass(frozen=True)
class Picture:
    """An imported picture, encoded. size: (width, height) of the original, upright."""

    sha256: str
    size: tuple[int, int]
    told: Told
    source_type: str
    media: list[Medium]
    display: dict[str, Any]
    pixel_hash: str
    perceptual_hash: str


def read(path: Path, folder: Folder, store: Store) -> Picture:
    """One file to an exhibit's files. Raises Unread, and NonesuchError when the store cannot be written."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unread(error.strerror or str(error)) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about EXIF; what cannot be read raises
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unread(f"it has more than {LARGEST:,} pixels")
                told = told_by(opened)
                size = opened.size
                opened.draft("RGB", (2 * SIDES[-1], 2 * SIDES[-1]))  # JPEG can be decoded at a half or less for less
                image = _upright(opened)
    except Unread:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, MemoryError) as error:
        raise Unread(f"it is no picture that can be read ({type(error).__name__})") from None
    sha256 = hashlib.sha256(data).hexdigest()
    source_type = kind(data, told, folder)
    mark = Mark(source_type, credit(told, folder), folder.licence)
    return _encoded(store, image, sha256, size, told, mark)


def kind(data: bytes, told: Told, folder: Folder) -> str:
    """IPTC's term for how a picture came about: as the maker says, as the file says; empty where nobody does."""
    if folder.made != "unknown":
        return {"model": TRAINED, "camera": CAPTURE}[folder.made]
    try:
        mark = read_mark(data)
    except Exception:  # foreign XMP may be anything; then it says nothing
        mark = None
    if mark and mark.source_type:
        return mark.source_type
    return TRAINED if told.program else ""


def credit(told: Told, folder: Folder) -> str:
    """Who is to be named; and, where only the file says so, that it is the file that says so."""
    said = f"Its file says that it was made with {told.program}." if told.program else ""
    return " ".join(part for part in (folder.credit, said) if part)


def _upright(opened: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(opened)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "black")
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _encoded(store: Store, image: Image.Image, sha256: str, size: tuple[int, int], told: Told, mark: Mark) -> Picture:
    packet = xmp_packet(mark)
    media = []
    sides = sorted({min(side, max(image.size)) for side in SIDES})
    for side in sides:
        small = ImageOps.contain(image, (side, side), Image.Resampling.LANCZOS)
        media.append(_put(store, small, "image", "avif", "AVIF", xmp=packet, **AVIF))
        if side == min(FALLBACK, sides[-1]):
            media.append(_put(store, small, "fallback", "jpeg", "JPEG", xmp=packet, **JPEG))
    pixels = np.asarray(ImageOps.contain(image, (SIDES[0], SIDES[0])))
    largest = max(media, key=lambda one: one.width)
    display = {
        "width": largest.width,
        "height": largest.height,
        "colour": "#{:02x}{:02x}{:02x}".format(*dominant_colour(pixels)),
        "placeholder": placeholder(pixels),
    }
    return Picture(sha256, size, told, mark.source_type, media, display, pixel_hash(pixels), perceptual_hash(pixels))


def _put(store: Store, image: Image.Image, role: str, form: str, encoder: str, **options: Any) -> Medium:
    buffer = io.BytesIO()
    image.save(buffer, encoder, **options)
    data = buffer.getvalue()
    # Not flushed to the disk one by one: the original remains, and `check` finds what a power cut tore.
    key = store.put(data, "jpg" if form == "jpeg" else form, durable=False)
    return Medium(role, form, image.width, image.height, key, len(data), hashlib.sha256(data).hexdigest())
