"""Without a network: what a visitor would lose of what he has seen, and whether anyone is ever kept in an old site."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

from browsing import MARKS, playwright

from render.bake.offline import FAREWELL
from render.serve import Preview

pytestmark = MARKS
KEPT = "async path => (await caches.match(new URL(path, location.href).href)) !== undefined"
GONE = (
    "async () => (await caches.keys()).length === 0 && (await navigator.serviceWorker.getRegistrations()).length === 0"
)


def until(page: playwright.Page, script: str, argument: Any = None) -> None:
    """Ask until the answer, a promise's, is yes; `wait_for_function` takes the promise itself for one."""
    late = time.monotonic() + 30
    while not page.evaluate(script, argument):
        assert time.monotonic() < late, script
        time.sleep(0.05)


def test_what_was_seen_is_read_offline_and_what_is_new_comes_first(
    browser: playwright.Browser, public: Path, tmp_path: Path
) -> None:
    site = tmp_path / "public"
    shutil.copytree(public, site)
    server = Preview(site, base="/any-repo/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.address}galaxies/1.html")
    until(page, KEPT, "1.html")  # the first page of all too, which came before the worker
    page.goto(f"{server.address}galaxies/2.html")
    until(page, KEPT, "2.html")

    two = site / "galaxies" / "2.html"
    changed = two.read_text(encoding="utf-8").replace("<title>", "<title>Baked anew. ")
    two.unlink()
    two.write_text(changed, encoding="utf-8")
    page.reload()
    assert page.title().startswith("Baked anew."), "a page that was kept is not shown while there is a network"
    until(page, "async () => (await (await caches.match(location.href)).text()).includes('Baked anew')")

    context.set_offline(True)
    page.goto(f"{server.address}galaxies/1.html")
    playwright.expect(page.locator(".card .designation")).to_have_text("NONESUCH 1")
    assert page.evaluate("(i => i.complete && i.naturalWidth > 0)(document.querySelector('.exposure'))")
    page.goto(f"{server.address}galaxies/2.html")
    assert page.title().startswith("Baked anew."), "what was seen last"
    page.goto(f"{server.address}galaxies/7.html")
    playwright.expect(page.locator("h1")).to_have_text("There is no network, and this page was not seen before")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily").startswith('"Nonesuch Serif"')

    context.set_offline(False)
    (site / "sw.js").unlink()
    (site / "sw.js").write_text(FAREWELL, encoding="utf-8")  # as `bake.offline = false` writes it
    page.goto(f"{server.address}galaxies/3.html")
    until(page, GONE)
    context.close()
    server.shutdown()
    server.server_close()
