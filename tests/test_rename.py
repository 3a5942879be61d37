"""A collection gets another slug: links to it in the world would die, or its numbers would begin anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import synthetic
from baked import make
from browsing import chromium, playwright, served

from render.cli import run
from render.config import Gallery, load_gallery
from render.errors import UsageError
from render.stages.importing import import_folder
from render.stages.renaming import rename
from render.validate import validate

COUNT = 8


@pytest.fixture
def gallery(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    return make(tmp_path / "gallery", parts, COUNT, 'address = "https://example.org/sky/"\nbase = "/sky/"')


@pytest.mark.browser
def test_old_addresses_go_on_working(gallery: Gallery) -> None:
    assert run(["bake", str(gallery.folder)]) == 0
    before = {path.relative_to(gallery.public).as_posix() for path in (gallery.public / "galaxies").rglob("*")}
    before = {path for path in before if re.search(r"\.html$|/feed\.|galaxies/\d+\.jpg$", path)}
    assert len(before) > 2 * COUNT
    records = {path.name for path in (gallery.public / "api/v1/galaxies").glob("*.json")}
    assert run(["rename", "galaxies", "island-universes", str(gallery.folder)]) == 0
    assert {path for path in before if not (gallery.public / path).is_file()} == set()
    assert {path.name for path in (gallery.public / "api/v1/galaxies").glob("*.json")} == records
    old = json.loads((gallery.public / "api/v1/galaxies/3.json").read_text())
    assert (old["collection"], old["page"]) == ("island-universes", "island-universes/3.html")
    assert (gallery.public / "galaxies/3.jpg").samefile(gallery.public / "island-universes/3.jpg")
    page = (gallery.public / "galaxies/gallery/index.html").read_text()
    assert 'content="0; url=../../island-universes/gallery/"' in page
    assert "script" not in re.sub("<meta.*?>", "", page)
    assert (
        'rel="canonical" href="https://example.org/sky/island-universes/3.html"'
        in (gallery.public / "galaxies/3.html").read_text()
    )
    assert (gallery.public / "_redirects").read_text().splitlines() == [
        "/sky/galaxies/* /sky/island-universes/:splat 301",
        "/sky/api/v1/galaxies/* /sky/api/v1/island-universes/:splat 301",
    ]
    assert validate(gallery.public, "/sky/")[1] == []
    with chromium() as browser, served(gallery.public, "/sky/") as address:
        visitor = browser.new_context(java_script_enabled=False).new_page()
        visitor.goto(f"{address}galaxies/3.html")
        visitor.wait_for_url("**/island-universes/3.html", timeout=60_000)
        playwright.expect(visitor.locator(".card .designation")).to_have_text("NONESUCH 3", timeout=60_000)


def test_exhibits_keep_their_numbers_even_when_the_command_was_killed(gallery: Gallery) -> None:
    """Settings are written first; what was killed then is finished by the next command."""
    settings = gallery.folder / "gallery.toml"
    settings.write_text(settings.read_text().replace('slug = "galaxies"', 'slug = "lights"\nformerly = ["galaxies"]'))
    assert run(["bake", str(gallery.folder)]) == 0
    index = json.loads((gallery.public / "data/lights/index.json").read_text())
    assert (index["count"], index["max"]) == (COUNT, COUNT)
    assert rename(gallery.folder, "lights", "galaxies") == COUNT + 2, "with its two walks"
    assert load_gallery(gallery.folder).collections[0].formerly == ["lights"]


def test_a_slug_that_will_not_do_is_refused(gallery: Gallery) -> None:
    before = (gallery.folder / "gallery.toml").read_bytes()
    for new, told in (("media", "the site itself has a folder"), ("a b", "small letters")):
        with pytest.raises(UsageError, match=told):
            rename(gallery.folder, "galaxies", new)
    with pytest.raises(UsageError, match="there is no collection 'galaxy'"):
        rename(gallery.folder, "galaxy", "lights")
    assert (gallery.folder / "gallery.toml").read_bytes() == before


def test_an_imported_collection_is_still_followed(tmp_path: Path) -> None:
    """Every picture would be new under the new slug, and each old number a tombstone."""
    root = tmp_path / "sea"
    root.mkdir()
    for seed in (1, 2):
        synthetic.spiral(seed).save(root / f"{seed}.png")
    home = tmp_path / "g"
    assert run(["import", str(root), str(home)]) == 0
    for old, new in (("sea", "ocean"), ("ocean", "sea")):
        assert rename(home, old, new) == 2
        gallery = load_gallery(home)
        done = import_folder(gallery, gallery.folders[0])
        assert (done.new, done.kept, done.gone) == (0, 2, 0)
