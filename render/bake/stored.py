"""The gallery's store as the bake reads it: entered (with numpy and Pillow) when there is something to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from render.config import Gallery

if TYPE_CHECKING:
    from render.media import Store


def linked(gallery: Gallery, home: Path) -> Callable[[str], Path | bytes]:
    """Where a key's file is, or what it holds."""
    opened = _opened(gallery, home)
    return lambda key: opened().path(key) if opened().local else opened().read(key)


def reading(gallery: Gallery, home: Path) -> Callable[[str], bytes]:
    """What a key's file holds."""
    opened = _opened(gallery, home)
    return lambda key: opened().read(key)


def _opened(gallery: Gallery, home: Path) -> Callable[[], Store]:
    @cache
    def store() -> Store:
        from render.media import open_store

        return open_store(gallery.store.location, home)

    return store
