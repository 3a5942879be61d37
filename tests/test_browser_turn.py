"""Planets and galaxies that turn: what a visitor would lose if what turns were something else than what is on show."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from browsing import MARKS, dragged, fingers, playwright, served, way
from PIL import Image
from synthetic import exhibit, gallery, pictures

from render.bake import bake
from render.catalogue import FILE, Catalogue, Exhibit
from render.media import Store
from render.media.surfaces import encode_surface
from render.recipe import Recipe
from render.weights import Card

pytestmark = MARKS
Plane = npt.NDArray[np.float64]


def disc(axis_ratio: float) -> Image.Image:
    """An exponential disc, its long axis level."""
    y, x = np.mgrid[-1:1:192j, -1:1:192j]
    light = np.exp(-np.hypot(x, y / axis_ratio) * 5)
    return Image.fromarray((255 * light[..., None] * [0.8, 0.9, 1.0]).astype(np.uint8))


def giant() -> npt.NDArray[np.float32]:
    """A map with bands, and one half redder than the other."""
    y, x = np.mgrid[0:1:96j, 0:1:192j]
    bands = 0.3 * np.sin(20 * y) + 0.3 * np.sin(2 * np.pi * x)
    return np.stack([bands + 0.2, bands, 0.6 * bands - 0.1]).astype(np.float32)


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gallery of an inclined disc (1) and a planet with rings (2)."""
    folder = tmp_path_factory.mktemp("turning")
    settings = gallery(folder, 2)
    [picture] = pictures(folder / "store", [disc(0.5)], widths=(192, 384))
    shape = {"detected": True, "axis_ratio": 0.53, "position_angle_deg": 0.0, "half_light_radius": 0.16}
    recipe = Recipe("surface", "cd" * 32, 9, "euler", 8, 1, 64, class_name="gas_giant")
    card = Card(name="t", family="surface", size=64, classes=["gas_giant"], display={"name": "linear"})
    globe = encode_surface(Store(folder / "store"), giant(), recipe, card)
    assert globe.display["globe"]["rings"], "a seed whose planet has rings"
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(exhibit(1, picture, found="spiral_late", measurements=shape), picture.media)
        planet = Exhibit(recipe, "galaxies", 1, "shown", number=2, display=globe.display)
        catalogue.rendered(planet, globe.media)
    bake(settings)
    with served(folder / "public") as address:
        yield address


def seen(page: playwright.Page, selector: str) -> Plane:
    """(h, w, 3): what is on show there, without the controls' outline."""
    return np.asarray(
        Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB"), dtype=np.float64
    )


def turn(page: playwright.Page) -> None:
    page.locator("[data-turn]").click()
    page.locator(".turning").wait_for()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


def test_a_planet_begins_as_its_picture_and_turns_by_key(page: playwright.Page, turning: str) -> None:
    page.set_viewport_size({"width": 700, "height": 900})  # where the picture stays as large
    page.goto(f"{turning}galaxies/2.html")
    page.locator("[data-turn]").wait_for()
    still = seen(page, ".plate .picture")
    turn(page)
    moving = seen(page, ".plate .picture")
    # of 255; AVIF's loss and a map read from a JPEG. A globe hung otherwise differs by more than 20
    assert np.abs(still - moving).mean() < 3
    page.locator(".turning").press("ArrowRight")
    page.locator("input[name=turn]").fill("90")
    page.locator("input[name=phase]").fill("-120")
    page.wait_for_timeout(200)
    assert np.abs(still - seen(page, ".plate .picture")).mean() > 8
    dial, box = page.locator("input[name=turn]"), page.locator(".turning").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    aside = (middle[0] + 90, middle[1])
    for drag in (lambda *ends: dragged(page, *ends), lambda *ends: fingers(page, way(*ends, 12))):
        before = float(dial.input_value())
        drag(middle, aside)
        playwright.expect(dial).not_to_have_value(str(before))
        assert 15 < abs(float(dial.input_value()) - before) < 90, "a ball that follows the hand"
    assert page.url.endswith("/2.html"), "the arrow turned the globe and not the page"
    page.locator("[data-turn]").click()
    playwright.expect(page.locator(".turning")).to_have_count(0)
    assert np.abs(still - seen(page, ".plate .picture")).mean() < 0.5


def roundness(shown: Plane) -> float:
    """The axis ratio of the light, by second moments."""
    light = shown.mean(axis=2)
    y, x = np.indices(light.shape)
    total = light.sum()
    y, x = y - (y * light).sum() / total, x - (x * light).sum() / total
    moments = np.array([[(x * x * light).sum(), (x * y * light).sum()], [(x * y * light).sum(), (y * y * light).sum()]])
    low, high = np.linalg.eigvalsh(moments / total)
    return float(np.sqrt(low / high))


def test_a_galaxy_begins_as_its_picture_and_seen_from_above_is_round(page: playwright.Page, turning: str) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto(f"{turning}galaxies/1.html")
    page.locator("[data-turn]").wait_for()
    still = seen(page, ".plate .picture")
    turn(page)
    first = seen(page, ".plate .picture")
    assert np.corrcoef(still.ravel(), first.ravel())[0, 1] > 0.97
    assert abs(first.mean() - still.mean()) < 0.15 * still.mean(), "as bright as the picture"
    playwright.expect(page.locator(".panel")).to_contain_text("no simulation")
    assert roundness(first) < 0.65
    angles = {}
    for tilt in ("-60", "60"):  # cos i = 0.5 at the axis ratio of 0.53 that was measured
        page.locator("input[name=tilt]").fill(tilt)
        page.wait_for_timeout(200)
        angles[tilt] = roundness(seen(page, ".plate .picture"))
    assert max(angles.values()) > 0.8, angles
    assert min(angles.values()) < 0.65, angles


def test_without_webgl_the_picture_stays_and_says_why(browser: playwright.Browser, turning: str) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{turning}galaxies/2.html")
    page.locator("[data-turn]").click()
    playwright.expect(page.locator("[data-turn]")).to_have_text("cannot turn here: this browser has no WebGL 2")
    playwright.expect(page.locator(".turning")).to_have_count(0)
    playwright.expect(page.locator(".plate .exposure")).to_be_visible()
    context.close()
