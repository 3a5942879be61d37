"""Figures on the pages: none without what it is worth, which the cards of the weights say."""

from __future__ import annotations

import re

import pytest
from baked import built

from render.config import Gallery, load_gallery

CLASSIFIER = """
name = "c"
family = "classifier"
size = 96
[[training.credits]]
name = "EFIGI"
text = "Baillard et al. 2011"
licence = "cite"
url = "javascript:alert(1)"
[quality.test.seven]
pictures = 412
accuracy = 0.803
accuracy_interval_95 = [0.76, 0.84]
[quality.measured]
n = 300
axis_ratio = { 5 = 0.2, 50 = 0.6, 95 = 0.95 }
"""
DETECTOR = """
name = "d"
family = "copydetector"
size = 96
[quality.real_distances]
5 = 0.3
50 = 0.5
95 = 0.9
[quality.authentic]
pictures = 500
authentic = 0.91
interval = [0.88, 0.93]
"""


def test_figures_come_from_the_cards(gallery: Gallery) -> None:
    """A probability would stand there without what it is worth, a distance without what it is read against."""
    for name, card in (("c", CLASSIFIER), ("d", DETECTOR)):
        (gallery.folder / name).mkdir()
        (gallery.folder / name / "card.toml").write_text(card)
    settings = gallery.folder / "gallery.toml"
    judges = '[classify]\nweights = "c"\n[evidence]\nweights = "d"\n'
    settings.write_text(settings.read_text().replace("galaxy-96", "./gone") + judges)
    built(load_gallery(gallery.folder))
    page = (gallery.public / "galaxies/5.html").read_text()
    assert "Of 412 real pictures of all classes, none of which it ever saw, it names 80\u202f% as people did" in page
    scale = re.search(r'class="scale-band" x="([\d.]+)" y="5" width="([\d.]+)"', page)
    assert scale is not None
    assert float(scale[1]) / float(scale[2]) == pytest.approx(0.3 / (0.9 - 0.3), rel=0.01)
    assert page.count('class="scale-mark"') == 3 + 1, "three neighbours, and the one measurement that the card knows"
    assert "nine in ten of 300 real galaxies" in page
    about = (gallery.public / "about/index.html").read_text()
    assert "80\u202f% (76\u202f% to 84\u202f%)" in about
    assert "91\u202f% (88\u202f% to 93\u202f%)" in about
    assert "EFIGI" in about
    assert "javascript:" not in about
