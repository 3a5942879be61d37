"""Planted copies: real pictures altered as a copy could be, to measure how many of them the check finds.

Written with Pillow (its resampling, its blur, its JPEG encoder), apart from the distortions that the network is trained
with, so that the figures do not measure one piece of code against itself.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Alteration:
    """The largest strength of each alteration; what a picture gets is drawn uniformly up to it."""

    angle: float = 0.0  # degrees, either way
    mirror: bool = False  # half of the pictures
    zoom: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0  # of the width, either way, on both axes
    brightness: float = 0.0  # factor 1 - b .. 1 + b
    colour: float = 0.0  # the same for each channel
    blur: float = 0.0  # Gaussian radius in pixels at 96 px
    noise: float = 0.0  # standard deviation, of white
    jpeg: int | None = None  # quality


EVERYTHING = Alteration(180, True, (0.85, 1.18), 0.05, 0.2, 0.2, 1.0, 0.02, 50)
NOTHING = Alteration()
ATTACKS: dict[str, Alteration] = {
    "none": NOTHING,
    "angle": replace(NOTHING, angle=180),
    "mirror": replace(NOTHING, mirror=True),
    "zoom": replace(NOTHING, zoom=(0.85, 1.18)),
    "shift": replace(NOTHING, shift=0.05),
    "brightness": replace(NOTHING, brightness=0.2),
    "colour": replace(NOTHING, colour=0.2),
    "blur": replace(NOTHING, blur=1.0),
    "noise": replace(NOTHING, noise=0.02),
    "jpeg 50": replace(NOTHING, jpeg=50),
    "everything": EVERYTHING,
}


def altered(picture: Bytes, how: Alteration, random: np.random.Generator) -> Bytes:
    """One copy of a picture in display space, (h, w, 3) uint8, whose sky is black."""
    image = Image.fromarray(picture)
    width, height = image.size
    angle = math.radians(random.uniform(-how.angle, how.angle))
    zoom = math.exp(random.uniform(math.log(how.zoom[0]), math.log(how.zoom[1])))
    flip = -1 if how.mirror and random.random() < 0.5 else 1
    dx, dy = random.uniform(-how.shift, how.shift, 2) * (width, height)
    if angle or zoom != 1 or flip < 0 or dx or dy:
        cos, sin, cx, cy = math.cos(angle) / zoom, math.sin(angle) / zoom, (width - 1) / 2, (height - 1) / 2
        a, b, d, e = flip * cos, -flip * sin, sin, cos
        matrix = (a, b, cx - a * (cx + dx) - b * (cy + dy), d, e, cy - d * (cx + dx) - e * (cy + dy))
        image = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    if how.blur:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, how.blur) * width / 96))
    light = np.asarray(image, dtype=np.float32) / 255
    light *= random.uniform(1 - how.brightness, 1 + how.brightness)
    light *= random.uniform(1 - how.colour, 1 + how.colour, 3).astype(np.float32)
    if how.noise:
        light += random.normal(0, random.uniform(0, how.noise), light.shape).astype(np.float32)
    copy = np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)
    return through_jpeg(copy, how.jpeg) if how.jpeg else copy


def through_jpeg(picture: Bytes, quality: int) -> Bytes:
    """What is left of a picture after JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def plant_copies(pictures: Iterable[Bytes], how: Alteration = EVERYTHING, seed: int = 0) -> Floats:
    """Altered copies of pictures in display space, as pictures in data space, (n, 3, h, w); the same for one seed."""
    random = np.random.default_rng(seed)
    copies = np.stack([altered(picture, how, random) for picture in pictures])  # (n, h, w, 3)
    light = np.ascontiguousarray(copies.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)
    return np.asarray(light * 2 - 1, dtype=np.float32)
