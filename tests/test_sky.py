"""The sky: what a visitor would lose if a point showed another exhibit's picture, or if what has its place moved."""

from __future__ import annotations

import colorsys
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic
from browsing import MARKS, dragged, fingers, playwright, served, way
from PIL import Image

from render.atlas import chart
from render.atlas.look import look
from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.config import Gallery
from render.stages import Report, make

COUNT = 24


def dyed(number: int) -> Image.Image:
    """A disc in a colour that no other number has, of a size of its own."""
    colour = np.array(colorsys.hsv_to_rgb(number / (COUNT + 6), 1, 1))
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    light = np.clip(3 * (0.35 + 0.01 * (number % 7) - np.hypot(x, y * (1 + number % 3))) + 0.5, 0, 1)
    return Image.fromarray((255 * light[..., None] * colour).astype(np.uint8))


def laid_out(gallery: Gallery) -> Any:
    return make(gallery, Report(), stages=["atlas", "bake"])


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Twenty-four exhibits, each of its own colour, of which number 5 was removed."""
    folder = tmp_path_factory.mktemp("sky")
    gallery = synthetic.gallery(folder, COUNT)
    shown = synthetic.pictures(folder / "store", [dyed(number) for number in range(COUNT)], widths=(96,))
    synthetic.fill(folder, shown, COUNT)
    with Catalogue(folder / FILE, write=True) as catalogue:
        five = catalogue.numbered("galaxies", 5)
        assert five is not None
        catalogue.removed(five.id, "not liked")
    laid_out(gallery)
    return gallery


def positions(gallery: Gallery) -> dict[int, tuple[float, float]]:
    with Catalogue(gallery.catalogue_path) as catalogue:
        query = "SELECT number, x, y FROM looks JOIN exhibits ON id = exhibit WHERE state = 'shown' ORDER BY number"
        return {number: (x, y) for number, x, y in catalogue.db.execute(query)}


def test_a_look_stays_when_the_picture_is_turned_or_mirrored() -> None:
    galaxy = synthetic.spiral(3)
    plain, other = look(galaxy), look(synthetic.spiral(4))
    turned = galaxy.transpose(Image.Transpose.ROTATE_90).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert np.abs(look(turned) - plain).max() < 0.01
    assert np.linalg.norm(look(galaxy.rotate(37)) - plain) < np.linalg.norm(other - plain) / 4


def test_what_has_its_place_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "installed", lambda: False)  # a plain installation
    gallery = synthetic.gallery(tmp_path, COUNT)
    shown = synthetic.pictures(tmp_path / "store", [synthetic.spiral(number) for number in range(24)], widths=(96,))
    synthetic.fill(tmp_path, shown, 12)
    laid_out(gallery)
    before = positions(gallery)
    assert len(before) == 12
    synthetic.fill(tmp_path, shown, 4, first=13)
    bake(gallery)
    assert positions(gallery) == before  # a bake lays nothing out
    laid_out(gallery)
    after = positions(gallery)
    assert len(after) == 16
    assert {number: after[number] for number in before} == before
    synthetic.fill(tmp_path, shown, 8, first=17)
    laid_out(gallery)
    assert positions(gallery)[1] != before[1]  # it has doubled, and is laid out anew
    page = (gallery.public / "galaxies/sky/index.html").read_text(encoding="utf-8")
    assert "24 galaxies at once" in page
    assert re.search(r"<noscript>.*drawn by JavaScript.*galaxies/gallery/.*</noscript>", page)


def test_new_looks_find_their_place_on_a_map_by_t_sne() -> None:
    random = np.random.default_rng(0)
    looks = np.concatenate([random.normal(group, 0.1, (12, chart.FEATURES)) for group in range(3)]).astype(np.float32)
    made, places = chart.fit(looks)
    assert made.method == chart.TSNE
    new = chart.place(chart.Chart.from_json(made.as_json()), looks, places, looks[[0, 13, 30]] + 0.01)
    for group, found in enumerate(new):
        distances = np.linalg.norm(places - found, axis=1)
        assert distances.argmin() // 12 == group


@pytest.fixture(scope="module")
def address(sky: Gallery) -> Iterator[str]:
    with served(sky.public) as address:
        yield address


def chosen(page: playwright.Page) -> tuple[int, tuple[float, float]] | None:
    """The number of the exhibit with the ring around it, and where the ring's middle is on the screen."""
    ring = page.locator("[data-ring]")
    box = ring.bounding_box()
    number = (ring.get_attribute("href") or "").rpartition("/")[2].removesuffix(".html")
    if box is None or not number.isdigit():
        return None
    return int(number), (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def nearest_dye(colour: Any) -> int:
    dyes = {number: np.asarray(dyed(number % COUNT))[48, 48].astype(int) for number in range(1, COUNT + 1)}
    return min(dyes, key=lambda number: int(np.abs(dyes[number] - np.asarray(colour, dtype=int)).sum()))


def look_round(page: playwright.Page, keys: list[str]) -> dict[int, tuple[float, float]]:
    """Where the exhibits are that one comes to by these keys."""
    found = {}
    guide = page.locator("[data-guide]")
    for key in keys:
        guide.press(key)
        playwright.expect(page.locator("[data-card]")).to_be_visible()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if here := chosen(page):
            found[here[0]] = here[1]
    guide.press("Escape")
    return found


@pytest.mark.browser
@MARKS[1]
def test_a_point_shows_its_own_picture_after_every_filter(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    with page.expect_response("**/sprites-000.*"):
        page.goto(f"{address}galaxies/sky/?by=night")
    playwright.expect(page.locator("[data-layout]")).to_have_count(4)
    selects = {str(one.get_attribute("name")): one for one in page.locator("[data-sieve] select").all()}
    assert selects.keys() == {"class", "colour", "size", "sure", "kept"}
    filters = ["", *(name for name in selects if name != "kept")]
    seen: set[int] = set()
    for filtered in filters:
        for name, select in selects.items():
            if name == filtered:
                select.select_option(index=2)
            else:
                select.select_option("")
        points = look_round(page, ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowRight"])
        screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        for number, (x, y) in points.items():
            assert nearest_dye(screen[round(y), round(x)]) == number, (filtered, number)
        assert points, filtered
        seen |= points.keys()
    assert len(seen) > 5
    assert 5 not in seen
    assert wrong == []
    page.close()


@pytest.mark.browser
@MARKS[1]
def test_the_sky_follows_mouse_wheel_and_fingers(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 800}, has_touch=True, reduced_motion="reduce")
    with page.expect_response("**/sprites-000.*"):
        page.goto(f"{address}galaxies/sky/?by=night")
    guide = page.locator("[data-guide]")
    guide.scroll_into_view_if_needed()
    guide.press("ArrowLeft")
    playwright.expect(page.locator("[data-card]")).to_be_visible()
    scrolled = page.evaluate("scrollY")
    box = guide.bounding_box()
    a, b = (box["x"] + 300, box["y"] + 200), (box["x"] + 380, box["y"] + 150)

    def moved(act: Any) -> tuple[float, float]:
        """How far the chosen exhibit went on the screen."""
        number, (x, y) = chosen(page) or (0, (0.0, 0.0))
        act()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        after, (u, v) = chosen(page) or (-1, (0.0, 0.0))
        assert after == number, "a drag is no click: the choice stays"
        return u - x, v - y

    assert moved(lambda: dragged(page, a, b)) == pytest.approx((80, -50), abs=2)
    # a browser takes some fifteen pixels for trembling before it calls a touch a movement
    right, down = moved(lambda: fingers(page, way(b, (b[0] - 120, b[1] + 90), 12)))
    assert -125 < right < -95
    assert 65 < down < 95
    size = page.locator("[data-ring]").bounding_box()["width"]
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    left, other = [(middle[0] + sign * 60, middle[1]) for sign in (-1, 1)]
    ends = [(middle[0] + sign * 180, middle[1]) for sign in (-1, 1)]
    fingers(page, way(left, ends[0], 12), way(other, ends[1], 12))
    page.wait_for_timeout(200)
    spread = page.locator("[data-ring]").bounding_box()["width"]
    assert spread > 1.5 * size, "two fingers apart: it grows"
    page.mouse.move(*middle)
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(200)
    assert page.locator("[data-ring]").bounding_box()["width"] < spread
    assert page.evaluate("scrollY") == scrolled, "the page stays where it is"
    page.close()


@pytest.mark.browser
@MARKS[1]
def test_a_picture_that_is_brought_meets_its_nearest_and_stays_in_the_browser(
    browser: Any, address: str, sky: Gallery
) -> None:
    with Catalogue(sky.catalogue_path) as catalogue:
        seven = catalogue.numbered("galaxies", 7)
        assert seven is not None
        key = next(one.key for one in catalogue.media(seven.id) if one.role == "fallback")
    page = browser.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.goto(f"{address}galaxies/draw/")
    page.locator("[data-visit]").set_input_files(sky.store_path / key)
    tiles = page.locator("[data-near] .tile a")
    playwright.expect(tiles).to_have_count(6, timeout=90_000)
    assert str(tiles.first.get_attribute("href")).endswith("/galaxies/7.html")  # the browser looks as the stage did
    playwright.expect(page.locator("[data-classes] tr.found")).to_have_count(1, timeout=90_000)
    playwright.expect(page.locator("[data-facts] a").first).to_be_visible()
    assert set(sent) == {"GET"}

    page.goto(f"{address}galaxies/7.html")
    page.locator("[data-alike]").click()
    playwright.expect(page.locator(".alike .tile")).to_have_count(6, timeout=30_000)
    assert "/galaxies/7.html" not in [str(one.get_attribute("href")) for one in page.locator(".alike .tile a").all()]
    page.close()
