"""Draw your own: what a visitor would lose if the browser did not draw, or drew something else than was asked for."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from browsing import CHROMIUM, FLAGS, MARKS, fingers, playwright, served, sound, way
from PIL import Image, ImageDraw
from synthetic import fill, gallery, pictures, spiral

from render.bake import bake
from render.catalogue import FILE, Catalogue, Exhibit
from render.config import load_gallery
from render.generators.flow import FlowGenerator
from render.media import Store
from render.media.images import encode_image
from render.noise import normals
from render.recipe import Recipe
from render.training.browser import OTHERS, _flow_inputs
from render.weights import BROWSER, GRAPH, find_weights, weights_hash

pytestmark = MARKS
SAY = "[data-say]"
PIXELS = "document.querySelector('[data-made]').toDataURL().split(',')[1]"
CROSSED = "document.querySelector('.cross .made').toDataURL().split(',')[1]"
PATIENCE = 90_000  # milliseconds: three seconds on a quiet machine, many times that beside other tests


def test_the_files_for_the_browser_are_those_of_the_shipped_weights() -> None:
    """New weights under an old graph would draw nothing, and say that the browser is to blame."""
    for name, most in (("galaxy-96", 12), ("galaxy-96-open", 10), ("galaxy-96-student", 5), ("galaxy-classifier", 3)):
        folder = find_weights(name)
        about = json.loads((folder / BROWSER).read_text(encoding="utf-8"))
        part = about["weights"]
        raw = (folder / part["file"]).read_bytes()[part["start"] :][: part["bytes"]]
        graph = (folder / GRAPH).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == part["sha256"]
        assert hashlib.sha256(graph).hexdigest() == about["graph"]["sha256"]
        for other, file in OTHERS.items():
            if other in about:
                assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == about[other]["sha256"]
        assert len(raw) + len(graph) < most * 2**20
    for name in ("galaxy-96", "galaxy-96-open", "galaxy-96-student"):
        generator = FlowGenerator.load(find_weights(name), "cpu", "fp32")
        about = json.loads((find_weights(name) / BROWSER).read_text(encoding="utf-8"))
        networks = {"": generator.network, "expert_": generator.network.expert}
        if generator.card.sampling and generator.card.sampling.away:
            networks["twin_"] = generator.twin
        assert {f"{one}vector" for one, network in networks.items() if network} == {
            one for one in about if one.endswith("vector")
        }
        for network, vector in ((one, about[f"{which}vector"]) for which, one in networks.items() if one):
            with torch.inference_mode():
                found = network(*_flow_inputs(96, 7, len(generator.card.sources))).flatten()[:: vector["step"]][
                    : len(vector["values"])
                ]
            assert torch.allclose(found, torch.tensor(vector["values"]), atol=1e-3)


def light(page: playwright.Page) -> npt.NDArray[np.float64]:
    """The galaxy on show as brightness, (96, 96)."""
    picture = Image.open(io.BytesIO(base64.b64decode(page.evaluate(PIXELS)))).convert("L")
    return np.asarray(picture, dtype=np.float64)


def alike(picture: npt.NDArray[np.float64], drawing: Image.Image) -> float:
    return float(np.corrcoef(picture.ravel(), np.asarray(drawing, dtype=np.float64).ravel())[0, 1])


def drawn(page: playwright.Page) -> npt.NDArray[np.float64]:
    """What came of the drawing: after the network's last step."""
    page.locator("[data-cancel]").wait_for(state="hidden", timeout=PATIENCE)
    playwright.expect(page.locator(SAY)).to_contain_text("Drawn here", timeout=PATIENCE)
    return light(page)


def pad_of(page: playwright.Page) -> Any:
    """Where the sheet lies on the screen, once nothing that is still to come moves it."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    pad = page.locator("[data-pad]")
    pad.hover()  # waits until it lies still
    box = pad.bounding_box()
    assert box is not None
    return box


def test_different_drawings_become_different_galaxies_each_like_its_own(page: playwright.Page, address: str) -> None:
    page.add_init_script("Math.random = () => 0.25")  # the noise is the same for both
    page.goto(f"{address}galaxies/draw/")
    box = pad_of(page)
    place = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in ((0.2, 0.8), (0.8, 0.2))]
    page.mouse.move(*place[0])
    page.mouse.down()
    page.mouse.move(*place[1], steps=8)
    page.mouse.up()
    streak = drawn(page)
    rows = page.locator("[data-classes] tr")
    playwright.expect(rows).to_have_count(7, timeout=PATIENCE)
    shares = [int(text.split()[0]) for text in page.locator("[data-classes] td").all_inner_texts()]
    assert 95 <= sum(shares) <= 107, "probabilities, each rounded to a whole per cent between 1 and 99"

    page.locator("[data-shape=ring]").click()
    page.locator("[data-cancel]").wait_for(state="visible", timeout=PATIENCE)
    ring = drawn(page)
    line, circle = Image.new("L", (96, 96)), Image.new("L", (96, 96))
    ImageDraw.Draw(line).line((19, 77, 77, 19), fill=255, width=5)
    ImageDraw.Draw(circle).ellipse((21, 21, 75, 75), outline=255, width=5)
    assert alike(streak, line) > alike(ring, line) + 0.1
    assert alike(ring, circle) > alike(streak, circle) + 0.1


@pytest.mark.parametrize("taught", [True, False])
def test_visitors_draw_with_the_student_and_repeat_with_the_weights(tmp_path: Path, taught: bool) -> None:
    fill(tmp_path, pictures(tmp_path / "store", [spiral(1)], widths=(192, 384)), 2)
    settings = gallery(tmp_path, 2)
    if not taught:
        file = tmp_path / "gallery.toml"
        file.write_text(re.sub("student = .*", "", file.read_text(encoding="utf-8")), encoding="utf-8")
        settings = load_gallery(tmp_path)
    bake(settings)
    public = tmp_path / "public"
    lists = {room: addressed(public / "galaxies" / room / "index.html") for room in ("draw", "cross")}
    assert lists == {"draw": "galaxies-student.json" if taught else "galaxies.json", "cross": "galaxies.json"}
    weights = {
        room: json.loads((public / "models" / name).read_text(encoding="utf-8"))["draw"]["weights"]
        for room, name in lists.items()
    }
    for told in weights.values():
        assert hashlib.sha256((public / "models" / told["href"]).read_bytes()).hexdigest() == told["sha256"]
    assert (weights["draw"]["bytes"] < weights["cross"]["bytes"] / 2) == taught
    about = (public / "about" / "index.html").read_text(encoding="utf-8")
    assert ("Draws for visitors, in their own browser." in about) == taught


def addressed(page: Path) -> str:
    """The list of models that a page sends its script to."""
    found = re.search('data-models="[^"]*/([^/"]+)"', page.read_text(encoding="utf-8"))
    assert found
    return found[1]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Recipe], FlowGenerator]]:
    """The address of a gallery of two galaxies that the shipped network drew here, in six steps instead of sixteen."""
    folder = tmp_path_factory.mktemp("rendered")
    settings = gallery(folder, 2)
    weights = find_weights("galaxy-96")
    generator = FlowGenerator.load(weights, "cpu", "fp32")
    common = {
        "family": "flow",
        "weights": weights_hash(weights),
        "sampler": "ancestral",
        "steps": 6,
        "guidance": 2.0,
        "symmetry": 0.5,
        "away": "attention",
    }
    recipes = [
        Recipe(seed=37, class_name="spiral_mid", source="efigi", size=96, **common),
        Recipe(seed=2**40, class_name="elliptical", source="efigi", size=96, **common),
    ]
    with Catalogue(folder / FILE, write=True) as catalogue:
        for number, recipe in enumerate(recipes, start=1):
            picture = generator.images(generator.condition([recipe]), noise_of([recipe], generator.noise_shape))[0]
            made = encode_image(Store(folder / "store"), picture.numpy(), recipe, generator.card)
            shown = {"number": number, "display": made.display, "pixel_hash": made.pixel_hash}
            catalogue.rendered(Exhibit(recipe, "galaxies", number - 1, "shown", **shown), made.media)
    bake(settings)
    with served(folder / "public") as address:
        yield address, recipes, generator


def noise_of(recipes: list[Recipe], shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(np.stack([normals(recipe.seed, shape) for recipe in recipes]))


def test_a_student_draws_for_visitors_what_it_draws_here(
    page: playwright.Page, rendered: tuple[str, list[Recipe], FlowGenerator]
) -> None:
    """The page would otherwise load five times as much, and show what its small network never drew."""
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.add_init_script("Math.random = () => 0.25")
    page.goto(f"{rendered[0]}galaxies/draw/")
    pad_of(page)
    page.locator("[data-go]").click()  # a blank sheet: nothing but noise
    found = np.asarray(drawn(page))
    models = [url.rpartition("/")[2].partition(".")[0] for url in loaded if url.endswith(".bin")]
    assert "galaxy-96-student" in models
    assert "galaxy-96" not in models
    generator = FlowGenerator.load(find_weights("galaxy-96-student"), "cpu", "fp32")
    sampling = generator.card.sampling
    assert sampling
    assert sampling.guidance == 1
    recipe = Recipe(
        family="flow",
        weights="",
        seed=2**31 // 4,
        source="efigi",
        size=96,
        sampler=sampling.sampler,
        steps=sampling.steps,
        guidance=1.0,
    )
    expected = generator.images(generator.condition([recipe]), noise_of([recipe], generator.noise_shape))[0]
    shown = generator.card.mapping.to_display(expected.numpy()).astype(np.uint8)
    assert np.abs(found - np.asarray(Image.fromarray(shown).convert("L"), dtype=np.float64)).mean() < 0.5  # of 255


def test_a_browser_repeats_an_exhibit_and_crosses_two(
    page: playwright.Page, rendered: tuple[str, list[Recipe], FlowGenerator]
) -> None:
    address, recipes, generator = rendered
    page.goto(f"{address}galaxies/1.html")
    page.locator("[data-render]").click()
    # the same to the last bit on the machine that wrote this; on another processor a sum may end otherwise
    playwright.expect(page.locator(".again [data-say]")).to_contain_text(
        re.compile("^(Same|Near): .*Made here"), timeout=PATIENCE
    )

    page.goto(f"{address}galaxies/cross/?x=1")
    page.locator("input[name=t]").fill("30")
    page.get_by_role("button", name="cross them").click()
    playwright.expect(page.locator(SAY)).to_contain_text("70 parts of the first to 30", timeout=PATIENCE)
    assert page.url.endswith(
        "?a=37%3Aspiral_mid%3Aefigi&b=1099511627776%3Aelliptical%3Aefigi&t=0.30&by=ancestral%3A6%3A2%3A0.5%3Aattention"
    )
    crossed = page.evaluate(CROSSED)
    a, b = noise_of(recipes, generator.noise_shape)
    angle = torch.acos((a * b).sum() / (a.norm() * b.norm()))
    between = (torch.sin(0.7 * angle) * a + torch.sin(0.3 * angle) * b) / torch.sin(angle)
    one, other = (generator.condition([recipe]) for recipe in recipes)
    assert (one.armed.item(), other.armed.item()) == (1, 0), "a browser lays out the same arms"
    expected = generator.images(generator.mix(one, other, [0.3]), between[None])[0]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(crossed))).convert("RGB"), dtype=np.float64)
    off = np.abs(shown - generator.card.mapping.to_display(expected.numpy()))
    assert off.max() <= 4, "of 255: every touch shows somewhere, and sharpened stars nowhere else"

    page.goto(page.url)  # what a friend gets who was sent the address
    playwright.expect(page.locator(SAY)).to_contain_text("This link is a recipe")
    assert page.locator("input[name=t]").input_value() == "30"
    page.goto(f"{address}galaxies/cross/?a=x:y:z&b=1::&t=7&by=none")
    playwright.expect(page.locator(SAY)).to_contain_text("names no recipe")


def test_a_model_that_does_not_load_is_said_in_a_sentence(browser: playwright.Browser, address: str) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/models/*.onnx", lambda route: route.abort())
    page.goto(f"{address}galaxies/draw/")
    page.locator("[data-shape=disc]").click()
    playwright.expect(page.locator(SAY)).to_contain_text("does not draw here", timeout=PATIENCE)
    page.locator(".menu a", has_text="gallery").click()
    playwright.expect(page.locator(".tile").first).to_be_visible()
    context.close()


def test_a_finger_draws_on_the_sheet_and_does_not_scroll_the_page(browser: playwright.Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 700}, has_touch=True, service_workers="block")
    page = context.new_page()
    page.route("**/models/**", lambda route: route.abort())  # what the network makes of it is another test
    page.goto(f"{address}galaxies/draw/")
    box = pad_of(page)
    scrolled = page.evaluate("scrollY")
    x = box["x"] + box["width"] / 2
    fingers(page, way((x, box["y"] + 0.25 * box["height"]), (x, box["y"] + 0.75 * box["height"]), 12))
    playwright.expect(page.locator(SAY)).to_contain_text("does not draw here", timeout=PATIENCE)
    sheet = page.evaluate("document.querySelector('[data-pad]').toDataURL().split(',')[1]")
    light = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet))).convert("L"), dtype=np.float64)
    side = len(light)
    assert light[side // 2, side // 2] > 200, "upright, where the finger was"
    assert light[side // 2, side // 4] == 0
    assert page.evaluate("scrollY") == scrolled
    context.close()


SOFTWARE = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
REAL = """
Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
const timer = window.setTimeout;
window.setTimeout = (act, delay, ...given) => timer(act, delay >= 30_000 ? 10 * delay : delay, ...given);
"""
"""It is no fallback, and is waited for longer than a card is: software beside other tests is slow."""


def test_a_graphics_card_that_computes_wrongly_is_not_drawn_with(browser: playwright.Browser, address: str) -> None:
    """Dawn's software adapter, passed off as a card; it takes every command and carries none out."""
    started = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *SOFTWARE])
    page = started.new_page(service_workers="block")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def idle(route: playwright.Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=f"GPUQueue.prototype.submit = () => undefined;{answer.text()}")

    page.route("**/gpu.*.js", idle)
    page.goto(f"{address}galaxies/draw/")
    if not page.evaluate("navigator.gpu?.requestAdapter().then(Boolean) ?? false"):
        pytest.skip("this Chromium has no software WebGPU (Dawn with SwiftShader), which the test passes off as a card")
    page.add_init_script(REAL)
    page.reload()
    page.locator("[data-shape=disc]").click()
    wanted = "as WebAssembly, in one thread. WebGPU computes something else than it should here"
    playwright.expect(page.locator(SAY)).to_contain_text(wanted, timeout=2 * PATIENCE)
    drawn(page)
    runtimes = [url for url in asked if url.endswith(".wasm")]
    assert len(runtimes) == 1, "the card's runtime draws without it: a second one is not fetched"

    page.evaluate("sessionStorage.clear(); sessionStorage.setItem('nonesuch.drawing', 'gpu')")  # as if it had died
    page.reload()
    page.locator("[data-shape=disc]").click()
    playwright.expect(page.locator(SAY)).to_contain_text("The last visit ended while WebGPU ran", timeout=PATIENCE)
    drawn(page)
    started.close()


def test_without_javascript_or_webassembly_the_page_says_why_it_cannot(
    browser: playwright.Browser, address: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}galaxies/draw/")
    assert "Drawing needs JavaScript" in page.locator("noscript").inner_text()
    assert not page.locator("[data-desk]").is_visible()
    context.close()
    with sound(browser) as old:
        old.add_init_script("delete window.WebAssembly")
        old.goto(f"{address}galaxies/draw/")
        playwright.expect(old.locator(SAY)).to_contain_text("no WebAssembly")
