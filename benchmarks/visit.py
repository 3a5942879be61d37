"""What a visit weighs, what Lighthouse says of a site's pages, and what the Nu HTML checker does.

    npm install --prefix DIR --ignore-scripts lighthouse vnu-jar     (any folder; they are no part of this project)
    python benchmarks/visit.py PUBLIC [--lighthouse DIR] [--html DIR]

PUBLIC is a baked site. It is served as hosts serve it: gzipped where that helps, and kept where `_headers` says so.
Bytes are what a browser asks for; Lighthouse runs Debian's Chromium with its own throttling, so a machine that does
something else too gives lower scores for performance. The checker needs Java; an error in any page ends this with 1.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import chromium

from render.errors import NonesuchError

PACKED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml", ".onnx", ".wasm"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
SETTLED = 1500  # milliseconds after the last request in which whatever comes later comes
PHONE = {"width": 390, "height": 844}
KIND = re.compile(r'data-page="(\w[\w-]*)"')
FOREVER = re.compile(r"/(assets|media|models)/")
"""Where every name carries the hash of its file: what `_headers` lets browsers keep."""


class Host(SimpleHTTPRequestHandler):
    """A file as GitHub Pages or Netlify send it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = sent(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=31536000, immutable" if FOREVER.search(self.path) else "max-age=600")
        if path.suffix in PACKED:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@cache
def sent(path: Path) -> bytes:
    """A file over the wire."""
    body = path.read_bytes()
    return gzip.compress(body, 6) if path.suffix in PACKED else body


@contextmanager
def hosted(public: Path) -> Iterator[str]:
    """The site's address while a host on the loopback shows it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=public)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


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
    return len(sent(file / "index.html" if file.is_dir() else file))


def visits(public: Path, pages: list[str]) -> None:
    """Print what the first view of each page moves, and what each further exhibit on the home page does."""
    with hosted(public) as address, chromium() as browser:
        for path in pages:
            context = browser.new_context(viewport=PHONE, device_scale_factor=2, service_workers="block")
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(urlsplit(request.url).path.lstrip("/")))
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(SETTLED)
            kinds: Counter[str] = Counter()
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
    with hosted(public) as address, tempfile.TemporaryDirectory() as scratch:
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


def html(public: Path, folder: Path) -> int:
    """Print what the Nu HTML checker says of one page of every kind; returns how many errors it found."""
    jar = folder / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    java = shutil.which("java")
    if java is None or not jar.is_file():
        raise NonesuchError(f"the checker needs java and vnu-jar: npm install --prefix {folder} vnu-jar.")
    kinds: dict[str, Path] = {}
    for path in sorted(public.rglob("*.html")):
        if (found := KIND.search(path.read_text(encoding="utf-8"))) is not None:
            kinds.setdefault(found[1], path)
    command = [java, "-jar", str(jar), "--errors-only", "--format", "json", *map(str, kinds.values())]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stderr)["messages"]
    print(f"Nu HTML checker: {len(told)} errors in {len(kinds)} pages, one of each kind ({', '.join(sorted(kinds))})")
    for one in told:
        print(f"  {urlsplit(one['url']).path} line {one['lastLine']}: {one['message']}")
    return len(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("public", type=Path)
    parser.add_argument("--lighthouse", type=Path, metavar="DIR")
    parser.add_argument("--html", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    try:
        pages = pages_of(arguments.public)
        visits(arguments.public, pages)
        if arguments.lighthouse:
            lighthouse(arguments.public, pages, arguments.lighthouse)
        if arguments.html and html(arguments.public, arguments.html):
            sys.exit(1)
    except NonesuchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
