"""One file of unknown origin to one square sRGB picture, or the reason why not."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from render.srgb import in_srgb
from render.training.watermarks import DEEPEST, Overlay

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What is opened at all: no format whose reader starts another program (EPS) or is hardly ever tested."""
SUFFIXES = (
    ".avif .bmp .gif .jfif .jp2 .j2k .jpe .jpeg .jpg .mpo .pgm .png .pnm .ppm .tif .tiff .webp".split()  # noqa: SIM905
)
BLANK = 10
"""Grey levels between the darkest and the brightest half per cent that a picture has at least."""


class Dropped(Exception):
    """A file that is left out: the reason, one of a few, and what exactly was found."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Preparation:
    """What pictures are made into.

    sizes: pixels of a side, each made from the original. smallest: shorter sides below this are dropped. background:
    what shows through where a picture is transparent. overlay: a watermark that many share; a picture that carries it
    is cropped until it is gone, or dropped.
    """

    sizes: tuple[int, ...]
    smallest: int
    background: tuple[int, int, int] = (0, 0, 0)
    overlay: Overlay | None = None
    crop: bool = False


Pixels = npt.NDArray[np.uint8]


def prepare_picture(data: bytes, to: Preparation) -> dict[int, Pixels]:
    """The bytes of a file to (size, size, 3) uint8 sRGB, by size; raises Dropped.

    In this order: upright by its EXIF orientation, colours to sRGB, transparency flattened, the centre square, without
    its watermark, Lanczos.
    """
    image = whole(data, to)
    box = _unmarked(image, central(image), to)
    made = {size: np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box=box)) for size in to.sizes}
    low, high = np.percentile(made[max(to.sizes)].mean(axis=2), (0.5, 99.5))
    if high - low < BLANK:
        raise Dropped("nearly blank", f"{high - low:.1f} grey levels from dark to bright, at least {BLANK} are needed")
    return made


Box = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a picture."""


def whole(data: bytes, to: Preparation) -> Image.Image:
    """A file's picture, upright and in sRGB, at its own size; raises Dropped."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or np.inf):
                raise Dropped("too large", f"{image.width} x {image.height} px")
            if min(image.size) < to.smallest:
                raise Dropped("too small", f"{image.width} x {image.height} px, at least {to.smallest} are needed")
            return in_srgb(ImageOps.exif_transpose(image), to.background)
    except Dropped:
        raise
    except Image.DecompressionBombError as error:
        raise Dropped("too large", str(error)) from None
    except Exception as error:  # Pillow's readers raise nearly anything on damaged bytes; the report names it
        raise Dropped("unreadable", f"{type(error).__name__}: {error}"[:200].replace("\n", " ")) from None


def _unmarked(image: Image.Image, box: Box, to: Preparation) -> Box:
    """The box as it is, or what is left of it inside the watermark."""
    overlay = to.overlay
    if overlay is None or not overlay.carried(image.crop(box)):
        return box
    left, top, right, bottom = box
    margin = round((right - left) * overlay.margin)
    if not to.crop or overlay.margin > DEEPEST or right - left - 2 * margin < to.smallest:
        raise Dropped("watermark", f"an overlay that {overlay.share:.0%} of the pictures share")
    return left + margin, top + margin, right - margin, bottom - margin


def central(image: Image.Image) -> Box:
    """The centre square."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return left, top, left + side, top + side
