"""How long a folder of pictures takes to become a site: cold, nothing changed, one picture changed; beside peers.

    python benchmarks/imports.py [1000]

Pictures of 512 pixels, three in four JPEG, with grain, in two sizes (192 and 384). Peers run when their command is
found: sigal and Hugo, both with WebP at quality 80, which looks like AVIF at 60. The floor is Pillow alone: decode,
resize, encode, on as many threads. Every run is a process of its own.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
from PIL import Image

from render.cores import cores

OURS = """
import sys
from pathlib import Path
from render.importing import pictures
pictures.SIDES = (192, 384)
from render.bake import bake
from render.scaffold.folder import with_folder
from render.stages.importing import import_folder
gallery, folder = with_folder(Path(sys.argv[2]), Path(sys.argv[1]), "set", "picture", "unknown", False)
import_folder(gallery, folder)
bake(gallery)
"""
SIGAL = """
source = {source!r}
destination = {target!r}
theme = "photoswipe"
img_size = (384, 384)
thumb_size = (192, 192)
img_format = "WEBP"
img_options = {{"quality": 80}}
thumb_options = {{"quality": 80}}
"""
HUGO = """{{ range resources.Match "pictures/**" }}
{{ $large := .Process "resize 384x webp q80" }}{{ $small := .Process "resize 192x webp q80" }}
<a href="{{ $large.RelPermalink }}"><img src="{{ $small.RelPermalink }}" alt=""></a>{{ end }}"""


def make(folder: Path, count: int) -> None:
    """Pictures that compress like photographs: soft shapes and grain."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for index in range(count):
        soft = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize(
            (512, 512), Image.Resampling.BICUBIC
        )
        grain = rng.normal(0, 6, (512, 512, 1))
        image = Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))
        if index % 4:
            image.save(folder / f"{index:05d}.jpg", quality=90)
        else:
            image.save(folder / f"{index:05d}.png")


def floor(source: Path) -> float:
    """Seconds for decoding, resizing and encoding alone, nothing written."""

    def one(path: Path) -> None:
        image = Image.open(path).convert("RGB")
        for side in (384, 192):
            small = image.resize((side, side), Image.Resampling.LANCZOS)
            small.save(io.BytesIO(), "AVIF", quality=60, speed=9, max_threads=1)

    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(one, sorted(source.iterdir())))
    return time.perf_counter() - started


def timed(command: list[str], where: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=where, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def commands(work: Path, source: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    os.environ["PYTHONPATH"] = str(ROOT)
    found = {"nonesuch": [sys.executable, "-c", OURS, str(source), str(work / "ours")]}
    if sigal := shutil.which("sigal"):
        (work / "sigal.conf.py").write_text(SIGAL.format(source=str(source), target=str(work / "sigal")))
        found["sigal"] = [sigal, "build", "-c", str(work / "sigal.conf.py"), "-n", str(cores())]
    if hugo := shutil.which("hugo"):
        site = work / "hugo"
        (site / "layouts").mkdir(parents=True)
        (site / "hugo.toml").write_text('disableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n')
        (site / "layouts" / "index.html").write_text(HUGO)
        (site / "assets").mkdir()
        (site / "assets" / "pictures").symlink_to(source)
        found["hugo"] = [hugo, "--source", str(site)]
    return found


def main(count: int) -> None:
    work = Path(tempfile.mkdtemp(prefix="imports-"))
    try:
        source = work / "pictures"
        make(source, count)
        print(f"{count} pictures, {cores()} cores; floor {floor(source):.1f} s")
        print("| | cold s | unchanged s | one changed s |\n|---|---|---|---|")
        for name, command in commands(work, source).items():
            cold, unchanged = timed(command, work), timed(command, work)
            changed = sorted(source.iterdir())[1]
            with Image.open(changed) as image:
                turned = image.convert("RGB").transpose(Image.Transpose.ROTATE_180)
            turned.save(changed)
            print(f"| {name} | {cold:.1f} | {unchanged:.2f} | {timed(command, work):.2f} |")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
