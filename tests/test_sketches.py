"""Drawings become galaxies: what a person would lose is their drawing's likeness, or the row in which they see it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from tiny import tiny_weights

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery
from render.engine.sources import sources
from render.errors import UsageError
from render.generators import load_generator
from render.generators.drawing import steering
from render.noise import normals
from render.provenance import CREATION, read_mark
from render.recipe import Recipe
from render.weights import find_weights, weights_hash

MINE = """
[gallery]
title = "mine"
[[collection]]
slug = "drawn"
title = "galaxy"
weights = "weights"
count = 4
sketches = "drawings"
{more}
[render]
device = "cpu"
"""


def bar(angle: float, width: int = 4, size: int = 200) -> Image.Image:
    """One stroke through the middle of a black sheet."""
    sheet = Image.new("L", (size, size))
    reach = 0.3 * size * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(size / 2 + sign * reach) for sign in (-1, 1)]
    ImageDraw.Draw(sheet).line(ends, fill=255, width=width)
    return sheet


def tensor(sheet: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(sheet, dtype=np.float32) / 255)[None]


def test_a_thin_line_on_any_sheet_reads_as_the_network_learned_lines() -> None:
    thin = steering(tensor(bar(0.5, width=1, size=600)), 96)
    assert thin.max() > 0.6  # simply made smaller, one pixel of 600 would be 0.16 bright
    paper = Image.eval(bar(0.5, width=1, size=600), lambda value: 255 - value)
    assert torch.allclose(steering(tensor(paper), 96), thin, atol=1e-6)
    wide = Image.new("L", (900, 600))
    wide.paste(bar(0.5, size=600), (150, 0))
    assert steering(tensor(wide), 96).shape == (1, 96, 96)
    disc = Image.new("L", (192, 192))
    ImageDraw.Draw(disc).ellipse((48, 48, 144, 144), fill=255)
    grown = steering(tensor(disc), 96).sum() / (torch.pi * 24**2)
    assert grown == pytest.approx(1, abs=0.02)  # a filled shape keeps its size: only lines are made broader
    assert steering(torch.zeros(1, 50, 50), 96).sum() == 0


def test_the_shipped_galaxies_follow_the_drawing_and_less_so_at_higher_strength() -> None:
    """Of a bar drawn upright and the same bar lying, the galaxy's light lies along its own."""
    folder = find_weights("galaxy-96")
    sheets = {"lying": tensor(bar(0.0, 8)), "upright": tensor(bar(np.pi / 2, 8))}
    generator = load_generator(folder, drawings=lambda name: sheets[name])
    noise = torch.from_numpy(normals(5, (3, 96, 96)))[None]

    def lying(sketch: str, strength: float) -> float:
        recipe = Recipe(
            "flow", weights_hash(folder), 5, "ab2", 6, 1.0, 96,
            class_name="spiral_mid", source="efigi", sketch=sketch, strength=strength,
        )  # fmt: skip
        light = ((generator.images(generator.condition([recipe]), noise)[0].mean(0) + 1) / 2).clamp(0, 1).numpy()
        y, x = np.mgrid[-1:1:96j, -1:1:96j]
        return float((light * (x**2 - y**2)).sum() / (light * (x**2 + y**2)).sum())

    near = lying("lying", 0.5) - lying("upright", 0.5)
    far = lying("lying", 0.9) - lying("upright", 0.9)
    assert near > 0.3
    assert near > far > 0
    assert lying("lying", 1.0) == pytest.approx(lying("upright", 1.0), abs=1e-4)  # 1 ignores the drawing


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    tiny_weights(folder / "weights")
    (folder / "drawings").mkdir()
    for name, angle in (("a", 0.2), ("b", 1.2)):
        bar(angle).save(folder / "drawings" / f"{name}.png")
    (folder / "gallery.toml").write_text(MINE.format(more="strength = [0.25, 0.75]"))
    assert run(["make", str(folder)]) == 0
    return folder


def test_the_page_shows_the_drawing_and_then_its_series(drawn: Path) -> None:
    with Catalogue(drawn / FILE) as catalogue:
        exhibits = [(exhibit, media) for exhibit, media in catalogue.exhibits(states=("shown",))]
    exhibits.sort(key=lambda pair: pair[0].number or 0)
    recipes = [exhibit.recipe for exhibit, _ in exhibits]
    assert [recipe.strength for recipe in recipes] == [0.25, 0.75, 0.25, 0.75]
    assert recipes[0].sketch == recipes[1].sketch != recipes[2].sketch == recipes[3].sketch
    assert [recipe.seed for recipe in recipes] == [0, 0, 1, 1]
    page = (drawn / "public/drawn/3.html").read_text()
    section = page[page.index('id="drawn"') : page.index("0 follows every line")]
    keys = re.findall(r"media/([0-9a-f/]+\.jpg)", section)
    (sheet,) = [medium.key for medium in exhibits[2][1] if medium.role == "sketch"]
    assert keys[0] == sheet
    assert len(keys) == 3
    assert re.findall(r'href="\.\./drawn/(\d)\.html"', section) == ["3", "4"]
    assert re.findall(r'"number">([\d.]+)<', section) == ["0.25", "0.75"]
    mark = read_mark((drawn / "public/media" / sheet).read_bytes())
    assert mark is not None
    assert mark.source_type == CREATION  # drawn by a person, not by the model


@pytest.mark.parametrize(
    ("more", "told"),
    [("strength = 1.5", "strength"), ("strength = [0.5, 0.5]", "different"), ("strength = []", "list")],
)
def test_a_strength_that_means_nothing_is_refused(drawn: Path, more: str, told: str) -> None:
    file = drawn / "gallery.toml"
    before = file.read_text()
    try:
        file.write_text(MINE.format(more=more))
        with pytest.raises(UsageError, match=told):
            load_gallery(drawn)
    finally:
        file.write_text(before)


def test_without_a_strength_the_family_chooses_one_that_is_in_the_recipe(drawn: Path) -> None:
    file = drawn / "gallery.toml"
    before = file.read_text()
    try:
        file.write_text(MINE.format(more=""))
        recipe = sources(load_gallery(drawn))["drawn"].recipe(1)
    finally:
        file.write_text(before)
    assert recipe is not None
    assert (recipe.strength, recipe.seed) == (0.6, 1)
