"""The bake: what visitors would lose if pages were missing, halved, stale, unsafe, or tied to one address."""

from __future__ import annotations

import html
import json
import operator
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import synthetic
from baked import COUNT, built, contents, make

from render.bake import BakeReport
from render.captions.facts import facts
from render.catalogue import FILE, Catalogue
from render.config import Gallery, load_gallery
from render.errors import NonesuchError
from render.resources import resource
from render.validate import validate

ROOT = Path(__file__).resolve().parent.parent


class Links(HTMLParser):
    """Every address that a page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name in ("href", "src", "poster") or name.startswith("data-index"):
                self.found.append(value or "")
            if name == "srcset":
                self.found += [part.split()[0] for part in (value or "").split(",")]


def links_of(page: Path) -> list[str]:
    return Links(page.read_text(encoding="utf-8")).found


def test_every_link_leads_somewhere_under_any_path(gallery: Gallery) -> None:
    """A visitor would meet dead links, at once or only when the site moves to /repository/."""
    built(gallery)
    public = gallery.public
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


def test_the_missing_page_has_absolute_links(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> None:
    """Hosts send 404.html for any depth of address; relative links would break there."""
    gallery = make(tmp_path / "g", parts, 3, 'base = "/any-repo/"')
    built(gallery)
    links = [link for link in links_of(gallery.public / "404.html") if not link.startswith(("#", "data:"))]
    assert links
    assert all(link.startswith("/any-repo/") for link in links)


def test_two_bakes_are_byte_identical(gallery: Gallery, tmp_path: Path) -> None:
    """A site in version control or on a host that uploads what changed would churn."""
    built(gallery)
    first = contents(gallery.public)
    subprocess.run(["rm", "-r", str(gallery.public), str(gallery.folder / ".nonesuch")], check=True)
    built(gallery)
    assert contents(gallery.public) == first


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


def test_a_page_of_a_gallery_says_how_far_it_goes(gallery: Gallery) -> None:
    """A class of nine would be announced as 1–48."""
    built(gallery)
    assert [heading(gallery, page) for page in ("index.html", "2.html")] == ["1–48", f"49–{COUNT}"]
    assert 'class="number">from 49</span>' in (gallery.public / "galaxies/gallery/index.html").read_text()
    for folder in (gallery.public / "galaxies/gallery").iterdir():
        if folder.is_dir():
            tiles = (folder / "index.html").read_text().count('class="tile"')
            assert heading(gallery, f"{folder.name}/index.html") == (f"1–{tiles}" if tiles > 1 else "1")


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


def test_shards_hold_what_the_script_needs(gallery: Gallery) -> None:
    """The key for another galaxy would do nothing."""
    built(gallery)
    folder = gallery.public / "data/galaxies"
    index = json.loads((folder / "index.json").read_text())
    assert (index["count"], index["numbers"], index["shard"]) == (COUNT, "dense", 100)
    entries = json.loads((folder / f"shard-000.{index['shards'][0]}.json").read_text())
    assert [entry["n"] for entry in entries] == list(range(1, COUNT + 1))
    for entry in entries:
        assert (gallery.public / entry["u"]).is_file()
        assert all((gallery.public / "media" / key).is_file() for key in [entry["j"], *entry["s"].values()])


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


def test_pages_follow_their_own_policy(gallery: Gallery) -> None:
    """A browser would refuse the page's own style or script, or the policy would have to be loosened."""
    built(gallery)
    for page in gallery.public.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in html.unescape(text)
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=|\stype=.application/ld)", text), page
        assert not any(link.startswith(("http:", "https:", "//")) for link in links_of(page)), page


def test_pictures_reserve_their_place_and_load_in_order(gallery: Gallery) -> None:
    """Pages would jump while they load, and fetch what nobody looks at first."""
    built(gallery)
    for name in ("index.html", "galaxies/5.html", "galaxies/gallery/index.html"):
        text = (gallery.public / name).read_text()
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


def test_a_template_changes_the_pages_that_use_it(gallery: Gallery, tmp_path: Path) -> None:
    """Changed templates would show late, or a small change would rewrite everything."""
    templates = tmp_path / "templates"
    subprocess.run(["cp", "-r", str(resource("templates")), str(templates)], check=True)
    built(gallery, templates=templates)
    about = templates / "about.html"
    about.write_text(about.read_text().replace("None of this exists", "Nothing of this exists"))
    assert built(gallery, templates=templates).written == ["about/index.html"]
    macros = templates / "macros.html"
    macros.write_text(macros.read_text().replace('class="scale"', 'class="scale small"'))
    written = built(gallery, templates=templates).written
    assert "about/index.html" not in written


def test_a_gallery_has_its_own_look(gallery: Gallery) -> None:
    """Who wants another colour or another line would have to fork the program, or would lose it with the next bake."""
    built(gallery)
    before = contents(gallery.public)
    theme = gallery.folder / "theme"
    theme.mkdir()
    (theme / "style.css").write_text(":root { --accent: #7fd1c7; }")
    (theme / "home.html").write_text(
        '{% extends "shipped/home.html" %}{% block main %}{{ super() }}<p>Open until dawn.</p>{% endblock %}'
    )
    built(gallery)
    home = (gallery.public / "index.html").read_text()
    assert "Open until dawn." in home
    assert "This galaxy does not exist." in home
    page = (gallery.public / "galaxies/3.html").read_text()
    assert page.index("style.33333333.css") < page.index('href="../theme/style.css"')
    assert (gallery.public / "theme/style.css").read_text() == ":root { --accent: #7fd1c7; }"
    (theme / "home.html").write_text('{% extends "shipped/home.html" %}{% block main %}Closed.{% endblock %}')
    assert "index.html" in built(gallery).written
    (theme / "about.html").write_text("{% if %}")
    with pytest.raises(NonesuchError, match=r"theme/about\.html, line 1"):
        built(gallery)
    subprocess.run(["rm", "-r", str(theme)], check=True)
    built(gallery)
    assert contents(gallery.public) == before


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


def test_a_key_from_elsewhere_never_becomes_a_path(gallery: Gallery) -> None:
    """A catalogue made by a stranger could publish any file of the maker's machine."""
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        catalogue.db.execute("UPDATE media SET key = '../gallery.toml' WHERE role = 'image' AND width = 48")
    with pytest.raises(NonesuchError, match="no key of the media store"):
        built(gallery)


def test_a_budget_is_kept_by_leaving_out_what_is_missed_least(gallery: Gallery) -> None:
    """Hosts refuse what is too large, and nobody should have to find out by hand what to leave out."""

    def baked_within(budget: str) -> BakeReport:
        text = (gallery.folder / "gallery.toml").read_text(encoding="utf-8").partition("[bake]")[0]
        (gallery.folder / "gallery.toml").write_text(f"{text}[bake]\n{budget}\n", encoding="utf-8")
        return built(load_gallery(gallery.folder))

    def weight() -> tuple[int, int]:
        files = [path for path in gallery.public.rglob("*") if path.is_file()]
        return len(files), sum(path.stat().st_size for path in files)

    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        known = catalogue.numbered("galaxies", 60)
        assert known is not None
        catalogue.captioned(known.id, {"title": "One", "caption": "Two.", "facts": [next(iter(facts()))]})
    assert not baked_within("").chosen
    assert 'class="fine references"' in (gallery.public / "galaxies/60.html").read_text(encoding="utf-8")
    files, size = weight()
    assert not baked_within(f"max_files = {files}\nmax_size = '{-(-size // 1000)} kB'").chosen, "all of it fits"
    assert weight() == (files, size)
    report = baked_within(f"max_files = {files - 1}")
    assert report.chosen == f"to keep to {files - 1} files, the site does without GIFs of walks"
    assert weight()[0] == files - 2
    assert not list(gallery.public.rglob("*.gif"))
    report = baked_within(f"max_files = {files - 4}")
    assert "pictures wider than 48 pixels" in report.chosen
    assert "api" in {path.name for path in gallery.public.iterdir()}
    assert "96w" not in (gallery.public / "galaxies/1.html").read_text(encoding="utf-8")
    report = baked_within(f"max_files = {files - 100}")
    assert report.chosen.endswith("and the API with its numbered pictures")
    assert weight()[0] <= files - 100
    report = baked_within(f"max_files = {weight()[0] - 20}")
    assert report.chosen.endswith("and a page for each exhibit (a hundred share one)")
    least = weight()
    shared = (gallery.public / "galaxies/1-100.html").read_text(encoding="utf-8")
    assert shared.count("<article") == COUNT
    assert 'class="fine references"' in shared.partition('id="n60"')[2]
    assert "../galaxies/1-100.html#n2" in (gallery.public / "galaxies/gallery/index.html").read_text(encoding="utf-8")
    assert 'data-shared="100"' in (gallery.public / "404.html").read_text(encoding="utf-8")
    assert not validate(gallery.public)[1]
    before = contents(gallery.public)
    with pytest.raises(NonesuchError, match=rf"bake.max_files = 50 \({least[0]} is the least\)"):
        baked_within("max_files = 50")
    assert contents(gallery.public) == before, "nothing was changed"
    assert not baked_within(f"max_files = {files}").chosen, "with more room all is there again"
    assert weight() == (files, size)
