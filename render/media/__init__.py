"""Pictures and loops to files: encoded once from the renderer's own pixels, stored under their content's hash.

`Store` and `open_store` need nothing; the rest brings numpy and Pillow and is loaded when it is first asked for, so
that a bake with nothing to encode starts without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from render.media.opening import open_store
from render.media.store import Store

if TYPE_CHECKING:
    from render.media.films import Reel, sweep
    from render.media.images import Encoded, data_of_master, encode_image, neighbour_media, sketch_media
    from render.media.plane import encode_plane
    from render.media.signing import signed
    from render.media.silhouettes import as_silhouettes
    from render.media.surfaces import encode_surface, globes
    from render.media.swirl import film_frames
    from render.media.walks import encode_walk

_HOMES = {
    "Encoded": "images",
    "Reel": "films",
    "data_of_master": "images",
    "encode_image": "images",
    "encode_plane": "plane",
    "encode_surface": "surfaces",
    "encode_walk": "walks",
    "film_frames": "swirl",
    "globes": "surfaces",
    "neighbour_media": "images",
    "signed": "signing",
    "as_silhouettes": "silhouettes",
    "sketch_media": "images",
    "sweep": "films",
}

__all__ = [
    "Encoded",
    "Reel",
    "Store",
    "as_silhouettes",
    "data_of_master",
    "encode_image",
    "encode_plane",
    "encode_surface",
    "encode_walk",
    "film_frames",
    "globes",
    "neighbour_media",
    "open_store",
    "signed",
    "sketch_media",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"render.media.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'render.media' has no attribute '{name}'")
