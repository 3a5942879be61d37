"""The oddities: a visitor reads how rare something is here and among real galaxies, and sees the rarest first."""

from __future__ import annotations

import re
from html import unescape

from baked import built

from render.catalogue import Catalogue
from render.config import Gallery
from render.resources import resource
from render.weights import load_card


def test_what_is_odd_is_counted_as_the_catalogue_has_it(gallery: Gallery) -> None:
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        three = catalogue.numbered("galaxies", 3)
        assert three is not None
        assert three.measurements is not None
        measured = {**three.measurements, "axis_ratio": 0.05}
        catalogue.classified(three.id, three.found or "", three.classes or {}, measured)
        seven = catalogue.numbered("galaxies", 7)
        assert seven is not None
        catalogue.checked(seven.id, {**(seven.evidence or {}), "percentile": 0.995}, (), None)
        shown = [one for one, _ in catalogue.in_order("galaxies")]
    built(gallery)
    page = unescape((gallery.public / "galaxies/oddities/index.html").read_text(encoding="utf-8"))
    real = load_card(resource("weights") / "galaxy-classifier").quality["measured"]
    flat = [one for one in shown if (one.measurements or {})["axis_ratio"] < real["axis_ratio"]["5"]]
    assert f"{len(flat)} of {len(shown)} here are flatter than an axis ratio of 0.20" in page
    flattest = page.split(">Flattest<")[1].split("</section>")[0]
    assert "Among real galaxies it is one in twenty." in flattest
    assert re.findall(r"galaxies/(\d+)\.html", flattest)[0] == "3"
    farthest = page.split(">Farthest from every real galaxy<")[1].split("</section>")[0]
    assert re.findall(r"galaxies/(\d+)\.html", farthest) == ["7"]
    assert f"1 of {len(shown)} here" in farthest
    shares = [int(number) for number in re.findall(r"<p>(\d+) of \d+ here", page)]
    assert shares == sorted(shares)  # the rarest first; all were measured
