"""A setting changes: pages that a bake takes for unchanged would lead to where nothing is any more."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import synthetic
from baked import built, contents, make

from render.catalogue import Catalogue
from render.cli import run
from render.config import Gallery, load_gallery
from render.validate import validate

COUNT = 12
TONGUES = 'languages = ["en", "pl"]\n'


def fresh(gallery: Gallery, folder: Path) -> dict[str, str]:
    """What a bake makes of the same gallery in a folder where none was before."""
    shutil.copytree(gallery.folder, folder, ignore=shutil.ignore_patterns("public", ".nonesuch"))
    other = load_gallery(folder)
    built(other)
    return contents(other.public)


@pytest.mark.parametrize(
    ("about", "tables"),
    [
        (TONGUES, ["[bake]\nexhibit_languages = true", "[bake]\nexhibit_languages = false"]),
        ("", ["[bake]\nmax_files = 90", "[bake]\nmax_files = 5000", "[bake]\nmax_files = 120"]),
        (TONGUES, ["", "[bake]\npage_size = 6", "[bake]\napi = false"]),
    ],
    ids=["languages", "budget", "pages"],
)
def test_a_bake_that_goes_on_leaves_what_a_fresh_one_would(
    tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]], about: str, tables: list[str]
) -> None:
    gallery = make(tmp_path / "g", parts, COUNT, about)
    file = gallery.folder / "gallery.toml"
    plain = file.read_text(encoding="utf-8")
    expected = {}
    for table in tables:
        file.write_text(f"{plain}{table}\n", encoding="utf-8")
        expected[table] = fresh(load_gallery(gallery.folder), tmp_path / f"fresh{len(expected)}")
    assert len({json.dumps(one, sort_keys=True) for one in expected.values()}) == len(tables), "they do differ"
    for before, after in pairwise([*tables, *tables]):
        for table in (before, after):
            file.write_text(f"{plain}{table}\n", encoding="utf-8")
            built(load_gallery(gallery.folder))
        assert contents(gallery.public) == expected[after], (before, after)
        assert validate(gallery.public)[1] == []


def test_a_former_slug_leads_on_in_every_language(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    gallery = make(tmp_path / "g", parts, COUNT, TONGUES)
    built(gallery)
    before = {path for path in contents(gallery.public) if "galaxies/" in path and path.endswith(".html")}
    assert "pl/galaxies/gallery/index.html" in before
    assert run(["rename", "galaxies", "islands", str(gallery.folder)]) == 0
    built(load_gallery(gallery.folder))
    assert before <= set(contents(gallery.public))
    page = (gallery.public / "pl/galaxies/gallery/index.html").read_text(encoding="utf-8")
    assert 'content="0; url=../../islands/gallery/"' in page
    assert "/pl/galaxies/* /pl/islands/:splat 301" in (gallery.public / "_redirects").read_text().splitlines()
    assert validate(gallery.public)[1] == []


def test_classes_that_ascii_cannot_tell_apart_have_galleries_of_their_own(
    tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]
) -> None:
    """A classifier of a person's own labels may know C# and C++, or 수채화 and 유화."""
    gallery = make(tmp_path / "g", parts, COUNT)
    names = ("C#", "C++", "수채화", "유화", "late_spiral")
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        for number in range(1, COUNT + 1):
            known = catalogue.numbered("galaxies", number)
            assert known
            catalogue.db.execute("UPDATE exhibits SET found = ? WHERE id = ?", (names[number % 5], known.id))
        catalogue.commit()
    built(gallery)
    folders = {path.name for path in (gallery.public / "galaxies/gallery").iterdir() if path.is_dir()}
    assert len(folders) == len(names)
    assert "late-spiral" in folders
    assert len(list((gallery.public / "api/v1/galaxies/classes").glob("*.json"))) == len(names)


def test_each_exhibit_keeps_its_smallest_picture_whatever_the_budget(
    tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]
) -> None:
    """One narrow picture among others would leave all of these with a JPEG alone."""
    gallery = make(tmp_path / "g", parts, COUNT)
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        small = catalogue.numbered("galaxies", 3)
        assert small
        catalogue.db.execute("DELETE FROM media WHERE exhibit = ? AND role = 'image' AND width > 48", (small.id,))
        catalogue.db.execute("UPDATE media SET width = 20 WHERE exhibit = ? AND role = 'image'", (small.id,))
        catalogue.commit()
    built(gallery)
    files = len(contents(gallery.public))
    file = gallery.folder / "gallery.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}[bake]\nmax_files = {files - 6}\n", encoding="utf-8")
    assert "pictures wider than" in built(load_gallery(gallery.folder)).chosen
    for number in range(1, COUNT + 1):
        page = (gallery.public / f"galaxies/{number}.html").read_text(encoding="utf-8")
        assert 'type="image/avif"' in page, number


def test_nobody_is_said_to_have_made_imported_pictures(tmp_path: Path) -> None:
    """A filter would offer one invented model for every picture."""
    root = tmp_path / "sea"
    root.mkdir()
    for seed in range(3):
        synthetic.spiral(seed).save(root / f"{seed}.png")
    assert run(["import", str(root), str(tmp_path / "g")]) == 0
    (table,) = (tmp_path / "g/public/data/sea").glob("traits-*.json")
    assert json.loads(table.read_text())["models"] == []
