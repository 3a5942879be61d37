"""The baked site in a real Chromium: what a visitor would lose if the pages, the script or the styles broke.

The gallery is synthetic, the rest is real: pages from the bake, script and styles from the build, a server on the
loopback.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import fill, gallery, pictures, spiral, walk

from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.media import Store, encode_walk
from render.serve import Preview
from render.weights import Card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COUNT = 12
DESIGNATION = "[data-designation]"
PLAYS = "() => { const film = document.querySelector('video'); return !film.paused && film.currentTime > 0; }"
STILL = "document.querySelector('video').paused"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: no browser was driven"),
]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baked gallery of twelve exhibits, of which number 5 was removed, and one walk."""
    folder = tmp_path_factory.mktemp("gallery")
    settings = gallery(folder, COUNT, about='base = "/any-repo/"')
    shown = pictures(folder / "store", [spiral(1), spiral(2)], widths=(192, 384))
    fill(folder, shown, COUNT)
    loop, _ = walk(1, folder, shown[0])
    turning = [np.asarray(spiral(1).rotate(45 * turn), dtype=np.float32).T / 127.5 - 1 for turn in range(8)]
    film = encode_walk(Store(folder / "store"), iter(turning), loop.recipe, Card(name="t", family="flow", size=96), 8)
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(replace(loop, display=film.display), film.media)
        five = catalogue.numbered("galaxies", 5)
        assert five is not None
        catalogue.removed(five.recipe.id, "not liked")
    bake(settings)
    return folder / "public"


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def served(public: Path, base: str) -> Iterator[str]:
    server = Preview(public, base=base)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.address
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def at_root(public: Path) -> Iterator[str]:
    """The address of the site as most servers show it."""
    yield from served(public, "/")


@pytest.fixture(scope="module")
def address(public: Path) -> Iterator[str]:
    """The address of the site in a subfolder, as GitHub Pages shows it."""
    yield from served(public, "/any-repo/")


@contextmanager
def sound(browser: playwright.Browser, **settings: Any) -> Iterator[playwright.Page]:
    """A page of which nothing fails: no request, no script, no violated policy."""
    context = browser.new_context(**settings)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield page
    assert wrong == []
    context.close()


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    """As a visitor sees it whose system asks for reduced motion."""
    with sound(browser, viewport={"width": 900, "height": 700}, reduced_motion="reduce") as page:
        yield page


def shown(page: playwright.Page) -> str:
    return str(page.locator(DESIGNATION).inner_text())


def after(page: playwright.Page, before: str) -> str:
    """The designation on show once it is no longer ``before``."""
    playwright.expect(page.locator(DESIGNATION)).not_to_have_text(before)
    return shown(page)


@pytest.mark.parametrize("place", ["at_root", "address"])
def test_the_key_brings_another_galaxy_under_its_own_address(
    page: playwright.Page, place: str, request: pytest.FixtureRequest
) -> None:
    address: str = request.getfixturevalue(place)
    page.goto(address)
    first = shown(page)
    page.keyboard.press("Space")
    second = after(page, first)

    number = second.removeprefix("NONESUCH ")
    assert page.url == f"{address}galaxies/{number}.html"
    drawn = page.evaluate("(i => i.complete && i.naturalWidth > 0)(document.querySelector('.exposure'))")
    assert drawn, "the picture is there when its label is"

    page.go_back()
    assert after(page, second) == first
    assert page.url == address
    page.go_forward()
    assert after(page, first) == second
    page.reload()  # the address is a page of its own
    assert page.locator(".designation").first.inner_text() == second
    page.go_back()
    playwright.expect(page.locator(DESIGNATION)).to_have_text(first)


def test_none_comes_twice_until_all_were_seen(page: playwright.Page, address: str) -> None:
    page.goto(address)
    seen, here = [], shown(page)
    for _ in range(COUNT - 2):  # 11 are on show, and one of them is on show already
        page.locator("[data-another]").click()
        here = after(page, here)
        seen.append(here)
    assert len(set(seen)) == len(seen)
    assert "NONESUCH 5" not in seen


def test_the_order_goes_on_after_a_reload(page: playwright.Page, address: str) -> None:
    page.goto(address)
    seen, here = set(), shown(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        here = after(page, here)
        seen.add(here)
    page.goto(address)
    here = shown(page)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        here = after(page, here)
        assert here not in seen


def test_everything_but_the_key_works_without_javascript(browser: playwright.Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    first = shown(page)
    page.locator("[data-another]").click()
    assert page.locator(".designation").first.inner_text() != first
    page.locator("[data-up]").click()
    assert page.locator(".tile").count() == COUNT - 1
    page.locator(".tile a").first.click()
    page.locator("a[data-next]").click()
    assert page.locator(".designation").first.inner_text() == "NONESUCH 2"
    context.close()


def test_where_storage_is_blocked_the_key_works_all_the_same(page: playwright.Page, address: str) -> None:
    blocked = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('blocked'); }})"
    page.add_init_script(blocked)
    page.goto(address)
    here = shown(page)
    for _ in range(3):
        page.keyboard.press("Space")
        here = after(page, here)


def test_arrow_keys_lead_from_exhibit_to_exhibit(page: playwright.Page, address: str) -> None:
    page.goto(f"{address}galaxies/4.html")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/galaxies/6.html")  # 5 was removed
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/galaxies/4.html")
    page.keyboard.press("Escape")
    page.wait_for_url("**/galaxies/gallery/")


def swipe(page: playwright.Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """One finger, in ten steps, as the browser hears it from a touch screen."""
    finger = page.context.new_cdp_session(page)
    for step in range(11):
        x, y = (a + (b - a) * step / 10 for a, b in zip(start, end, strict=True))
        kind = "touchMove" if step else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_swipe_brings_another_galaxy_and_scrolling_does_not(browser: playwright.Browser, address: str) -> None:
    with sound(browser, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True) as phone:
        phone.goto(address)
        first = shown(phone)
        swipe(phone, (200, 500), (210, 250))
        phone.wait_for_timeout(300)
        assert shown(phone) == first
        swipe(phone, (320, 300), (80, 310))
        second = after(phone, first)
        assert phone.url == f"{address}galaxies/{second.removeprefix('NONESUCH ')}.html"


def test_a_walk_plays_until_its_button_is_pressed(browser: playwright.Browser, address: str) -> None:
    with sound(browser, viewport={"width": 900, "height": 1000}, reduced_motion="no-preference") as page:
        page.goto(f"{address}galaxies/walks/")
        page.wait_for_function(PLAYS)
        button = page.locator("[data-pause]")
        playwright.expect(button).to_have_text("Pause")
        button.click()
        playwright.expect(button).to_have_text("Play")
        page.wait_for_timeout(300)
        assert page.evaluate(STILL), "what was stopped stays stopped"
        button.click()
        page.wait_for_function(PLAYS)


def test_under_reduced_motion_a_walk_waits_to_be_asked(page: playwright.Page, address: str) -> None:
    page.goto(f"{address}galaxies/walks/")
    button = page.locator("[data-pause]")
    playwright.expect(button).to_have_text("Play")
    page.wait_for_timeout(700)
    assert page.evaluate(STILL)
    assert page.evaluate("document.querySelector('video').currentTime") == 0
    button.click()
    page.wait_for_function(PLAYS)


def test_the_chosen_theme_stays(page: playwright.Page, address: str) -> None:
    page.goto(address)
    page.locator("[data-theme-switch]").click()
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.goto(f"{address}about/")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == paper


def test_no_page_scrolls_sideways(page: playwright.Page, address: str) -> None:
    for path in ("", "galaxies/1.html", "galaxies/gallery/", "galaxies/walks/", "about/", "404.html"):
        page.goto(address + path)
        for width in (320, 390, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        page.evaluate("document.documentElement.style.fontSize = '200%'")  # large text on a phone
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} at 200 % text"
