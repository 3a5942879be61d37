"""Pictures of unknown origin to eight bits of sRGB, which browsers take for granted where a file says nothing else."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

Colour = tuple[int, int, int]


def in_srgb(image: Image.Image, background: Colour | str = "black") -> Image.Image:
    """RGB in sRGB, upon `background` where the picture is transparent; without what its file said beside the pixels.

    Raises ValueError for floating-point pixels, which have no agreed white.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bit(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode in ("1", "P", "PA"):
        image = image.convert("RGB")
    if profile:
        colours = _through(image, profile)
    else:
        colours = image if image.mode == "RGB" else image.convert("RGB")
    if alpha is not None:
        colours = Image.composite(colours, Image.new("RGB", image.size, background), alpha)
    colours.info.clear()
    return colours


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit greys scaled to 8 bits, which Pillow would clip."""
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed white; save the picture with 8 or 16 bits")
    if image.mode == "I" or image.mode.startswith("I;16"):
        import numpy as np

        grey = np.asarray(image.convert("I"), dtype=np.int64)
        return Image.fromarray(np.clip(grey // 257, 0, 255).astype(np.uint8))
    return image


def _through(image: Image.Image, profile: bytes) -> Image.Image:
    """Through the picture's own profile. A damaged or foreign one is passed over, as browsers do."""
    from PIL import ImageCms

    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and ImageCms.getProfileDescription(given).startswith("sRGB"):
            return image
        converted = ImageCms.profileToProfile(image, given, _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")
    return image.convert("RGB") if converted is None else converted


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
