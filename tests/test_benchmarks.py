"""A benchmark whose plain loop no longer draws what the engine draws compares two different things."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))


@pytest.mark.parametrize(("family", "size"), [("surface", 16), ("flow", 32), ("ddpm", 32)])
def test_the_plain_loop_knows_a_familys_insides(family: str, size: int, tmp_path: Path) -> None:
    from generators import Bench, written

    bench = Bench(family, written(family, size, True, tmp_path), 1)
    assert float((bench.ours() - bench.plain()).abs().max()) < bench.case.tolerance
