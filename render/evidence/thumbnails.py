"""Small pictures of the reference set for the exhibits' pages, one after another in a single file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from render.errors import NonesuchError

SIDE = 64
QUALITY = 74  # WebP: about 400 bytes and 35 dB; AVIF and JPEG spend more than that on their headers
FILE = "thumbnails.bin"


class Thumbnails:
    """Those of a reference set, by its pictures' index."""

    def __init__(self, folder: Path, offsets: Sequence[int]) -> None:
        """offsets: where each begins and the last ends."""
        self._folder, self._offsets = folder, offsets
        self._stored = (folder / FILE).read_bytes()

    def __getitem__(self, index: int) -> bytes:
        """A small WebP. Raises NonesuchError when none has that index."""
        if not 0 <= index < len(self._offsets) - 1:
            raise NonesuchError(f"{self._folder} has no reference picture {index}.")
        return self._stored[self._offsets[index] : self._offsets[index + 1]]


def encoded(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture in display space, (h, w, 3), as a small WebP, SIDE high."""
    buffer = io.BytesIO()
    image = Image.fromarray(picture).resize(
        (round(SIDE * picture.shape[1] / picture.shape[0]), SIDE), Image.Resampling.LANCZOS
    )
    image.save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def write_thumbnails(path: Path, pictures: Iterable[npt.NDArray[np.uint8]]) -> npt.NDArray[np.int64]:
    """Write them all; returns where each begins and the last ends, (n + 1,)."""
    offsets = [0]
    with path.open("wb") as file:
        for picture in pictures:
            offsets.append(offsets[-1] + file.write(encoded(picture)))
    return np.array(offsets, dtype=np.int64)


def decoded(image: bytes) -> npt.NDArray[np.uint8]:
    """(SIDE, SIDE, 3) in display space."""
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))
