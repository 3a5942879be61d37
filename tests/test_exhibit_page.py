"""An exhibit's page: what a visitor could not trust if a figure stood alone, a source were missing, a mark untrue."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic

from render.bake import bake
from render.bake.rulers import ruler
from render.captions import facts
from render.catalogue import FILE, Catalogue
from render.config import Gallery, load_gallery
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


DETECTOR = """
name = "d"
family = "copydetector"
size = 96
[[training.credits]]
name = "Survey A"
text = "20 pictures"
licence = "CC-BY"
[[training.credits]]
name = "Survey B; Smith & Jones 2011"
text = "30 pictures"
licence = "cite Smith & Jones"
"""


def test_every_real_picture_stands_with_its_own_licence(tmp_path: Path) -> None:
    made = synthetic.gallery(tmp_path / "gallery", 1)
    (made.folder / "d").mkdir()
    (made.folder / "d/card.toml").write_text(DETECTOR)
    settings = made.folder / "gallery.toml"
    settings.write_text(settings.read_text().replace("galaxy-96", "./gone") + '[evidence]\nweights = "./d"\n')
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    whose = ("Survey B; Smith & Jones 2011", "Survey A", "Survey A")
    near = [{"file": f"{n}.jpg", "distance": 0.5, "credit": credit} for n, credit in enumerate(whose)]
    evidence = {"checked": True, "percentile": 0.5, "pca_percentile": 0.314, "neighbours": near}
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        catalogue.rendered(synthetic.exhibit(1, picture, evidence=evidence), picture.media)
    bake(load_gallery(made.folder), site=synthetic.built_site(tmp_path / "site"))
    credits = re.findall(r'<p class="fine credit">(.*?)</p>', page(made, 1))
    assert credits == ["Survey B; Smith &amp; Jones 2011 (cite Smith &amp; Jones)", "Survey A (CC-BY)"]


def test_the_second_view_is_told_and_decides_nothing(tmp_path: Path) -> None:
    """Without it the page would hide a view that disagrees with the verdict."""
    made = synthetic.gallery(tmp_path / "gallery", 2)
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    near = [{"file": "1.jpg", "distance": 0.5, "credit": "A"}]
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        for number, more in ((1, {"pca_distance": 2.5, "pca_percentile": 0.031}), (2, {})):
            evidence = {"checked": True, "percentile": 0.5, "neighbours": near, **more}
            catalogue.rendered(synthetic.exhibit(number, picture, evidence=evidence), picture.media)
    bake(made, site=synthetic.built_site(tmp_path / "site"))
    assert "pixel by pixel in eight orientations: 3\u202f% of real galaxies lie nearer" in page(made, 1)
    assert "pixel by pixel" not in page(made, 2)


def test_terms_and_what_a_picture_cannot_show_stand_beside_it(tmp_path: Path) -> None:
    """A visitor would take an invention for an observation, or use it on terms that nobody named."""
    made = synthetic.gallery(tmp_path / "gallery", 3)
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    near = [{"file": "1.jpg", "distance": 0.9, "credit": "A"}]
    drawn_into = replace(synthetic.exhibit(3, picture).recipe, mask="ab" * 32)
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        for number, share in ((1, 0.989), (2, 0.99)):
            evidence = {"checked": True, "percentile": share, "neighbours": near}
            catalogue.rendered(synthetic.exhibit(number, picture, evidence=evidence), picture.media)
        catalogue.rendered(replace(synthetic.exhibit(3, picture), recipe=drawn_into, id=drawn_into.id), picture.media)
    bake(made, site=synthetic.built_site(tmp_path / "site"))
    first = page(made, 1)
    assert "Generated. No scale, no north, no distance: nothing was observed." in first
    assert "(CC0 1.0): use them for anything, without asking. The model is under CC-BY-4.0." in first
    assert re.search(r"It learned from pictures of: [^<]*EFIGI catalogue, Baillard et al. 2011", first)
    assert "No depicted object exists." in first
    unlike = "Unlike any training galaxy: farther from every real one than 99 in a hundred of those"
    assert [unlike in page(made, number) for number in (1, 2)] == [False, True]
    assert "What is said of its class is worth little." in page(made, 2)
    assert "No scale" not in page(made, 3), "a part of it may have been observed"
    assert "No depicted object exists." not in page(made, 3)


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
