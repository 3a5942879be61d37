"""Strangers' texts and keys in a catalogue: nothing of them runs in a browser or leaves the gallery's folder."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
import synthetic
from baked import Links, built, links_of, make

from render.catalogue import FILE, Catalogue
from render.config import Gallery
from render.errors import NonesuchError

HOSTILE = """"><script>alert(1)</script>'<img src=x onerror=alert(1)>{{ 7*7 }}&amp;"""


def test_text_from_a_model_stays_text(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """A caption or a credit written elsewhere could run script on the maker's site."""
    gallery = make(tmp_path / "g", parts, 2, f"author = {json.dumps(HOSTILE)}")
    texts = dict.fromkeys(("title", "alt", "description", "caption"), HOSTILE)
    near = {"index": 0, "file": f"efigi/{HOSTILE}.jpg", "distance": 0.5, "credit": HOSTILE, "class_name": HOSTILE}
    evidence = {"checked": True, "distance": 0.5, "percentile": 0.5, "neighbours": [near]}
    hostile = synthetic.exhibit(3, parts[1][0], texts=texts, evidence=evidence)
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.rendered(hostile, parts[1][0].media)
    built(gallery)
    for page in gallery.public.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        tags = Links(text).attributes
        assert "<script>" not in text
        assert not any(name.startswith("on") or name == "style" for _, name, _ in tags), page
        assert not any(tag == "img" and value == "x" for tag, _, value in tags)
    assert "{{ 7*7 }}" in (gallery.public / "galaxies/3.html").read_text()


def test_pages_follow_their_own_policy(standing: Gallery) -> None:
    """A browser would refuse the page's own style or script, or the policy would have to be loosened."""
    for page in standing.public.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in html.unescape(text)
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=|\stype=.application/ld)", text), page
        assert not any(link.startswith(("http:", "https:", "//")) for link in links_of(page)), page


def test_a_key_from_elsewhere_never_becomes_a_path(gallery: Gallery) -> None:
    """A catalogue made by a stranger could publish any file of the maker's machine."""
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.db.execute("UPDATE media SET key = '../gallery.toml' WHERE role = 'image' AND width = 48")
    with pytest.raises(NonesuchError, match="no key of the media store"):
        built(gallery)
