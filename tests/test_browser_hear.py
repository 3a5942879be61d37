"""Exhibits that are heard, compared, searched and taken along: what would be lost if they were something else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import MARKS, playwright, served
from PIL import Image
from synthetic import exhibit, gallery, pictures

from render.bake import bake
from render.catalogue import FILE, Catalogue

pytestmark = MARKS
OFFLINE = """window.AudioContext = class extends OfflineAudioContext {
  constructor() { super(2, 8.2 * 8000, 8000); window.sound = this; }
  resume() { return Promise.resolve(); }
  close() { return Promise.resolve(); }
};"""
HEARD = """async () => {
  const heard = await window.sound.startRendering();
  return [0, 1].map(side => Array.from({ length: 8 }, (_, second) => {
    const part = heard.getChannelData(side).slice(8000 * (second + 0.05), 8000 * (second + 1.05));
    return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
  }));
}"""


CAPTIONS = ("A lantern over a quiet harbour.", "A lantern over a crowded street.")


def lopsided() -> Image.Image:
    """A light to the right of the middle and nothing else."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    return Image.fromarray((255 * np.exp(-40 * ((x - 0.45) ** 2 + y**2)))[..., None].repeat(3, axis=2).astype(np.uint8))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("heard")
    settings = gallery(folder, 2, about="[bake]\nsearch = true\n")
    [picture] = pictures(folder / "store", [lopsided()], widths=(192, 384))
    with Catalogue(folder / FILE, write=True) as catalogue:
        for number in (1, 2):
            texts = {"title": f"Galaxy of lantern {number}", "caption": CAPTIONS[number - 1], "author": "facts"}
            catalogue.rendered(exhibit(number, picture, texts=texts), picture.media)
    bake(settings)
    with served(folder / "public") as address:
        yield address


def test_the_sweep_is_loud_where_the_light_is_and_words_say_so(page: playwright.Page, heard: str) -> None:
    page.add_init_script(OFFLINE)
    page.goto(f"{heard}galaxies/1.html")
    page.locator("[data-listen]").click()
    playwright.expect(page.locator(".heard")).to_contain_text("They swell once in a turn, towards the right")
    left, right = page.evaluate(HEARD)
    loudest = int(np.argmax(right))
    assert loudest in (1, 2), "a quarter of a turn of eight seconds from the top, clockwise"
    assert right[loudest] > 4 * left[loudest], "it comes from the right"
    assert max(right[4:]) < 0.02 * right[loudest], "and where nothing shines, nothing sounds"


def test_two_are_compared_by_what_their_pages_say(page: playwright.Page, heard: str) -> None:
    page.goto(f"{heard}galaxies/1.html")
    page.get_by_role("link", name="compare").click()
    playwright.expect(page.locator(".pair .designation")).to_have_text(["NONESUCH 1", "NONESUCH 2"])
    assert page.locator(".pair .measures").count() == 2
    names = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(names) == len(set(names))


def test_what_was_measured_is_compared_also_where_a_classifier_went_step_by_step(
    browser: playwright.Browser, heard: str
) -> None:
    """Both are called measurements, and the classifier's steps come first on the page."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()

    def stepped(route: playwright.Route) -> None:
        steps = '<details class="measurements steps"><summary>Step by step</summary></details>'
        measured = '<section class="block measurements"'
        route.fulfill(body=route.fetch().text().replace(measured, steps + measured), content_type="text/html")

    page.route("**/galaxies/[12].html", stepped)
    page.goto(f"{heard}galaxies/compare/?a=1&b=2")
    playwright.expect(page.locator(".pair .measures")).to_have_count(2)
    context.close()


def test_captions_are_searched_and_a_word_can_be_ruled_out(page: playwright.Page, heard: str) -> None:
    page.goto(f"{heard}galaxies/1.html")
    page.get_by_role("link", name="search").click()
    page.locator("input[name=q]").fill("lanterns")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("[data-say]")).to_have_text("2 exhibits", timeout=20_000)
    page.goto(f"{heard}search/?q=lantern+-harbour")
    playwright.expect(page.locator(".tile .designation")).to_have_text(["NONESUCH 2"], timeout=20_000)
    page.locator(".tile a").click()
    page.wait_for_url("**/galaxies/2.html")


def test_one_that_is_missing_is_said_and_the_other_is_shown(browser: playwright.Browser, heard: str) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"{heard}galaxies/compare/?a=1&b=7")
    playwright.expect(page.locator("[data-say]")).to_contain_text("Not here, or it did not load: 7.")
    playwright.expect(page.locator(".pair .designation")).to_have_text(["NONESUCH 1"])
    context.close()


def test_a_wallpaper_is_as_large_as_the_screen_and_says_what_it_is(
    browser: playwright.Browser, heard: str, tmp_path: Path
) -> None:
    context = browser.new_context(service_workers="block", screen={"width": 800, "height": 600})
    page = context.new_page()
    page.goto(f"{heard}galaxies/1.html")
    with page.expect_download() as waiting:
        page.locator("[data-wallpaper]").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    picture = Image.open(io.BytesIO(file.read_bytes()))
    assert picture.size == (800, 600)
    assert picture.getpixel((5, 300)) == (0, 0, 0, 255)
    assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
    context.close()
