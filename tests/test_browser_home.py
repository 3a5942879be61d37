"""The home page in a real Chromium: what a visitor would lose if the way to the next exhibit broke."""

from __future__ import annotations

import datetime
import json
import re

import pytest
from browsing import COUNT, DESIGNATION, MARKS, after, playwright, shown, sound

PLAYS = "() => { const film = document.querySelector('video'); return !film.paused && film.currentTime > 0; }"
STILL = "document.querySelector('video').paused"

pytestmark = MARKS


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


def test_a_walk_is_looked_at_frame_by_frame_and_slowly(page: playwright.Page, address: str) -> None:
    page.goto(f"{address}galaxies/walks/")
    place = page.locator("[data-scrub]")
    playwright.expect(place).to_be_visible()
    for _ in range(5):
        place.press("ArrowRight")
    playwright.expect(place).to_have_attribute("aria-valuetext", re.compile("frame 6 of"))
    film = "document.querySelector('video')"
    page.wait_for_function(f"() => !{film}.seeking && Math.floor({film}.currentTime * 8) === 5")
    assert page.url.endswith("/walks/"), "the arrow moved the loop and not the page"
    page.locator("[data-speed]").select_option("0.25")
    page.locator("[data-pause]").click()
    page.wait_for_function(PLAYS)
    assert page.evaluate(f"{film}.playbackRate") == 0.25


BRIGHT = """() => {
  const ink = new OffscreenCanvas(16, 16).getContext("2d");
  ink.drawImage(document.querySelector("[data-field] canvas"), 0, 0, 16, 16);
  const { data } = ink.getImageData(0, 0, 16, 16);
  return data.reduce((sum, value, i) => (i % 4 < 3 ? sum + value : sum), 0) / data.length;
}"""


def test_a_plane_fades_between_its_pictures_under_pointer_finger_and_keys(
    browser: playwright.Browser, address: str
) -> None:
    """The pictures of the synthetic plane are grey, each brighter by a tenth of white than the one before."""
    with sound(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        page.goto(f"{address}galaxies/walks/2.html")
        canvas = page.locator("[data-field] canvas")
        playwright.expect(canvas).to_be_visible()
        box = canvas.bounding_box()
        assert box is not None

        def shows(across: str, down: str, tenths: float) -> None:
            playwright.expect(canvas).to_have_attribute("aria-label", re.compile(f"{across} of 3 across, {down} of 3"))
            # three of four values are colours; each of four pictures is rounded to a level, and the sheet is compressed
            wanted = pytest.approx(tenths / 10 * 255 * 3 / 4, abs=0.75 * 4)
            for _ in range(100):  # it glides there
                if page.evaluate(BRIGHT) == wanted:
                    return
                page.wait_for_timeout(100)
            assert page.evaluate(BRIGHT) == wanted

        shows("2.0", "2.0", 5)
        page.touchscreen.tap(box["x"] + 1, box["y"] + 1)
        shows("1.0", "1.0", 1.02)
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
        shows("2.5", "2.0", 5.5)  # halfway between two, half of each
        canvas.press("ArrowDown")
        shows("2.5", "2.3", 6.25)
        page.locator("[data-down]").fill("2")
        page.locator("[data-across]").fill("2")
        shows("3.0", "3.0", 9)
        page.get_by_role("button", name="All pictures").click()
        playwright.expect(canvas).to_be_hidden()
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.9)  # one of them is chosen
        shows("2.0", "3.0", 8)
        assert page.url.endswith("/walks/2.html")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    still = context.new_page()
    still.goto(f"{address}galaxies/walks/2.html")
    menu = still.locator(".menu").bounding_box()
    assert menu is not None
    assert menu["height"] < 56, "one line, whatever the number of rooms"
    playwright.expect(still.locator(".menu [aria-current]")).to_be_in_viewport()
    for _ in range(6):  # by keyboard every entry comes into sight
        still.keyboard.press("Tab")
    playwright.expect(still.locator(":focus")).to_be_in_viewport(ratio=1)
    assert still.locator("[data-field] img").evaluate("image => image.naturalWidth") == 3 * 384, (
        "all of them, side by side"
    )
    assert not still.locator("[data-player]").is_visible()
    context.close()


def test_the_chosen_theme_stays(page: playwright.Page, address: str) -> None:
    page.goto(address)
    page.locator("[data-theme-switch]").click()
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.goto(f"{address}about/")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == paper


def test_no_page_scrolls_sideways(page: playwright.Page, address: str) -> None:
    for path in ("", "galaxies/1.html", "galaxies/gallery/", "galaxies/draw/", "galaxies/walks/", "about/", "404.html"):
        page.goto(address + path)
        for width in (320, 390, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        page.evaluate("document.documentElement.style.fontSize = '200%'")  # large text on a phone
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} at 200 % text"


def test_a_name_has_its_galaxy_and_a_day_has_one(page: playwright.Page, address: str) -> None:
    """A link that somebody sent would show another galaxy than the one he meant."""
    page.goto(address)
    here = shown(page)
    page.locator("[data-name-open]").click()
    page.keyboard.type("Henrietta Leavitt")
    page.keyboard.press("Enter")
    named = after(page, here)
    page.goto(f"{address}?name=%20henrietta%20%20LEAVITT")
    playwright.expect(page.locator(DESIGNATION)).to_have_text(named)
    assert page.url.endswith(f"/{named.removeprefix('NONESUCH ')}.html")

    days = set()
    for day in range(5):
        at = datetime.datetime(2026, 11, 21, 12) + datetime.timedelta(days=day)
        page.clock.set_fixed_time(at)
        page.goto(f"{address}?today")
        page.wait_for_url(lambda url: "?" not in url)
        days.add(page.url)
    assert len(days) == 5, "no exhibit has two days before all had one"


def test_two_walls_are_in_step_by_the_clock(browser: playwright.Browser, address: str) -> None:
    """The second wall shows at noon what the first shows a minute later."""

    def wall(time: str, offset: int) -> str:
        with sound(browser, viewport={"width": 900, "height": 700}) as page:
            page.clock.install(time=time)
            page.goto(f"{address}?slideshow=60&offset={offset}")
            minute = datetime.datetime.fromisoformat(time).timestamp() // 60
            page.locator(f'html[data-slideshow="{minute + offset:.0f}"]').wait_for()
            assert page.url.endswith(f"offset={offset}"), "a reload goes on"
            here = shown(page)
            page.keyboard.press("Escape")
            playwright.expect(page.locator(".sentence")).to_be_visible()
            return here

    assert wall("2026-11-21T12:00:05Z", 1) == wall("2026-11-21T12:01:05Z", 0)
    assert wall("2026-11-21T12:00:05Z", 0) != wall("2026-11-21T12:01:05Z", 0)


def test_a_galaxy_is_kept_in_this_browser(page: playwright.Page, address: str) -> None:
    page.goto(address)
    here = shown(page)
    page.locator("[data-keep]").click()
    page.keyboard.press("ArrowRight")
    after(page, here)
    playwright.expect(page.locator("[data-keep]")).to_have_text("keep")
    page.goto(address)
    playwright.expect(page.locator("[data-keep]")).to_have_text("kept")
    number = int(here.removeprefix("NONESUCH "))
    assert json.loads(page.evaluate("localStorage.getItem('nonesuch.kept.galaxies')")) == [number]


def test_what_is_shared_is_the_exhibit_s_own_address(page: playwright.Page, address: str) -> None:
    page.add_init_script("navigator.share = async (what) => { window.shared = what; }")
    page.goto(address)
    here = shown(page)
    page.keyboard.press("ArrowRight")
    number = after(page, here).removeprefix("NONESUCH ")
    page.locator("[data-share]").click()
    assert page.evaluate("window.shared.url") == f"{address}galaxies/{number}.html"
