"""A real Chromium before a baked synthetic gallery: what the tests of the site's parts share.

The gallery is synthetic, the rest is real: pages from the bake, script and styles from the build, a server on the
loopback.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import fill, gallery, pictures, spiral, walk

from render.bake import bake
from render.catalogue import FILE, Catalogue, Exhibit
from render.media import Store, encode_plane, encode_walk
from render.recipe import Keyframe, Walk
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
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: no browser was driven"),
]


def baked(folder: Path, more: str = "") -> Path:
    """A baked gallery of twelve exhibits, of which number 5 was removed, a walk and a plane; returns ``public/``."""
    settings = gallery(folder, COUNT, about=f'base = "/any-repo/"\n{more}')
    shown = pictures(folder / "store", [spiral(1), spiral(2)], widths=(192, 384))
    fill(folder, shown, COUNT)
    loop, _ = walk(1, folder, shown[0])
    turning = [np.asarray(spiral(1).rotate(45 * turn), dtype=np.float32).T / 127.5 - 1 for turn in range(8)]
    film = encode_walk(Store(folder / "store"), iter(turning), loop.recipe, Card(name="t", family="flow", size=96), 8)
    corners = tuple(Keyframe(seed, "spiral_mid") for seed in range(4))
    flat = replace(loop.recipe, walk=Walk("plane", 9, corners), seed=0)
    bright = [np.full((3, 96, 96), (step + 1) / 5 - 1, np.float32) for step in range(9)]  # from dark to light
    sheet = encode_plane(Store(folder / "store"), iter(bright), flat, Card(name="t", family="flow", size=96), 24)
    plane = Exhibit(flat, "galaxies", 1, "shown", number=2, display=sheet.display)
    with Catalogue(folder / FILE, write=True) as catalogue:
        catalogue.rendered(replace(loop, display=film.display), film.media)
        catalogue.rendered(plane, sheet.media)
        five = catalogue.numbered("galaxies", 5)
        assert five is not None
        catalogue.removed(five.recipe.id, "not liked")
    bake(settings)
    return folder / "public"


@contextmanager
def chromium() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(public: Path, base: str = "/") -> Iterator[str]:
    """The address under which a server on the loopback shows the site."""
    server = Preview(public, base=base)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.address
    server.shutdown()
    server.server_close()


@contextmanager
def sound(browser: playwright.Browser, **settings: Any) -> Iterator[playwright.Page]:
    """A page of which nothing fails: no request, no script, no violated policy."""
    context = browser.new_context(**{"service_workers": "block"} | settings)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if _meant(message) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield page
    assert wrong == [], wrong
    context.close()


def _meant(message: Any) -> bool:
    """Whether the page is to blame, not a software renderer that a screenshot waits for, a worker kept out by us, or a
    browser that was asked for a graphics card and has none.
    """
    ours = ("GL Driver Message", "Service Worker registration blocked by Playwright", "No available adapters")
    return message.type in ("error", "warning") and not any(one in message.text for one in ours)


def fingers(page: playwright.Page, *ways: Sequence[tuple[float, float]]) -> None:
    """Fingers that touch the screen, each along its way, all ways with as many places, and leave it; real touches, of
    which the browser makes pointer events, or a scroll.
    """
    session = page.context.new_cdp_session(page)
    for step, places in enumerate(zip(*ways, strict=True)):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def dragged(page: playwright.Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """The mouse pressed, moved and released."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=6)
    page.mouse.up()


def way(start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> list[tuple[float, float]]:
    """Places from one to another."""
    return [
        (start[0] + (end[0] - start[0]) * step / steps, start[1] + (end[1] - start[1]) * step / steps)
        for step in range(steps + 1)
    ]


def shown(page: playwright.Page) -> str:
    return str(page.locator(DESIGNATION).inner_text())


def after(page: playwright.Page, before: str) -> str:
    """The designation on show once it is no longer ``before``."""
    playwright.expect(page.locator(DESIGNATION)).not_to_have_text(before)
    return shown(page)
