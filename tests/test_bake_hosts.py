"""What hosts, browsers and crawlers need of a baked site."""

from __future__ import annotations

import re
from pathlib import Path

import synthetic
from baked import built, contents, links_of, make

from render.config import Gallery


def test_the_missing_page_has_absolute_links(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """Hosts send 404.html for any depth of address; relative links would break there."""
    gallery = make(tmp_path / "g", parts, 3, 'base = "/any-repo/"')
    built(gallery)
    links = [link for link in links_of(gallery.public / "404.html") if not link.startswith(("#", "data:"))]
    assert links
    assert all(link.startswith("/any-repo/") for link in links)


def test_pictures_reserve_their_place_and_load_in_order(standing: Gallery) -> None:
    """Pages would jump while they load, and fetch what nobody looks at first."""
    for name in ("index.html", "galaxies/5.html", "galaxies/gallery/index.html"):
        text = (standing.public / name).read_text()
        images = re.findall(r"<img [^>]*>", text)
        assert all(re.search(r'width="\d+" height="\d+"', image) for image in images)
        exposures = [image for image in images if 'class="exposure"' in image]
        assert 'fetchpriority="high"' in exposures[0]
        assert all('loading="lazy"' in image for image in exposures[1:])
        assert 'type="image/avif" srcset=' in text


def test_hosts_get_what_they_need(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """GitHub Pages would drop files, hosts would not cache, crawlers would not find the exhibits."""
    gallery = make(tmp_path / "g", parts, 4, 'address = "https://example.org/x"\nlanguages = ["en", "pl"]')
    (gallery.folder / "pages").mkdir()
    (gallery.folder / "pages" / "imprint.md").write_text("# Imprint\n\nWe.\n", encoding="utf-8")
    built(gallery)
    names = contents(gallery.public)
    assert ".nojekyll" in names
    assert "immutable" in (gallery.public / "_headers").read_text()
    assert not [name for name in names if any(part.startswith("_") for part in name.split("/")) and name != "_headers"]
    assert "https://example.org/x/galaxies/4.html" in (gallery.public / "sitemap-galaxies-1.txt").read_text()
    robots, pages = (gallery.public / "robots.txt").read_text(), (gallery.public / "sitemap.txt").read_text().split()
    assert "sitemap-galaxies-1.txt" in robots
    assert "https://example.org/x/sitemap.txt" in robots
    for way in ("", "galaxies/gallery/", "galaxies/walks/1.html", "about/", "pages/imprint.html", "pl/galaxies/"):
        assert f"https://example.org/x/{way}" in pages
    assert (
        'property="og:image" content="https://example.org/x/media/' in (gallery.public / "galaxies/2.html").read_text()
    )
