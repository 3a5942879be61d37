"""What several test files share. Few fixtures, so that a test can be read by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import synthetic
from baked import make

from render.config import Gallery

ROOT = Path(__file__).resolve().parent.parent


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
