"""What several test files share. Few fixtures, so that a test can be read by itself."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import synthetic
from baked import built, make

from render.config import Gallery

# Each worker has a core; threads of torch that wait for each other on a core that is taken slow all of them down.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that: what is tested is to hear.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")
ROOM = 8 * 2**30
"""Bytes; several times what all tests together keep."""


def _in_memory() -> bool:
    """Whether this system has a file system in memory with room for galleries and for programs in it. Every file of a
    gallery is made durable before its row; a suite spends minutes waiting for disks to say that they have it.
    """
    if not (hasattr(os, "ST_NOEXEC") and MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    room = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
    return room > ROOM and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC


if _in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the most long tests first: nobody waits at the end for one that began last."""
    long = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -long[item.path])


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with the real data sets; the test skips, and says so, where there is none."""
    folder = Path(os.environ.get("NONESUCH_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "galaxies" / "labels.csv").is_file():
        pytest.skip(f"no data sets in {folder} (set NONESUCH_DATA to their folder)")
    return folder


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[synthetic.Picture]]:
    """A store with three encoded pictures, which all baked galleries share by links."""
    store = tmp_path_factory.mktemp("parts") / "store"
    images = [synthetic.spiral(seed) for seed in range(3)]
    return store, synthetic.pictures(store, images, widths=(48, 96))


@pytest.fixture
def gallery(tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    """Sixty exhibits and two walks in a fresh folder."""
    return make(tmp_path / "gallery", parts)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory, parts: tuple[Path, list[synthetic.Picture]]) -> Gallery:
    """The same, baked once for the tests that only read the site."""
    made = make(tmp_path_factory.mktemp("standing") / "gallery", parts)
    built(made)
    return made


@pytest.fixture(scope="session")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic site that the tests in a browser look at; see `browsing.baked`."""
    from browsing import baked

    return baked(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the tests of a file; each has a context of its own."""
    from browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def at_root(public: Path) -> Iterator[str]:
    """The address of the site as most servers show it."""
    from browsing import served

    with served(public) as address:
        yield address


@pytest.fixture(scope="session")
def address(public: Path) -> Iterator[str]:
    """The address of the site in a subfolder, as GitHub Pages shows it."""
    from browsing import served

    with served(public, "/any-repo/") as address:
        yield address


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page as a visitor sees it whose system asks for reduced motion."""
    from browsing import sound

    with sound(browser, viewport={"width": 900, "height": 700}, reduced_motion="reduce") as page:
        yield page


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small training set; see `blobs.prepared_blobs`."""
    from blobs import prepared_blobs

    return prepared_blobs(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="module")
def run(blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training's folder, with the weights that came of it under `weights`."""
    from blobs import ABOUT, TINY

    from render.training.shipping import train_generator

    folder = tmp_path_factory.mktemp("run")
    train_generator(blobs, folder, folder / "weights", TINY, ABOUT)
    return folder
