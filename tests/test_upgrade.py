"""New weights behind an old name: old exhibits would silently mean other pictures, or vanish with their addresses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny import tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery, read_lock
from render.errors import NonesuchError
from render.recipe import Recipe
from render.stages import make
from render.stages.report import Report
from render.stages.upgrading import upgrade


def recipes(folder: Path) -> dict[int, Recipe]:
    with Catalogue(folder / FILE) as catalogue:
        return {exhibit.number or 0: exhibit.recipe for exhibit, _ in catalogue.in_order("galaxies")}


def test_both_generations_are_shown_and_lead_to_each_other(tmp_path: Path) -> None:
    tiny_weights(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(tiny_gallery(count=3))
    gallery = load_gallery(tmp_path)
    assert make(gallery, Report()).exit_code == 0
    before = recipes(tmp_path)
    picture = (tmp_path / "public/galaxies/2.jpg").read_bytes()
    assert upgrade(gallery) == {}
    shutil.rmtree(tmp_path / "tiny")
    tiny_weights(tmp_path / "tiny", seed=1)
    with pytest.raises(NonesuchError, match=r"go on with the new ones by `nonesuch upgrade`"):
        make(gallery, Report())
    assert run(["upgrade", str(tmp_path)]) == 0
    assert read_lock(tmp_path).first == {"galaxies": 3}
    assert upgrade(gallery) == {}, "once is enough"
    outcome = make(gallery, Report())
    assert (outcome.exit_code, outcome.shown) == (0, 6)
    after = recipes(tmp_path)
    assert {number: after[number] for number in before} == before
    for number, recipe in before.items():
        newer = after[number + 3]
        assert (newer.seed, newer.class_name) == (recipe.seed, recipe.class_name)
        assert newer.weights != recipe.weights
        pages = [(tmp_path / f"public/galaxies/{one}.html").read_text() for one in (number, number + 3)]
        links = [re.findall(r'by (\w+) weights: <a href="\.\./galaxies/(\d+)\.html"', page) for page in pages]
        assert links == [[("newer", str(number + 3))], [("older", str(number))]]
    assert (tmp_path / "public/galaxies/2.jpg").read_bytes() == picture, "an old address means what it meant"
    index = json.loads((tmp_path / "public/data/galaxies/index.json").read_text())
    assert (index["count"], index["numbers"]) == (6, "dense")
    assert make(gallery, Report()).nothing
    assert run(["rename", "galaxies", "islands", str(tmp_path)]) == 0
    assert read_lock(tmp_path).first == {"islands": 3}, "or nothing more would be drawn of the newer generation"
    page = (tmp_path / "public/islands/1.html").read_text()
    assert re.findall(r'by (\w+) weights: <a href="\.\./islands/(\d+)\.html"', page) == [("newer", "4")]
