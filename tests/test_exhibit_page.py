"""An exhibit's page: what a visitor could not trust if a figure stood alone, a source were missing, a mark untrue."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import synthetic

from render.bake import bake
from render.bake.rulers import ruler
from render.captions import facts
from render.catalogue import FILE, Catalogue
from render.config import Gallery
from render.provenance import TRAINED

HOSTILE = 'a</script><script>alert(1)</script>"\u2028'


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Two exhibits; the second's texts come from someone who means harm."""
    made = synthetic.gallery(tmp_path / "gallery", 2)
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    some = list(facts().values())[:2]
    texts = {"title": "A spiral", "alt": "A galaxy.", "caption": "One.", "facts": [fact.id for fact in some]}
    hostile = dict.fromkeys(("title", "alt", "caption", "description"), HOSTILE) | {"facts": [HOSTILE]}
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        for number, words in ((1, texts), (2, hostile)):
            catalogue.rendered(synthetic.exhibit(number, picture, texts=words), picture.media)
    bake(made, site=synthetic.built_site(tmp_path / "site"))
    return made


def page(gallery: Gallery, number: int) -> str:
    return (gallery.public / f"galaxies/{number}.html").read_text(encoding="utf-8")


def linked_data(text: str) -> dict[str, object]:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    assert len(found) == 1
    told: dict[str, object] = json.loads(found[0])
    return told


def test_machines_are_told_that_a_model_made_it(gallery: Gallery) -> None:
    told = linked_data(page(gallery, 1))
    assert told["@type"] == "ImageObject"
    assert told["digitalSourceType"] == TRAINED
    assert told["license"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert (gallery.public / "galaxies" / str(told["contentUrl"])).resolve().is_file()


def test_what_a_stranger_wrote_stays_data(gallery: Gallery) -> None:
    assert linked_data(page(gallery, 2))["name"] == HOSTILE
    assert page(gallery, 2).count("<script") == page(gallery, 1).count("<script")


def test_a_fact_stands_with_its_source(gallery: Gallery) -> None:
    text = page(gallery, 1)
    for fact in list(facts().values())[:2]:
        assert f'href="{fact.source}"' in text
    assert "Read in:" not in page(gallery, 2), "an unknown fact has no source, and gets none"


def test_a_value_lies_where_it_does_among_real_ones() -> None:
    quantiles = {"5": 1.0, "50": 2.0, "95": 3.0}
    inside = ruler(quantiles, [2.0], "")
    assert inside is not None
    assert inside["marks"] == [inside["median"]]
    assert inside["low"] < inside["median"] < inside["low"] + inside["width"]
    outside = ruler(quantiles, [-4.0], "")
    assert outside is not None
    assert 0 < outside["marks"][0] < outside["low"], "a value beyond the band is still on the scale"
    assert ruler({}, [1.0], "") is None
