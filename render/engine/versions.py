"""Which versions of what makes pixels are here: every exhibit names them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def versions() -> Mapping[str, str]:
    """By package; looked up once."""
    found = {}
    for name in ("nonesuch", "torch", "diffusers", "numpy", "pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
