"""Takes the pictures of docs/screenshots/ from a baked gallery: every kind of page, on a phone and on a desk.

    python docs/screenshots.py GALLERY/public

Needs playwright and Debian's chromium, like the browser tests.
"""

from __future__ import annotations

import io
import shutil
import sys
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from render.serve import Preview

SIZES = {390: 844, 768: 1024, 1440: 900}
KEPT = (390, 1440)  # 768 is looked at, not committed
TALLEST = 2.4  # heights of the window: a long gallery is cut, its end looks like its beginning
TARGET = Path(__file__).resolve().parent / "screenshots"
LATE = ("sky", "guess", "compare", "plane")  # their pictures come with the script
LOADED = "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => 0); }))"


def pages(public: Path) -> dict[str, str]:
    """What is photographed: name and address, of the collection on the home page, and one of its planets, its deep
    space and its dinosaurs.
    """
    home = (public / "index.html").read_text(encoding="utf-8")
    collection = home.partition('data-collection="')[2].partition('"')[0]
    exhibit = next(iter(sorted(public.glob(f"{collection}/[0-9]*.html"), key=lambda path: int(path.stem))))
    found = {
        "home": "",
        "gallery": f"{collection}/gallery/",
        "exhibit": f"{collection}/{exhibit.name}",
        "draw": f"{collection}/draw/",
        "cross": f"{collection}/cross/",
        "sky": f"{collection}/sky/",
        "guess": f"{collection}/guess/",
        "oddities": f"{collection}/oddities/",
        "compare": f"{collection}/compare/",
        "planet": "planets/10.html",
        "deep-space": "deep-space/gallery/",
        "dinosaurs": "dinosaurs/gallery/",
        "walks": f"{collection}/walks/",
        "plane": _plane(public, collection),
        "lab": "lab/",
        "about": "about/",
        "404": "404.html",
    }
    return {name: path for name, path in found.items() if (public / path).exists()}


def _plane(public: Path, collection: str) -> str:
    """The page of the first walk that is a plane."""
    pages = sorted(public.glob(f"{collection}/walks/[0-9]*.html"))
    found = next((page for page in pages if "data-plane" in page.read_text(encoding="utf-8")), None)
    return f"{collection}/walks/{found.name if found else 'none.html'}"


def shoot(browser: Browser, address: str, width: int, theme: str, wanted: dict[str, str]) -> None:
    """One width and theme of every page."""
    height = SIZES[width]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light" if theme == "paper" else "dark",
        reduced_motion="reduce",
        has_touch=width < 800,
    )
    page = context.new_page()
    for name, path in wanted.items():
        page.goto(address + path)
        page.wait_for_load_state("networkidle" if name in LATE else "load")
        page.evaluate(LOADED)
        page.wait_for_timeout(1500 if name in LATE else 200)
        shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        shot = shot.crop((0, 0, shot.width, min(shot.height, int(height * TALLEST))))
        suffix = "" if theme == "dark" else f"-{theme}"
        shot.save(TARGET / f"{name}-{width}{suffix}.webp", quality=88, method=4)
    context.close()


def main(public: Path) -> None:
    """Take them all: dark in both widths, and the home page and an exhibit on paper."""
    TARGET.mkdir(exist_ok=True)
    server = Preview(public)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wanted = pages(public)
    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for width in KEPT:
            shoot(browser, server.address, width, "dark", wanted)
            shoot(browser, server.address, width, "paper", {name: wanted[name] for name in ("home", "exhibit")})
        browser.close()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
