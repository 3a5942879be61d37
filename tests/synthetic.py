"""A gallery without a model: a real catalogue and real media files, for the bake and its benchmark."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from render.catalogue import FILE, Catalogue, Exhibit, Medium
from render.config import Gallery, load_gallery
from render.recipe import Keyframe, Recipe, Walk

CLASSES = ("elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical")
WIDTHS = (192, 384, 768)
SETTINGS = """
[gallery]
title = "nonesuch"
{about}
[[collection]]
slug = "galaxies"
title = "galaxy"
plural = "galaxies"
weights = "galaxy-96"
student = "galaxy-96-student"
count = {count}
"""


@dataclass(frozen=True)
class Picture:
    """One picture in every size that an exhibit has, shared by all exhibits that show it."""

    media: tuple[Medium, ...]
    display: dict[str, Any]


def spiral(seed: int, size: int = 96) -> Image.Image:
    """Something like a galaxy: a core, a disc and two arms on black."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    radius, angle = np.hypot(x, y * rng.uniform(1, 2)), np.arctan2(y, x)
    arms = 1 + 0.8 * np.cos(2 * angle + 9 * radius + rng.uniform(0, 6))
    light = np.exp(-radius * 9)[..., None] * [1.0, 0.9, 0.7] + (np.exp(-radius * 4.5) * arms)[..., None] * [
        0.3,
        0.36,
        0.5,
    ]
    return Image.fromarray((np.clip(light, 0, 1) * 255).astype(np.uint8))


def pictures(store: Path, images: Sequence[Image.Image], widths: Sequence[int] = WIDTHS) -> list[Picture]:
    """Encode each image in the sizes of an exhibit and put the files into the store."""
    return [_picture(store, image, widths) for image in images]


def fill(
    folder: Path, shown: Sequence[Picture], count: int, first: int = 1, neighbours: int = 3, own: bool = False
) -> None:
    """Add exhibits number `first` to `first + count - 1`. own: every exhibit gets media keys that no other has."""
    with Catalogue(folder / FILE, write=True) as catalogue:
        for number in range(first, first + count):
            picture = shown[number % len(shown)]
            media = list(picture.media)
            if own:
                media = [_own(folder / "store", medium, number) for medium in media]
            for position in range(neighbours):
                near = shown[(number + 7 * position + 1) % len(shown)].media[0]
                media.append(replace(near, role="neighbour", position=position))
            catalogue.rendered(exhibit(number, picture), media)


def exhibit(number: int, picture: Picture, **changes: Any) -> Exhibit:
    """A shown exhibit with everything that the stages fill in."""
    draw = random.Random(number)
    found = draw.choice(CLASSES)
    raw = {name: draw.random() ** 4 + 2.5 * (name == found) for name in CLASSES}
    shares = {name: round(value / sum(raw.values()), 4) for name, value in raw.items()}
    asked = found if draw.random() < 0.8 else draw.choice(CLASSES)
    recipe = Recipe("flow", "ab" * 32, number, "heun", 12, 1.5, 96, class_name=asked, source="efigi")
    values: dict[str, Any] = {
        "number": number,
        "made_at": "2026-11-21T01:00:00Z",
        "asked": asked,
        "found": found,
        "classes": {"probabilities": shares, "attributes": {"bar": 0.7, "edge_on": 0.1, "ring": 0.2, "dust": 0.3}},
        "measurements": {
            "detected": True,
            "axis_ratio": round(draw.uniform(0.2, 1), 3),
            "half_light_radius": round(draw.uniform(0.06, 0.2), 3),
            "concentration": round(draw.uniform(2, 4.5), 2),
            "colour": round(draw.uniform(-0.1, 0.6), 2),
        },
        "evidence": evidence(draw),
        "texts": {
            "title": f"{found.replace('_', ' ').capitalize()} galaxy with a warm core",
            "alt": "A galaxy on a black sky: a small yellow core and two bluish arms.",
            "description": "The galaxy fills a third of the picture. Its core is small and warm; two arms leave it and "
            "wind once around before they fade. A few faint points lie around it.",
            "caption": "Half of its light lies within a tenth of the picture's width. Arms that wind this tightly "
            "usually belong to galaxies with a large bulge, and this one has been drawn with one.",
            "author": "facts",
        },
        "display": picture.display,
    }
    return Exhibit(recipe, "galaxies", number - 1, "shown", **(values | changes))


def evidence(draw: random.Random) -> dict[str, Any]:
    """A verdict as the evidence stage stores it."""
    distance = round(draw.uniform(0.4, 0.8), 3)
    near = [
        {
            "index": position,
            "file": f"efigi/PGC{draw.randrange(10**7):07d}.jpg",
            "distance": round(distance + 0.03 * position, 3),
            "credit": "SDSS; EFIGI catalogue, Baillard et al. 2011, A&A 532, A74",
            "class_name": draw.choice(CLASSES),
        }
        for position in range(3)
    ]
    return {
        "checked": True,
        "near_copy": False,
        "distance": distance,
        "percentile": 0.54,
        "authentic": draw.random() < 0.9,
    } | {"neighbours": near}


def walk(
    number: int, folder: Path, picture: Picture, video: bytes = b"\0\0\0\x20ftypisom"
) -> tuple[Exhibit, list[Medium]]:
    """A shown walk; its loop is whatever bytes are given."""
    keyframes = (Keyframe(number, "spiral_mid"), Keyframe(number + 100, "irregular"))
    recipe = Recipe(
        "flow", "ab" * 32, number, "heun", 12, 1.5, 96, kind="walk", walk=Walk("great-circle", 48, keyframes)
    )
    files = [_put(folder / "store", video + bytes([number]), "video", "h264", 384, "mp4")]
    files += [_put(folder / "store", b"GIF89a" + bytes([number]), "gif", "gif", 192, "gif")]
    files += [replace(medium, role="poster") for medium in picture.media if medium.role == "fallback"]
    return Exhibit(recipe, "galaxies", number - 1, "shown", number=number, display=picture.display), files


def gallery(folder: Path, count: int, about: str = "") -> Gallery:
    """Write ``gallery.toml`` and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gallery.toml").write_text(SETTINGS.format(count=count, about=about), encoding="utf-8")
    return load_gallery(folder)


def built_site(folder: Path) -> Path:
    """A stand-in for the built style and script, where only the pages are looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("app.11111111.js", "theme.22222222.js", "style.33333333.css"):
        (folder / name).write_text(f"/* {name} */\n", encoding="utf-8")
    names = {"app.js": "app.11111111.js", "style.css": "style.33333333.css", "theme.js": "theme.22222222.js"}
    (folder / "manifest.json").write_text(str(names).replace("'", '"'), encoding="utf-8")
    return folder


def _picture(store: Path, image: Image.Image, widths: Sequence[int]) -> Picture:
    sizes = {width: image.resize((width, width), Image.Resampling.LANCZOS) for width in widths}
    media = [_put(store, _encoded(sizes[w], "AVIF", quality=80, speed=9), "image", "avif", w, "avif") for w in widths]
    middle = widths[len(widths) // 2]
    media.append(_put(store, _encoded(sizes[middle], "JPEG", quality=85), "fallback", "jpeg", middle, "jpg"))
    tiny = _encoded(image.resize((12, 12), Image.Resampling.LANCZOS), "WEBP", quality=60)
    colour = np.asarray(image).reshape(-1, 3).max(axis=0)
    display = {
        "width": widths[-1],
        "height": widths[-1],
        "colour": "#{:02x}{:02x}{:02x}".format(*colour),
        "placeholder": f"data:image/webp;base64,{base64.b64encode(tiny).decode()}",
    }
    return Picture(tuple(media), display)


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _put(store: Path, data: bytes, role: str, form: str, width: int, suffix: str) -> Medium:
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{sha256[:2]}/{sha256[2:22]}.{suffix}"
    path = store / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Medium(role, form, width, width, key, len(data), sha256)


def _own(store: Path, medium: Medium, number: int) -> Medium:
    """The same bytes under a key of their own: as many files as a real gallery has, without as many encodings."""
    name = hashlib.sha256(f"{medium.key} {number}".encode()).hexdigest()
    key = f"{name[:2]}/{name[2:22]}.{medium.key.rpartition('.')[2]}"
    path = store / key
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.hardlink_to(store / medium.key)
    except OSError:  # ext4 gives a file 65,000 names
        shutil.copyfile(store / medium.key, path)
    return replace(medium, key=key)
