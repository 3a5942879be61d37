"""`make` in processes of its own that can be killed: for the tests, and for the hundred of benchmarks/kills.py."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest.mock import patch

from tiny import LOOP, PLANE, tiny_classifier, tiny_detector, tiny_gallery, tiny_weights

from render.cli import run as nonesuch

FIXED = {"OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "1700000000"}
PRELOADED = [
    "openTSNE",
    "imagehash",
    "imageio.v2",
    "render.atlas.chart",
    "render.bake",
    "render.classify.loading",
    "render.cli.lab",
    "render.cli.make",
    "render.engine.cluster",
    "render.evidence.together",
    "render.generators.flow",
    "render.lab.training",
    "render.media.walks",
    "render.stages.drawing",
    "render.training.shipping",
]
"""What commands import on their way: a tiny gallery takes a second, and its imports take ten."""


def gallery(folder: Path, judges: bool = False) -> Path:
    """A gallery that wants twelve exhibits and two walks; with a classifier and a copy detector where asked for."""
    tiny_weights(folder / "tiny")
    if judges:
        tiny_classifier(folder / "classifier")
        tiny_detector(folder / "detector")
    want(folder, 12)
    return folder


def want(folder: Path, count: int) -> None:
    """Let it want so many."""
    (folder / "gallery.toml").write_text(tiny_gallery(count, judged=True) + LOOP + PLANE)


def run(folder: Path, words: list[str], limit: int | None) -> None:
    """`nonesuch` in a process of its own, which writes a last word when it was through, and into a file what it said.

    limit: bytes that a file may have there, as on a disk that is full.
    """
    os.environ.update(FIXED)
    if limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = nonesuch(words)
    folder.with_suffix(".said").write_text(said.getvalue())
    folder.with_suffix(".ended").write_text(str(code))


def start(folder: Path, limit: int | None = None, words: list[str] | None = None) -> BaseProcess:
    """`make`, or another command about this gallery."""
    folder.with_suffix(".ended").unlink(missing_ok=True)
    return forked(run, folder, words or ["make", str(folder)], limit)


def forked(work: Callable[..., None], *given: object) -> BaseProcess:
    """A process that need not import torch anew, so that ten kills take a minute and not ten."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=work, args=given)
    with patch.dict(os.environ, PYTHONSAFEPATH="1"):  # the program that is installed, not one in the working folder
        process.start()
    return process


def ended(folder: Path) -> str | None:
    """The exit code of the last `make`, or None when it did not come to its end."""
    word = folder.with_suffix(".ended")
    return word.read_text() if word.exists() else None


def said(folder: Path) -> str:
    """What it said on stderr."""
    return folder.with_suffix(".said").read_text()


def make(folder: Path) -> float:
    """To its end; returns the seconds that it took, without those of the imports before the first."""
    process = start(folder)
    begun = time.monotonic()
    process.join(600)
    assert ended(folder) == "0"
    return time.monotonic() - begun


def public(folder: Path) -> dict[str, bytes]:
    """Every file of the site."""
    home = folder / "public"
    return {str(p.relative_to(home)): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}
