"""A gallery whose exhibits wait for their texts, and a run of the caption stage; several test files share them."""

from __future__ import annotations

from pathlib import Path

import synthetic

from render.bake import bake
from render.catalogue import FILE, Catalogue, Exhibit, Medium
from render.config import load_gallery
from render.engine.stop import stopping
from render.recipe import Recipe
from render.stages import Outcome, Report, make

SECRET = "sk-never-to-be-seen"
COUNT = 24
SETTINGS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = {count}
[evidence]
weights = "./none"
[captions]
model = "model-x"
base_url = "{address}"
concurrency = {concurrency}
"""


def drawn(folder: Path, address: str, concurrency: int = 1, more: str = "") -> Path:
    """A gallery of exhibits that wait for their texts."""
    text = SETTINGS.format(address=address, concurrency=concurrency, count=COUNT) + more
    (folder / "gallery.toml").write_text(text)
    with Catalogue(folder / FILE, write=True) as catalogue:
        for seed in range(COUNT):
            recipe = Recipe("flow", "ab" * 32, seed, "ab2", 3, 1.5, 24)
            file = Medium("image", "avif", 192, 192, f"ab/{seed:020x}.avif", 100, "ab" * 32)
            catalogue.rendered(Exhibit(recipe, "galaxies", seed, asked="spiral_mid"), [file])
    return folder


class Said(Report):
    """Keeps what a person is told."""

    text = ""

    def say(self, text: str) -> None:
        self.text += text


def captioned(folder: Path, report: Report | None = None) -> Outcome:
    with stopping(lambda text: None) as stop:
        return make(load_gallery(folder), report or Report(), stop, stages=["caption"])


def authors(folder: Path) -> list[str | None]:
    """Who wrote the texts of each exhibit; None where there are none."""
    with Catalogue(folder / FILE) as catalogue:
        return [one.texts and one.texts["author"] for one, _ in catalogue.exhibits()]


def baked(folder: Path) -> None:
    """The pages of what `drawn` made, with some picture for each exhibit."""
    with Catalogue(folder / FILE) as catalogue:
        for name, _ in catalogue.media_keys():
            picture = folder / "store" / name
            picture.parent.mkdir(parents=True, exist_ok=True)
            synthetic.spiral(1, 32).save(picture)
    bake(load_gallery(folder), site=synthetic.built_site(folder / "site"))
