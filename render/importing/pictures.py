"""Other people's pictures to the files of an exhibit: read with care, decoded once, encoded in every size.

The original stays where it is and is not published: what visitors get carries none of its EXIF (which may say where and
by whom it was taken), and the mark of how it came about, as far as that is known.
"""

from __future__ import annotations

import base64
import hashlib
import io
import operator
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import AvifImagePlugin, Image, ImageOps, WebPImagePlugin  # noqa: F401 - or Pillow loads all forty to find them

from render.catalogue.rows import Medium
from render.config.shown import Folder
from render.importing.metadata import Told, told_by
from render.media.store import Store
from render.provenance import CAPTURE, TRAINED, Mark, read_mark, xmp_packet
from render.srgb import in_srgb

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")
FALLBACK = 384
"""Pixels of the JPEG for all programs: the largest size that is no larger, or else the smallest there is."""
LARGEST = 100_000_000
"""Pixels of the largest picture that is opened."""
AVIF = {"quality": 60, "speed": 9, "max_threads": 1}
JPEG = {"quality": 82, "optimize": True}
"""Not progressive: a fiftieth smaller, and more work than the whole AVIF of the smallest size."""
PLACEHOLDER = 8  # pixels of a side
ENCODER = 3
"""Changes when the same picture would get other files."""


class Unread(Exception):
    """A file that is no picture for us; the text says why."""


class Unreached(Unread):
    """A file that the system did not hand over, or had no memory for: next time it may."""


@dataclass(frozen=True)
class Picture:
    """An imported picture, encoded. size: (width, height) of the original, upright."""

    sha256: str
    size: tuple[int, int]
    told: Told
    source_type: str
    media: list[Medium]
    display: dict[str, Any]


class Same(NamedTuple):
    """A picture that is an exhibit already. removed: that exhibit was taken off for good."""

    sha256: str
    exhibit: str
    removed: bool


def read(path: Path, folder: Folder, store: Store, known: Same | None = None) -> Picture | Same:
    """One file to an exhibit's files, or `known` where it holds what it held. Raises Unread, and NonesuchError when the
    store cannot be written.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreached(error.strerror or str(error)) from None
    sha256 = hashlib.sha256(data).hexdigest()
    if known is not None and known.sha256 == sha256:
        return known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about EXIF; what cannot be read raises
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unread(f"it has more than {LARGEST:,} pixels")
                told = told_by(opened)
                size = opened.size
                opened.draft("RGB", (2 * max(folder.sizes),) * 2)  # JPEG can be decoded at a half or less for less
                image = _upright(opened)
    except Unread:
        raise
    except MemoryError:
        raise Unreached("there was not enough memory for it") from None
    except Exception as error:  # Pillow's readers raise nearly anything on damaged bytes
        raise Unread(f"it is no picture that can be read ({type(error).__name__})") from None
    source_type = kind(data, told, folder)
    mark = Mark(source_type, credit(told, folder), folder.licence)
    return _encoded(store, image, folder.sizes, sha256, size, told, mark)


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
    """The picture as it is to be seen, in sRGB, on black where it has no ground. What was written beside its pixels
    stays behind: Pillow would publish a JPEG's comment.
    """
    opened.load()
    ImageOps.exif_transpose(opened, in_place=True)
    try:
        return in_srgb(opened)
    except ValueError as error:
        raise Unread(str(error)) from None


def _encoded(
    store: Store, image: Image.Image, sizes: list[int], sha256: str, size: tuple[int, int], told: Told, mark: Mark
) -> Picture:
    packet = xmp_packet(mark)
    media = []
    sides = sorted({min(side, max(image.size)) for side in sizes}, reverse=True)
    fallback = next((side for side in sides if side <= FALLBACK), sides[-1])
    for small in _sizes(image, sides):
        media.append(_put(store, small, "image", "avif", "AVIF", xmp=packet, **AVIF))
        if max(small.size) == fallback:
            media.append(_put(store, small, "fallback", "jpeg", "JPEG", xmp=packet, **JPEG))
    tiny = small.resize((PLACEHOLDER, PLACEHOLDER), Image.Resampling.BOX)
    display = {
        "width": media[0].width,
        "height": media[0].height,
        "colour": "#{:02x}{:02x}{:02x}".format(*_light(tiny)),
        "placeholder": _placeholder(tiny),
    }
    return Picture(sha256, size, told, mark.source_type, media, display)


def _sizes(image: Image.Image, sides: Iterable[int]) -> Iterator[Image.Image]:
    """The picture within squares of these sides, the largest first: from the original, by Lanczos; where the size
    before is twice as large, by the mean of its two by two pixels, which is as near to the original and costs a tenth.
    """
    before: Image.Image | None = None
    for side in sides:
        width, height = (max(1, round(length * side / max(image.size))) for length in image.size)
        if before is not None and before.size == (2 * width, 2 * height):
            before = before.reduce(2)
        else:
            before = image.resize((width, height), Image.Resampling.LANCZOS)
        yield before


def _light(tiny: Image.Image) -> list[int]:
    """The mean colour of the light, as `render.media.images.dominant_colour` tells it: each pixel counts by its
    brightness, so a black ground does not.
    """
    values = tiny.tobytes()
    channels = [values[channel::3] for channel in range(3)]
    brightness = [sum(pixel) for pixel in zip(*channels, strict=True)]
    whole = sum(brightness) or 1
    return [sum(map(operator.mul, brightness, channel)) // whole for channel in channels]


def _placeholder(tiny: Image.Image) -> str:
    """As `render.media.images.placeholder`."""
    buffer = io.BytesIO()
    tiny.save(buffer, "WEBP", quality=50, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _put(store: Store, image: Image.Image, role: str, form: str, encoder: str, **options: Any) -> Medium:
    buffer = io.BytesIO()
    image.save(buffer, encoder, **options)
    data = buffer.getvalue()
    # Not flushed to the disk one by one: the original remains, and `check` finds what a power cut tore.
    key = store.put(data, "jpg" if form == "jpeg" else form, durable=False)
    return Medium(role, form, image.width, image.height, key, len(data), hashlib.sha256(data).hexdigest())
