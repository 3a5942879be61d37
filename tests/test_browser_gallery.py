"""The gallery and the tools of an exhibit in a real Chromium: what a visitor would lose if their script broke."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import COUNT, MARKS, baked, playwright, served, sound
from synthetic import fill, gallery, pictures, spiral

from render.bake import bake
from render.errors import NonesuchError

pytestmark = MARKS
OBSERVE = "new PerformanceObserver({}).observe({{type: 'layout-shift', buffered: true}})"


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gallery whose eleven exhibits take two pages."""
    with served(baked(tmp_path_factory.mktemp("paged"), "[bake]\npage_size = 6\n"), "/any-repo/") as address:
        yield address


def numbers(page: playwright.Page) -> list[int]:
    labels = page.locator(".grid:not([hidden]) .tile .designation").all_text_contents()  # those out of sight too
    return [int(label.strip().removeprefix("NONESUCH ")) for label in labels]


def test_more_rolls_out_the_gallery_and_back_finds_the_place_again(page: playwright.Page, paged: str) -> None:
    page.goto(f"{paged}galaxies/gallery/")
    assert numbers(page) == [1, 2, 3, 4, 6]  # 5 was removed
    page.locator("[data-more]").click()
    playwright.expect(page.locator("[data-grid] .tile")).to_have_count(COUNT - 1)
    assert numbers(page) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    playwright.expect(page.locator("[data-more]")).to_be_hidden()
    place = page.evaluate("() => { document.querySelectorAll('.tile')[9].scrollIntoView(); return scrollY; }")
    assert place > 100
    page.locator(".tile a").nth(9).click()
    page.wait_for_url("**/galaxies/11.html")
    page.go_back()
    playwright.expect(page.locator("[data-grid] .tile")).to_have_count(COUNT - 1)
    playwright.expect(page.locator(".tile a").nth(9)).to_be_in_viewport()


def test_filters_leave_what_they_say(page: playwright.Page, paged: str, tmp_path: Path) -> None:
    page.goto(f"{paged}galaxies/gallery/")
    page.locator("select[name=colour]").select_option(label="bluest third (3)")
    playwright.expect(page.locator("[data-count]")).to_have_text("3 of 11")
    playwright.expect(page.locator(".grid:not([hidden]) .tile")).to_have_count(3)
    bluest = numbers(page)
    page.locator("select[name=colour]").select_option(label="reddest third (4)")
    playwright.expect(page.locator("[data-count]")).to_have_text("4 of 11")
    playwright.expect(page.locator(".grid:not([hidden]) .tile")).to_have_count(4)
    assert not set(bluest) & set(numbers(page))
    page.reload()  # the address holds the choice
    playwright.expect(page.locator("[data-count]")).to_have_text("4 of 11")
    playwright.expect(page.locator(".grid:not([hidden]) .tile")).to_have_count(4)  # they come a moment later
    number = numbers(page)[0]
    page.locator(".grid:not([hidden]) .tile a").first.click()
    page.wait_for_url(f"**/galaxies/{number}.html")
    playwright.expect(page.locator("[data-keep]")).to_be_visible()

    page.keyboard.press("k")  # kept
    page.goto(f"{paged}galaxies/gallery/?kept=yes")
    playwright.expect(page.locator("[data-count]")).to_have_text("1 of 11")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="download what is kept").click()
    listed = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert listed[0] == "designation,class,address"
    assert listed[1].startswith(f"NONESUCH {number},")
    assert listed[1].endswith(f"{paged}galaxies/{number}.html")


def test_a_table_that_does_not_load_leaves_the_plain_gallery(browser: playwright.Browser, paged: str) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/data/**", lambda route: route.abort())
    page.goto(f"{paged}galaxies/gallery/")
    page.locator("a[rel=next]").click()
    playwright.expect(page.locator(".grid:not([hidden]) .tile .designation").first).to_have_text("NONESUCH 7")
    assert numbers(page) == [7, 8, 9, 10, 11, 12]
    context.close()


def test_a_picture_is_zoomed_inverted_and_stretched_by_key(page: playwright.Page, paged: str) -> None:
    page.goto(f"{paged}galaxies/2.html")
    plate = page.locator(".plate .picture")
    page.locator("[data-invert]").wait_for()
    box = plate.bounding_box()
    assert box is not None
    corner = {"x": box["x"] + 4, "y": box["y"] + 4, "width": 8, "height": 8}
    dark = page.screenshot(clip=corner)
    page.keyboard.press("i")
    assert page.screenshot(clip=corner) != dark, "the sky is white"
    page.keyboard.press("i")
    assert page.screenshot(clip=corner) == dark
    middle = {"x": box["x"] + box["width"] / 3, "y": box["y"] + box["height"] / 3, "width": 40, "height": 40}
    looks = [page.screenshot(clip=middle)]
    for _ in range(3):
        page.keyboard.press("s")
        looks.append(page.screenshot(clip=middle))
    assert looks[0] == looks[3]
    assert len(set(looks)) == 3

    page.keyboard.press("z")
    playwright.expect(page.locator(".pswp__img").first).to_be_visible()
    page.keyboard.press("Escape")
    playwright.expect(page.locator(".pswp")).to_have_count(0)
    assert page.url.endswith("/galaxies/2.html"), "Escape closed the zoom, not the page"


@pytest.mark.parametrize("late", [0, 0.3], ids=["at once", "late"])
def test_nothing_jumps_while_script_and_typefaces_come(browser: playwright.Browser, paged: str, late: float) -> None:
    """A busy machine or a slow line brings the typefaces after the text was drawn in what stands in for them."""

    def slowly(route: playwright.Route) -> None:
        time.sleep(late)
        route.continue_()

    count = "l => l.getEntries().forEach(e => window.shifted += e.hadRecentInput ? 0 : e.value)"
    for path in ("", "galaxies/gallery/", "galaxies/2.html"):
        for width in (390, 1440):
            with sound(browser, viewport={"width": width, "height": 800}) as page:
                page.route("**/*.woff2", slowly)
                page.add_init_script(f"window.shifted = 0; {OBSERVE.format(count)}")
                page.goto(paged + path)
                page.evaluate("document.fonts.ready")
                page.wait_for_timeout(400)
                # not 0: what stands in has the mean width of a face, and a single word may move by a pixel or two
                assert page.evaluate("window.shifted") < 0.002, (path, width)


def test_the_address_of_an_exhibit_leads_to_its_place_on_a_shared_page(
    browser: playwright.Browser, tmp_path: Path
) -> None:
    """A budget of files would break every link that anyone has saved."""
    settings = 'base = "/any-repo/"\n[bake]\nmax_files = {}\napi = false\nsky = false'
    tight = gallery(tmp_path, 3, settings.format(1))
    fill(tmp_path, pictures(tmp_path / "store", [spiral(1)], widths=(96,)), 3, neighbours=0)
    with pytest.raises(NonesuchError) as refused:
        bake(tight)
    least = re.search(r"\((\d+) is the least\)", str(refused.value))
    assert least is not None
    report = bake(gallery(tmp_path, 3, settings.format(least[1])))
    assert "a hundred share one" in report.chosen
    with served(tmp_path / "public", "/any-repo/") as address:
        page = browser.new_context(service_workers="block").new_page()
        page.goto(f"{address}galaxies/3.html")
        page.wait_for_url("**/galaxies/1-100.html#n3")
        playwright.expect(page.locator("#n3 .designation")).to_have_text("NONESUCH 3")
        playwright.expect(page.locator("#n3 .card-title")).to_be_in_viewport()
        page.context.close()
