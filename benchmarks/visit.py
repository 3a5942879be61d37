"""What a visit weighs, and what Lighthouse says of a site's pages: bytes over the wire by kind, and four scores a page.

    npm install --prefix DIR --ignore-scripts lighthouse     (any folder; it is no part of this project)
    python benchmarks/visit.py PUBLIC [--lighthouse DIR]

PUBLIC is a baked site. Bytes are what a browser asks for, gzipped where a host would gzip; Lighthouse runs Debian's
Chromium with its own throttling, so a machine that does something else too gives lower scores for performance.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import chromium, served

from render.errors import NonesuchError

PACKED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
SETTLED = 1500  # milliseconds after the last request in which whatever comes later comes
PHONE = {"width": 390, "height": 844}


def pages_of(public: Path) -> list[str]:
    """Home, gallery, an exhibit, walks and draw of the site's first collection that has them."""
    index = sorted(public.glob("data/*/index.json"))
    if not index:
        raise NonesuchError(f"{public} is no baked site: name the folder public/ of a gallery.")
    slug = index[0].parent.name
    wanted = ("", f"{slug}/gallery/", f"{slug}/1.html", f"{slug}/walks/", f"{slug}/draw/")
    return [page for page in wanted if (public / page / ("" if page.endswith(".html") else "index.html")).is_file()]


def weight(public: Path, path: str) -> int:
    """Bytes of a file over the wire."""
    file = public / path
    body = (file / "index.html" if file.is_dir() else file).read_bytes()
    return len(gzip.compress(body, 6)) if file.suffix in PACKED or file.is_dir() else len(body)


def visits(public: Path, pages: list[str]) -> None:
    """Print what the first view of each page moves, and what each further exhibit on the home page does."""
    with served(public) as address, chromium() as browser:
        for path in pages:
            context = browser.new_context(viewport=PHONE, device_scale_factor=2, service_workers="block")
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(urlsplit(request.url).path.lstrip("/")))
            page.route(
                "**/-live/**", lambda route: route.abort()
            )  # the preview's own, of which no visitor sees anything
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(SETTLED)
            kinds: Counter[str] = Counter()
            asked = [one for one in asked if not one.startswith("-live/")]
            for one in asked:
                kinds[Path(one).suffix or ".html"] += weight(public, one)
            parts = ", ".join(f"{kind[1:]} {size / 1024:.1f}" for kind, size in sorted(kinds.items()))
            print(f"/{path}: {sum(kinds.values()) / 1024:.1f} KiB ({parts})")
            if not path:
                further: list[str] = []
                page.on(
                    "request", lambda request, further=further: further.append(urlsplit(request.url).path.lstrip("/"))
                )
                for _ in range(10):
                    page.keyboard.press("Space")
                    page.wait_for_timeout(SETTLED)
                print(f"  each further exhibit: {sum(weight(public, one) for one in further) / 10 / 1024:.1f} KiB")
            context.close()


def lighthouse(public: Path, pages: list[str], folder: Path) -> None:
    """Print Lighthouse's scores for each page, and the audits that are not whole."""
    program = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.is_file():
        raise NonesuchError(f"there is no lighthouse in {folder}: npm install --prefix {folder} lighthouse.")
    node, browser = shutil.which("node"), shutil.which("chromium")
    if node is None or browser is None:
        raise NonesuchError("Lighthouse needs node and Debian's chromium: install both.")
    with served(public) as address, tempfile.TemporaryDirectory() as scratch:
        for path in pages:
            out = Path(scratch, "report.json")
            flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
            options = ["--output=json", f"--output-path={out}", "--quiet", flags]
            command = [node, str(program), address + path, *options]
            subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": browser})
            report = json.loads(out.read_text(encoding="utf-8"))
            scores = [round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES]
            print(f"/{path}: " + ", ".join(f"{name} {score}" for name, score in zip(CATEGORIES, scores, strict=True)))
            for audit in report["audits"].values():
                if audit["score"] is not None and audit["score"] < 0.9:
                    print(f"  {audit['id']}: {audit.get('displayValue') or audit['title']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("public", type=Path)
    parser.add_argument("--lighthouse", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    try:
        pages = pages_of(arguments.public)
        visits(arguments.public, pages)
        if arguments.lighthouse:
            lighthouse(arguments.public, pages, arguments.lighthouse)
    except NonesuchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
