"""What axe-core finds on the site's pages: what a visitor with a screen reader, a keyboard or weak eyes would lose."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from browsing import MARKS, playwright

pytestmark = MARKS
COLLECTION = ("gallery/", "1.html", "walks/", "walks/2.html", "draw/", "cross/", "compare/")
PAGES = ("", *(f"galaxies/{one}" for one in COLLECTION), "about/", "404.html")


def found(page: playwright.Page, **options: Any) -> list[str]:
    """One line for each violation: its rule, and where it is."""
    report = Axe().run(page, options=options).response
    return [f"{one['id']}: {node['target']}" for one in report["violations"] for node in one["nodes"]]


def test_axe_finds_no_violation(browser: playwright.Browser, address: str) -> None:
    phone = {"width": 390, "height": 844}
    context = browser.new_context(service_workers="block", viewport=phone, reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    wrong = {}
    for path in PAGES:
        page.emulate_media(color_scheme="dark")
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        wrong[path] = found(page)
        page.emulate_media(color_scheme="light")
        wrong[path] += found(page, runOnly=["color-contrast"])
    assert not any(wrong.values()), wrong
    context.close()
