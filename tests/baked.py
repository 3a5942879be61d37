"""A synthetic gallery and its bake: what the tests of the bake share."""

from __future__ import annotations

import hashlib
import subprocess
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
