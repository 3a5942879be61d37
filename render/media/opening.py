"""Which media store a gallery has: a folder, or an object store."""

from __future__ import annotations

from pathlib import Path

from render.media.store import Store

OBJECTS = "s3://"


def open_store(location: str, folder: Path) -> Store:
    """The store at the `location` that ``gallery.toml`` names; a relative folder starts at the gallery's `folder`."""
    if location.startswith(OBJECTS):
        from render.media.objects import ObjectStore

        return ObjectStore(location)
    return Store(folder / location)
