"""What several test files share. Few fixtures, so that a test can be read by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with the real data sets; the test skips, and says so, where there is none."""
    folder = Path(os.environ.get("NONESUCH_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "galaxies" / "labels.csv").is_file():
        pytest.skip(f"no data sets in {folder} (set NONESUCH_DATA to their folder)")
    return folder
