"""A synthetic gallery and its bake: what the tests of the bake share."""

from __future__ import annotations

import hashlib
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import synthetic

from render.bake import BakeReport, bake
from render.catalogue import FILE, Catalogue
from render.config import Gallery

COUNT = 60


def make(folder: Path, parts: tuple[Path, list[synthetic.Picture]], count: int = COUNT, about: str = "") -> Gallery:
    made = synthetic.gallery(folder, count, about)
    subprocess.run(["cp", "-al", str(parts[0]), str(folder / "store")], check=True)
    synthetic.fill(folder, parts[1], count)
    with Catalogue(folder / FILE, write=True) as catalogue:
        for number in (1, 2):
            catalogue.rendered(*synthetic.walk(number, folder, parts[1][number]))
    return made


def built(gallery: Gallery, **more: Any) -> BakeReport:
    site = synthetic.built_site(gallery.folder.parent / "site")
    return bake(gallery, site=more.pop("site", site), **more)


def contents(public: Path) -> dict[str, str]:
    return {
        path.relative_to(public).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in public.rglob("*")
        if path.is_file()
    }


class Links(HTMLParser):
    """Every address that a page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name in ("href", "src", "poster") or name.startswith("data-index"):
                self.found.append(value or "")
            if name == "srcset":
                self.found += [part.split()[0] for part in (value or "").split(",")]


def links_of(page: Path) -> list[str]:
    return Links(page.read_text(encoding="utf-8")).found
