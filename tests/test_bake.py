"""The bake: what visitors would lose if pages were missing, halved, stale or dead ends."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import synthetic
from baked import COUNT, built, contents, links_of

from render.catalogue import FILE, Catalogue
from render.config import Gallery, load_gallery
from render.errors import NonesuchError


def test_every_link_leads_somewhere_under_any_path(standing: Gallery) -> None:
    """A visitor would meet dead links, at once or only when the site moves to /repository/."""
    public = standing.public
    for base in ("https://example.org/", "https://example.org/any-repo/"):
        for page in public.rglob("*.html"):
            if page.name == "404.html":
                continue
            here = base + page.relative_to(public).as_posix()
            for link in links_of(page):
                target = urljoin(here, link)
                if link.startswith(("data:", "#")) or not link:
                    continue
                assert target.startswith(base), f"{page}: {link} leaves the site"
                path = public / unquote(urlsplit(target).path.removeprefix(urlsplit(base).path))
                assert (path / "index.html" if path.is_dir() else path).is_file(), f"{page}: {link} leads nowhere"


def test_two_bakes_are_byte_identical(gallery: Gallery, standing: Gallery) -> None:
    """A site in version control or on a host that uploads what changed would churn."""
    built(gallery)
    assert contents(gallery.public) == contents(standing.public)


def test_nothing_changed_writes_nothing(gallery: Gallery) -> None:
    """Every evening's run would rewrite the site, and hosts would be sent all of it again."""
    first = built(gallery)
    assert len(first.written) > COUNT
    before = {path: path.stat().st_mtime_ns for path in gallery.public.rglob("*")}
    again = built(gallery)
    assert (again.written, again.removed, again.kept) == ([], [], len(first.written))
    assert {path: path.stat().st_mtime_ns for path in gallery.public.rglob("*")} == before


def test_one_more_exhibit_rewrites_its_declared_files(
    gallery: Gallery, parts: tuple[Path, list[synthetic.Picture]]
) -> None:
    """At ten thousand exhibits, one more would mean ten thousand writes."""
    built(gallery)
    synthetic.fill(gallery.folder, parts[1], 1, first=COUNT + 1)
    report = built(gallery)
    found = synthetic.exhibit(COUNT + 1, parts[1][0]).found.replace("_", "-")
    allowed = (
        rf"galaxies/{COUNT + 1}\.html",  # itself
        rf"galaxies/{COUNT}\.html",  # whose "next" it is
        r"galaxies/gallery/(index|2)\.html",  # the counts, and the page it is on
        rf"galaxies/gallery/{found}/(index|2)\.html",
        r"data/galaxies/(index|(shard|traits)-000\.\w+)\.json",
        r"about/index\.html",  # how many are authentic
        r"galaxies/oddities/index\.html",  # how many are odd
        rf"galaxies/{COUNT + 1}\.jpg|api/v1/galaxies/{COUNT + 1}\.json",
        rf"api/v1/(galaxies/)?index\.json|api/v1/galaxies/(shards/0|classes/{found})\.json",
        r"galaxies/\d+-preview\.jpg",  # of the first pages' exhibit
        r"(galaxies/)?index\.html|404\.html",  # as long as the first hundred fill, one of which stands there
    )
    assert all(any(re.fullmatch(pattern, path) for pattern in allowed) for path in report.written), report.written
    shard, traits = sorted(report.removed)
    assert shard.startswith("data/galaxies/shard-000.")
    assert traits.startswith("data/galaxies/traits-000.")
    assert f"NONESUCH {COUNT + 1}" in (gallery.public / f"galaxies/{COUNT + 1}.html").read_text()


def heading(gallery: Gallery, path: str) -> str:
    text = (gallery.public / "galaxies/gallery" / path).read_text(encoding="utf-8")
    found = re.search(r'<span class="pages-here number">(.*?)</span>', text)
    assert found is not None
    return found[1]


def test_a_page_of_a_gallery_says_how_far_it_goes(standing: Gallery) -> None:
    """A class of nine would be announced as 1–48."""
    assert [heading(standing, page) for page in ("index.html", "2.html")] == ["1–48", f"49–{COUNT}"]
    assert 'class="number">from 49</span>' in (standing.public / "galaxies/gallery/index.html").read_text()
    for folder in (standing.public / "galaxies/gallery").iterdir():
        if folder.is_dir():
            tiles = (folder / "index.html").read_text().count('class="tile"')
            assert heading(standing, f"{folder.name}/index.html") == (f"1–{tiles}" if tiles > 1 else "1")


def test_the_bar_ends_when_every_exhibit_has_its_page(gallery: Gallery) -> None:
    """A person would watch a bar that stops short, or that opens for nothing."""
    bars: list[list[int]] = []

    @contextmanager
    def bar(total: int) -> Iterator[Callable[[int], None]]:
        seen = [total, 0]
        bars.append(seen)
        yield lambda more: operator.setitem(seen, 1, seen[1] + more)

    built(gallery, bar=bar)
    assert bars == [[COUNT + 2, COUNT + 2]], "sixty exhibits and two walks"
    built(gallery, bar=bar)
    assert len(bars) == 1, "nothing changed"


def test_a_removed_exhibit_leaves_a_gap_and_no_link(gallery: Gallery) -> None:
    """The page of a withdrawn exhibit would stay, or its number would pass to another."""
    built(gallery)
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        gone = catalogue.numbered("galaxies", 7)
        assert gone is not None
        catalogue.removed(gone.id, "asked to")
    report = built(gallery)
    assert "galaxies/7.html" in report.written
    assert "NONESUCH 7 is not on show" in (gallery.public / "galaxies/7.html").read_text()
    assert "8.html" in " ".join(links_of(gallery.public / "galaxies/6.html"))
    assert not any("galaxies/7.html" in link for page in gallery.public.rglob("*.html") for link in links_of(page))
    index = json.loads((gallery.public / "data/galaxies/index.json").read_text())
    assert (index["count"], index["numbers"], index["max"]) == (COUNT - 1, [7], COUNT)


def test_what_was_damaged_is_mended(gallery: Gallery) -> None:
    """A page lost or edited in public/ would stay so until its exhibit changes."""
    built(gallery)
    good = contents(gallery.public)
    (gallery.public / "galaxies/3.html").unlink()
    (gallery.public / "galaxies/4.html").write_text("defaced")
    lost = next((gallery.public / "media").rglob("*.avif"))
    lost.unlink()
    built(gallery)
    assert contents(gallery.public) == good


def test_shards_hold_what_the_script_needs(standing: Gallery) -> None:
    """The key for another galaxy would do nothing."""
    folder = standing.public / "data/galaxies"
    index = json.loads((folder / "index.json").read_text())
    assert (index["count"], index["numbers"], index["shard"]) == (COUNT, "dense", 100)
    entries = json.loads((folder / f"shard-000.{index['shards'][0]}.json").read_text())
    assert [entry["n"] for entry in entries] == list(range(1, COUNT + 1))
    for entry in entries:
        assert (standing.public / entry["u"]).is_file()
        assert all((standing.public / "media" / key).is_file() for key in [entry["j"], *entry["s"].values()])


def test_own_files_in_the_root_stay(gallery: Gallery) -> None:
    """A maker's CNAME would vanish with every bake; leftovers in the site's own folders would not."""
    built(gallery)
    (gallery.public / "CNAME").write_text("example.org\n")
    stray = gallery.public / "galaxies/9999.html"
    stray.write_text("left over")
    (gallery.folder / "gallery.toml").write_text(
        (gallery.folder / "gallery.toml").read_text() + "\n[bake]\npage_size=20\n"
    )
    built(load_gallery(gallery.folder))
    assert (gallery.public / "CNAME").is_file()
    assert not stray.exists()


def test_an_empty_collection_has_pages(tmp_path: Path) -> None:
    """The first bake of a gallery would fail before anything is rendered."""
    gallery = synthetic.gallery(tmp_path / "g", 3)
    Catalogue(gallery.folder / FILE, write=True).close()
    built(gallery)
    assert "Nothing is on show" in (gallery.public / "index.html").read_text()
    assert heading(gallery, "index.html") == ""


def test_what_cannot_be_baked_says_why(gallery: Gallery) -> None:
    """A maker would see a traceback instead of what to do."""
    next((gallery.folder / "store").rglob("*.avif")).unlink()
    with pytest.raises(NonesuchError, match="check --mend"):
        built(gallery)
