"""The package for museums: what an archive could not read, check or look at."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import synthetic
import yaml
from baked import built, make
from click.testing import CliRunner
from rocrate.rocrate import ROCrate

from render.catalogue import FILE, Catalogue
from render.cli import cli
from render.config import Gallery, load_gallery
from render.packing import Packed, pack

ADDRESS = "https://example.org/x/"
TITLE = '=HYPERLINK("https://example.org/")'


def packed(gallery: Gallery) -> Packed:
    return pack(gallery, site=synthetic.built_site(gallery.folder.parent / "site"))


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory, parts: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    """Five exhibits, one taken off, one with a title that a spreadsheet would run; two walks; baked and packed."""
    folder = tmp_path_factory.mktemp("museum") / "gallery"
    gallery = make(folder, parts, 4, f'address = "{ADDRESS}"\nauthor = "A. Maker"')
    hostile = synthetic.exhibit(5, parts[1][0], texts={"title": TITLE, "alt": "<b>A picture</b>"})
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(hostile, parts[1][0].media)
        gone = catalogue.numbered("galaxies", 2)
        assert gone is not None
        catalogue.removed(gone.id, "asked to")
    built(gallery)
    packed(gallery)
    return gallery


def language_maps(value: Any) -> list[Any]:
    """Every label, value and summary in a manifest, wherever it stands."""
    if isinstance(value, list):
        return [found for one in value for found in language_maps(one)]
    if not isinstance(value, dict):
        return []
    own = [value[name] for name in ("label", "value", "summary") if name in value]
    return own + [found for one in value.values() for found in language_maps(one)]


def test_viewers_can_follow_the_manifests(museum: Gallery) -> None:
    """The rules of IIIF Presentation 3.0 that viewers refuse a manifest for; and an address that leads nowhere."""
    folder = museum.folder / "pack"
    listed = json.loads((folder / "iiif/galaxies/collection.json").read_text())
    assert (listed["type"], listed["id"]) == ("Collection", f"{ADDRESS}iiif/galaxies/collection.json")
    assert [one["id"].rpartition("/")[2] for one in listed["items"]] == ["1.json", "3.json", "4.json", "5.json"]
    for one in listed["items"]:
        manifest = json.loads((folder / one["id"].removeprefix(ADDRESS)).read_text())
        assert manifest["@context"] == "http://iiif.io/api/presentation/3/context.json"
        assert (manifest["id"], manifest["type"], manifest["label"]) == (one["id"], "Manifest", one["label"])
        assert manifest["rights"] == "http://creativecommons.org/publicdomain/zero/1.0/"
        assert "not observed" in manifest["requiredStatement"]["value"]["en"][0]
        for words in language_maps(manifest):
            assert all(isinstance(text, str) and not text.startswith("<") for some in words.values() for text in some)
        (canvas,) = manifest["items"]
        (page,) = canvas["items"]
        (painting,) = page["items"]
        assert [part["type"] for part in (canvas, page, painting)] == ["Canvas", "AnnotationPage", "Annotation"]
        assert (painting["motivation"], painting["target"]) == ("painting", canvas["id"])
        body = painting["body"]
        assert (body["type"], body["format"]) == ("Image", "image/jpeg")
        assert (body["width"], body["height"]) == (canvas["width"], canvas["height"])
        assert (museum.public / body["id"].removeprefix(ADDRESS)).read_bytes()[:2] == b"\xff\xd8"
        assert (museum.public / manifest["homepage"][0]["id"].removeprefix(ADDRESS)).is_file()


def test_an_archive_finds_every_file_and_its_hash(museum: Gallery) -> None:
    """A package that was damaged, or that lacks a file, would pass for whole."""
    folder = museum.folder / "pack"
    crate = ROCrate(folder)
    assert (crate.name, crate.datePublished.date().isoformat()) == ("nonesuch", "2026-11-21")
    assert crate.license["@id"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    pictures = [one for one in crate.data_entities if "ImageObject" in one.type]
    assert {one.id for one in crate.data_entities} - {one.id for one in pictures} == {
        *("collection.csv", "data-dictionary.csv", "CITATION.cff", "site/", "iiif/")
    }
    for one in crate.data_entities:
        assert (folder / one.id).exists(), one.id
    for one in pictures:
        data = (folder / one.id).read_bytes()
        assert (one["sha256"], one["contentSize"]) == (hashlib.sha256(data).hexdigest(), str(len(data)))
    lines = [line.split("  ", 1) for line in (folder / "checksums.sha256").read_text().splitlines()]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name for _, name in lines} == there - {"checksums.sha256"}
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == sum_ for sum_, name in lines)


def test_the_table_says_what_its_columns_mean(museum: Gallery) -> None:
    """A curator could not tell what a number is, or a spreadsheet would run a title."""
    folder = museum.folder / "pack"
    with (folder / "collection.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "data-dictionary.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["1", "3", "4", "5"]
    assert list(rows[0]) == [line["column"] for line in told][:-1]
    assert all(line["meaning"] for line in told)
    assert rows[3]["title"] == f"'{TITLE}"
    assert (rows[0]["seed"], rows[0]["evidence_checked"], rows[0]["licence"]) == ("1", "true", "CC0-1.0")
    assert all((folder / row["picture"]).is_file() and (folder / row["page"]).is_file() for row in rows)
    cited = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["cff-version"], cited["type"], cited["license"]) == ("1.2.0", "dataset", "CC0-1.0")
    assert (cited["title"], cited["authors"]) == ("nonesuch", [{"name": "A. Maker"}])


def test_the_site_is_read_from_a_disk(museum: Gallery, browser: Any) -> None:
    """Who opens the folder in twenty years, without a server, would see broken links and no pictures."""
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    # what a page was still loading when it was left is aborted, and is no trouble
    page.on("requestfailed", lambda request: request.failure == "net::ERR_ABORTED" or troubles.append(request.url))
    page.goto((museum.folder / "pack/site/index.html").as_uri())
    page.get_by_role("link", name="gallery", exact=True).click()
    page.wait_for_url("**/galaxies/gallery/index.html")
    page.locator(".tile a").first.click()
    page.wait_for_url("**/galaxies/1.html")
    page.wait_for_function("document.images.length && [...document.images].every(i => i.complete && i.naturalWidth)")
    page.get_by_role("link", name="Next: NONESUCH 3").click()
    page.wait_for_url("**/galaxies/3.html")
    page.close()
    assert troubles == []
    assert not list((museum.folder / "pack/site").rglob("*.js*"))


def test_packed_again_only_what_changed_is_written(museum: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every package would be a new one to the archive, or keep manifests whose addresses lead nowhere."""
    again = packed(museum)
    assert (again.written, again.removed, again.manifests) == (0, 0, 4)
    settings = museum.folder / "gallery.toml"
    settings.write_text(settings.read_text().replace(f'address = "{ADDRESS}"\n', ""))
    done = CliRunner().invoke(cli, ["pack", str(museum.folder)], catch_exceptions=False)
    assert "No IIIF manifests" in done.output
    assert not (museum.folder / "pack/iiif").exists()
    assert load_gallery(museum.folder).about.address is None
