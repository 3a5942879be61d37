"""The morning: what a maker would lose is a decision, a hidden picture to the public, or the site to pasted text."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic
from baked import built, contents, make
from browsing import chromium, playwright, served

from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.config import CURATION, Curation, Decision, Exhibition, Gallery, read_curation, write_curation
from render.curating import Desk
from render.curating.night import oddness
from render.errors import NonesuchError, UsageError

COUNT = 8
Parts = tuple[Path, list[synthetic.Picture]]


@pytest.fixture
def gallery(tmp_path: Path, parts: Parts) -> Gallery:
    return make(tmp_path / "gallery", parts, COUNT)


@pytest.fixture
def desk(gallery: Gallery) -> Iterator[Desk]:
    server = Desk(gallery)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ids(gallery: Gallery) -> dict[int, str]:
    with Catalogue(gallery.folder / FILE) as catalogue:
        return {exhibit.number or 0: exhibit.id for exhibit, _ in catalogue.in_order("galaxies")}


def decided(gallery: Gallery, *decisions: tuple[int, Decision], exhibitions: list[Exhibition] | None = None) -> None:
    known = ids(gallery)
    exhibits = {known[number]: decision for number, decision in decisions}
    write_curation(gallery.folder, Curation(exhibit=exhibits, exhibition=exhibitions or []), {})


def asked(address: str, value: object = None, **headers: str) -> tuple[int, Any]:
    body = None if value is None else json.dumps(value).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_hidden_exhibit_leaves_the_site_and_only_what_showed_it_is_written(gallery: Gallery) -> None:
    """What the maker did not want shown would still be there under some address; or one decision would mean a whole
    upload.
    """
    built(gallery)
    before = contents(gallery.public)
    shown = json.loads((gallery.public / "api/v1/galaxies/4.json").read_text())
    decided(gallery, (4, Decision(hidden=True, note="secret reason")))
    report = built(gallery)
    index = json.loads((gallery.public / "data/galaxies/index.json").read_text())
    assert (index["count"], index["numbers"]) == (COUNT - 1, [4])
    record = json.loads((gallery.public / "api/v1/galaxies/4.json").read_text())
    assert (record["state"], record["stands_in"]) == ("gone", 3)
    assert "NONESUCH 4 is not on show" in (gallery.public / "galaxies/4.html").read_text()
    everything = b"".join(path.read_bytes() for path in gallery.public.rglob("*") if path.suffix in (".html", ".json"))
    assert shown["id"].encode() not in everything
    assert b"secret reason" not in everything
    found = shown["found"].replace("_", "-")
    allowed = (
        r"galaxies/[345]\.html|galaxies/4\.jpg|api/v1/galaxies/4\.json|about/index\.html|404\.html|(galaxies/)?index\.html",
        rf"galaxies/gallery/({found}/)?index\.html|galaxies/oddities/index\.html|galaxies/\d-preview\.jpg",
        r"data/galaxies/(index|(shard|traits)-000\.\w+)\.json",
        rf"api/v1/(galaxies/)?index\.json|api/v1/galaxies/(shards/0|classes/{found})\.json",
    )
    assert not [path for path in report.written if not any(re.fullmatch(one, path) for one in allowed)]
    decided(gallery)
    built(gallery)
    assert contents(gallery.public) == before


def test_decisions_outlive_the_catalogue(gallery: Gallery, parts: Parts) -> None:
    """A gallery that is rendered again from its settings would have lost the maker's evening."""
    decided(gallery, (2, Decision(title="A <b>quiet</b> one", star=True)))
    (gallery.folder / FILE).unlink()
    synthetic.fill(gallery.folder, parts[1], COUNT)
    built(gallery)
    page = (gallery.public / "galaxies/2.html").read_text()
    assert "A &lt;b&gt;quiet&lt;/b&gt; one" in page
    assert "A <b>" not in page
    assert json.loads((gallery.public / "data/galaxies/index.json").read_text())["stars"] == [2]


def test_exhibitions_hang_in_their_order_with_the_makers_words(gallery: Gallery) -> None:
    known = ids(gallery)
    hung = [known[7], known[2], "ab" * 10, known[5]]
    text = "Found at *dawn*.\n\n<img src=x onerror=alert(1)> [no](javascript:alert(1))"
    first = Exhibition(slug="first-light", title="First & last light", text=text, exhibits=hung)
    decided(gallery, (5, Decision(hidden=True)), exhibitions=[first, Exhibition(slug="bare", title="Bare")])
    built(gallery)
    page = (gallery.public / "exhibitions/first-light/index.html").read_text()
    assert re.findall(r'class="designation">NONESUCH (\d+)<', page) == ["7", "2"], "in order, without what is hidden"
    assert "First &amp; last light" in page
    assert "Found at <em>dawn</em>." in page
    assert "&lt;img src=x" in page
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
    assert 'href="../exhibitions/first-light/"' in (gallery.public / "galaxies/2.html").read_text()
    listed = (gallery.public / "exhibitions/index.html").read_text()
    assert listed.index("First &amp; last") < listed.index("Bare")
    decided(gallery)
    built(gallery)
    assert not (gallery.public / "exhibitions").exists()


PAGE = """# Why & how

Raw <script>alert(1)</script> HTML, [a trap](java\tscript:alert(1)), [another](//evil.example/),
[the imprint](imprint.md), [the web](https://example.org/) and ![my desk](desk.png).
"""


def test_the_makers_own_pages(gallery: Gallery) -> None:
    """Words of the maker would be lost, or a pasted line would run script in every visitor's browser."""
    folder = gallery.folder / "pages"
    folder.mkdir()
    (folder / "imprint.md").write_text("No heading here.")
    (folder / "statement.md").write_text(PAGE)
    with pytest.raises(
        NonesuchError, match=r"pages/statement\.md shows the picture 'desk\.png', which does not lie in"
    ):
        built(gallery)
    synthetic.spiral(1).save(folder / "desk.png")
    synthetic.spiral(2).save(folder / "unnamed.png")
    built(gallery)
    page = (gallery.public / "pages/statement.html").read_text()
    assert "<h1>Why &amp; how</h1>" in page
    assert "&lt;script&gt;alert(1)" in page
    hrefs = re.findall(r"<article.*</article>", page, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"', hrefs) == ["imprint.html", "https://example.org/"]
    assert '<img src="desk.png" alt="my desk"' in page
    assert sorted(path.name for path in (gallery.public / "pages").iterdir()) == [
        "desk.png",
        "imprint.html",
        "statement.html",
    ]
    foot = (gallery.public / "galaxies/3.html").read_text().partition("<footer")[2]
    assert re.findall(r'href="\.\./pages/(\w+)\.html">([^<]+)<', foot) == [
        ("imprint", "Imprint"),
        ("statement", "Why &amp; how"),
    ]
    (folder / "statement.md").write_text(PAGE.replace("desk.png", "https://example.org/spy.png"))
    with pytest.raises(NonesuchError, match=r"shows the picture 'https://example\.org/spy\.png'"):
        built(gallery)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[exhibit.17]\nstar = true", "exhibit, 17.*expected an exhibit's id"),
        (f"[exhibit.{'ab' * 10}]\nhide = true", "hide: unknown key; did you mean 'hidden'"),
        ('[[exhibition]]\nslug = "../up"\ntitle = "x"', "exhibition 1, slug: expected small letters"),
        (
            '[[exhibition]]\nslug = "a"\ntitle = "x"\n[[exhibition]]\nslug = "a"\ntitle = "y"',
            "two exhibitions have the slug",
        ),
        ("star", "not valid TOML"),
    ],
)
def test_a_wrong_line_by_hand_is_named(gallery: Gallery, text: str, told: str) -> None:
    (gallery.folder / CURATION).write_text(text)
    with pytest.raises(UsageError, match=told):
        built(gallery)
    assert not gallery.public.exists()


def test_the_desk_answers_its_maker_alone(desk: Desk, gallery: Gallery) -> None:
    """Any page in the maker's browser could hide the site, and any neighbour on the machine look at it."""
    known = ids(gallery)
    root = f"http://127.0.0.1:{desk.server_port}/"
    star = {"id": known[1], "star": True}
    assert asked(desk.address)[0] == 200
    assert asked(desk.address + "decide", star, Host="evil.example")[0] == 403
    assert asked(desk.address + "decide", star, Origin="http://evil.example")[0] == 403
    assert asked(root + "decide", star)[0] == asked(f"{root}{desk.token[:-1]}/exhibits.json")[0] == 403
    for path in ("small/../../catalogue.sqlite", "large/" + "0" * 20, "desk.py", "small/"):
        assert asked(desk.address + path)[0] in (403, 404)
    for wrong in ({"id": "0" * 20, "star": True}, {"id": known[1], "star": "yes"}, {"id": known[1], "colour": 1}):
        assert asked(desk.address + "decide", wrong)[0] == 400
    assert not (gallery.folder / CURATION).exists()
    status, picture = asked(f"{desk.address}small/{known[1]}")
    assert (status, picture[4:12]) == (200, b"ftypavif")


def test_a_pin_is_the_only_one_and_hand_written_lines_stay(desk: Desk, gallery: Gallery) -> None:
    known = ids(gallery)
    desk.decide(known[1], {"pin": True})
    file = gallery.folder / CURATION
    file.write_text(file.read_text() + f"\n[exhibit.{known[6]}]\nnote = 'by hand'\n")
    assert desk.decide(known[2], {"pin": True}).keys() == {known[1], known[2]}
    told = read_curation(gallery.folder)
    assert told.exhibits == {known[2]: Decision(pin=True), known[6]: Decision(note="by hand")}
    assert "# galaxies 2" in file.read_text()
    shelf = desk.hang({"title": "Très belle!", "text": "", "exhibits": [known[3]]})
    assert desk.hang({"title": "Très belle!", "text": "", "exhibits": []})[1]["slug"] == f"{shelf[0]['slug']}-2"


def test_oddness_is_distance_from_the_middle() -> None:
    rows: list[dict[str, Any]] = [{"colour": value / 10, "axis_ratio": 0.5} for value in range(9)]
    rows += [{"colour": 9.0}, {}]
    odd = oddness(rows)
    assert odd[-1] is None, "nothing measured"
    assert max(range(10), key=lambda i: (odd[i] or (0, ""))[0]) == 9
    assert (odd[9] or (0, ""))[1] == "colour"


@pytest.mark.browser
def test_a_morning(desk: Desk, gallery: Gallery) -> None:
    """By keys: a star, a pin, something hidden, an exhibition; the site begins with the pin and goes on with stars."""
    known = ids(gallery)
    waiting = threading.Thread(target=desk.done.wait, daemon=True)
    waiting.start()
    expect = playwright.expect
    with chromium() as browser:
        page = browser.new_page()
        page.on("dialog", lambda dialog: dialog.accept("First light"))
        page.goto(desk.address)
        expect(page.locator("#name")).to_have_text("NONESUCH 1 · galaxies")
        for key, marks in (("s", "star"), ("p", "pin star")):
            page.keyboard.press(key)
            expect(page.locator(".tile").nth(0).locator(".marks")).to_have_text(marks)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("h")
        expect(page.locator(".tile").nth(1).locator(".marks")).to_have_text("hidden")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("s")
        expect(page.locator("#count")).to_contain_text("2 stars · 1 hidden")
        page.keyboard.press("e")
        expect(page.locator("#hung")).to_have_text("Hangs in First light.")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("e")
        expect(page.locator("#hang")).to_have_text("take off")
        page.keyboard.press("t")
        page.keyboard.type("Fourth of them")
        page.keyboard.press("Enter")
        expect(page.locator(".tile").nth(3).locator(".marks")).to_have_text("t")
        page.select_option("#only", "in first-light")
        expect(page.locator(".tile")).to_have_count(2)
        page.locator(".tile").nth(1).click()
        page.keyboard.press("[")
        expect(page.locator(".tile").nth(0)).to_have_attribute("data-id", known[4])
        page.get_by_role("button", name="Done").click()
        expect(page.locator("body")).to_contain_text("can be closed")
        waiting.join(30)
        told = read_curation(gallery.folder)
        assert told.of(known[1]) == Decision(star=True, pin=True)
        assert told.hidden == [known[2]]
        assert (told.of(known[3]).star, told.of(known[4]).title) == (True, "Fourth of them")
        assert [(one.slug, one.exhibits) for one in told.exhibitions] == [("first-light", [known[4], known[3]])]
        bake(gallery)
        with served(gallery.public) as address:
            page.goto(address)
            expect(page.locator("[data-designation]")).to_have_text("NONESUCH 1")
            page.locator("[data-another]").click()
            expect(page.locator("[data-designation]")).to_have_text("NONESUCH 3")
