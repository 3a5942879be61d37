"""How long a folder of pictures takes to become a site: cold, nothing changed, one picture changed; beside its peers.

    python benchmarks/imports.py [1000] [--rounds 3]

Pictures of 512 pixels, three in four JPEG, with grain, in two sizes. Ours by its own command, as it comes, and the
least that settings allow: without the sky, the API and the previews of links, which its peers do not make either; a
page and a JPEG of every picture, galleries and the script's data stay. Sigal, Hugo and eleventy-img (`peers.py` says
how to get them) with WebP of the quality that is as like the originals as our AVIF (`likeness.py`), found before the
race and measured again on what each one wrote. All in turn, each run a process of its own; the table holds medians of
the rounds. The floor is Pillow alone: decode, resize by Lanczos and encode what our import encodes of every picture
(two AVIF; in brackets with the JPEG that it also makes), on as many threads, nothing kept. Ratios hold within one run;
on a machine that does something else, only those of the CPU seconds come near.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
import numpy as np
from PIL import Image, features
from PIL import __version__ as pillow

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from likeness import Likeness, alike, likeness
from peers import Missing, Racer, peers
from processes import Run, installed, run

from render import __version__
from render.cores import cores
from render.importing.pictures import AVIF, FALLBACK, JPEG

SIDE, SIZES, LOOKED_AT = 512, (384, 192), 24
GALLERY = """[gallery]
title = "Pictures"
[[folder]]
slug = "set"
title = "picture"
pictures = '{pictures}'
sizes = [192, 384]
{more}
"""
LEAST = '[bake]\nsky = false\napi = false\npreviews = "none"\n'


class Round(NamedTuple):
    """A racer's round. written, stale: after the change, files of its site that are others than before, and pictures
    that no original stands behind any more.
    """

    cold: Run
    unchanged: Run
    changed: Run
    written: int
    stale: int


def make(folder: Path, count: int) -> list[Path]:
    """Pictures that compress like photographs: soft shapes and grain."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for index in range(count):
        soft = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        grain = rng.normal(0, 6, (SIDE, SIDE, 1))
        shapes = np.asarray(soft.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        image = Image.fromarray(np.clip(shapes + grain, 0, 255).astype(np.uint8))
        if index % 4:
            image.save(folder / f"{index:05d}.jpg", quality=90)
        else:
            image.save(folder / f"{index:05d}.png")
    return sorted(folder.iterdir())


def floor(pictures: list[Path], jpeg: bool) -> Run:
    """Decoding, resizing and encoding alone."""

    def one(path: Path) -> None:
        image = Image.open(path).convert("RGB")
        for side in SIZES:
            small = image.resize((side, side), Image.Resampling.LANCZOS)
            small.save(io.BytesIO(), "AVIF", **AVIF)
            if jpeg and side == FALLBACK:
                small.save(io.BytesIO(), "JPEG", **JPEG)

    started, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(one, pictures))
    return Run(time.perf_counter() - started, time.process_time() - cpu, 0)


def ours(work: Path, source: Path, name: str, more: str) -> Racer:
    """This project's import into a gallery of its own."""
    work.mkdir()
    (work / "gallery.toml").write_text(GALLERY.format(pictures=source, more=more))

    def made(picture: str) -> tuple[Path, Path]:
        query = (
            "SELECT key FROM media JOIN exhibits ON id = exhibit WHERE role = 'image' AND state = 'shown' "
            "AND json_extract(texts, '$.title') = ? ORDER BY width DESC"
        )
        with sqlite3.connect(f"{(work / 'catalogue.sqlite').as_uri()}?mode=ro", uri=True) as db:
            large, small = (work / "public/media" / key for (key,) in db.execute(query, (Path(picture).stem,)))
        return large, small

    command = [sys.executable, "-m", "render.cli", "import", str(source), str(work)]
    return Racer(name, f"{__version__}, Pillow {pillow}", command, work / "public", made)


def states(site: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in site.rglob("*") if path.is_file()}


def race(racer: Racer, pictures: list[Path], work: Path, place: int) -> Round:
    """Cold, unchanged, and with one picture turned; the picture is then as it was."""
    cold, unchanged = run(racer.command, work), run(racer.command, work)
    changed = pictures[place]
    before, original, old = states(racer.site), changed.read_bytes(), racer.made(changed.name)
    with Image.open(io.BytesIO(original)) as image:
        image.convert("RGB").transpose(Image.Transpose.ROTATE_180).save(changed, quality=90)
    third = run(racer.command, work)
    after = states(racer.site)
    written = sum(before.get(path) != state for path, state in after.items())
    stale = sum(path in after and after[path] == before[path] for path in old)
    changed.write_bytes(original)
    return Round(cold, unchanged, third, written, stale)


def started_anew(racer: Racer) -> None:
    """As if it had never run."""
    shutil.rmtree(racer.site, ignore_errors=True)
    home = racer.site.parent
    for path in ("resources", ".cache", ".nonesuch", "store", "runs"):
        shutil.rmtree(home / path, ignore_errors=True)
    for path in home.glob("catalogue.sqlite*"):
        path.unlink()
    if racer.name == "eleventy-img":
        (racer.site / "img").mkdir(parents=True)


def seen(racer: Racer, pictures: list[Path]) -> Likeness:
    """How like the originals its files are."""
    large_and_small = {path: racer.made(path.name) for path in pictures}
    return likeness(
        pictures, lambda path: (large_and_small[path][0].read_bytes(), large_and_small[path][1].read_bytes())
    )


def machine() -> str:
    """What the figures were measured on."""
    model = platform.processor()
    with Path("/proc/cpuinfo").open() as lines:
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    codecs = f"libavif {features.version('avif')}, libwebp {features.version('webp')}"
    load = os.getloadavg()[0]
    return f"{cores()} cores of {model}, Python {platform.python_version()}, {codecs}, load before {load:.1f}"


def row(racer: Racer, rounds: list[Round], like: Likeness, base: float, base_cpu: float) -> str:
    def figure(name: str, digits: int) -> str:
        return f"{median(getattr(one, name).seconds for one in rounds):.{digits}f}"

    cold, cpu = (median(getattr(one.cold, name) for one in rounds) for name in ("seconds", "cpu"))
    last, peak = rounds[-1], max(one.cold.mib for one in rounds)
    return (
        f"| {racer.name} | {racer.version} | {cold:.1f} ({cpu:.1f}) | {cold / base:.2f} ({cpu / base_cpu:.2f}) "
        f"| {figure('unchanged', 2)} | {figure('changed', 2)} | {last.written} | {last.stale} | {peak:.0f} "
        f"| {like.kib:.1f} | {like.large:.3f} {like.large_db:.1f} | {like.small:.3f} {like.small_db:.1f} |"
    )


@click.command
@click.argument("count", type=int, default=1000)
@click.option("--rounds", default=3, show_default=True)
def main(count: int, rounds: int) -> None:
    """Print the table."""
    os.environ["PYTHONPATH"] = str(ROOT)
    installed(ROOT)
    click.echo(f"{count} pictures; {machine()}\n")
    work = Path(tempfile.mkdtemp(prefix="imports-"))
    try:
        pictures = make(work / "pictures", count)
        source, some = work / "pictures", pictures[:: max(1, count // LOOKED_AT)]
        mine = [ours(work / "ours", source, "nonesuch", ""), ours(work / "plain", source, "nonesuch, the least", LEAST)]
        run(mine[1].command, work)
        quality = alike(some, SIZES, seen(mine[1], some))
        found = [*mine, *peers(work, source, SIZES, quality, cores())]
        racers = [one for one in found if isinstance(one, Racer)]
        floors: list[tuple[Run, Run]] = []
        told: dict[str, list[Round]] = {one.name: [] for one in racers}
        like: dict[str, Likeness] = {}
        for turn in range(rounds):
            floors.append((floor(pictures, jpeg=False), floor(pictures, jpeg=True)))
            for racer in racers:
                started_anew(racer)
                told[racer.name].append(race(racer, pictures, work, place=(7 * turn + 1) % count))
                if not turn:
                    run(racer.command, work)  # the picture that was changed is as it was again
                    started_anew(racer)
                    run(racer.command, work)
                    like[racer.name] = seen(racer, some)
        plain, whole = (median(one[i].seconds for one in floors) for i in (0, 1))
        cpu = median(one[0].cpu for one in floors)
        click.echo(
            f"Floor: {plain:.1f} s, {cpu:.1f} s of CPU (with the JPEG {whole:.1f} s). Peers' WebP: quality {quality}.\n"
        )
        click.echo(
            "| | version | cold s (CPU) | of the floor (CPU) | unchanged s | one changed s | files written "
            "| stale pictures | peak MiB | KiB a picture | SSIM, dB 384 | SSIM, dB 192 |\n"
            "|---|---|---|---|---|---|---|---|---|---|---|---|"
        )
        for one in found:
            if isinstance(one, Missing):
                click.echo(f"| {one.name} | missing: {one.how} |")
            else:
                click.echo(row(one, told[one.name], like[one.name], plain, cpu))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
