"""The executor that spreads a night over a Ray cluster: `make --executor ray`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from render.config import Gallery
from render.errors import NonesuchError
from render.stages.drawing import sketches
from render.stages.session import MakeExecutor

if TYPE_CHECKING:
    from render.engine.cluster import Cluster


def ray_executor(workers: int | None = None) -> MakeExecutor:
    """Makes the executor for so many workers; for as many as the cluster has room for when left out."""

    def made(gallery: Gallery, folders: Mapping[str, Path]) -> Cluster:
        from render.engine.cluster import Cluster, connected
        from render.engine.worker import Parcel, packed
        from render.media.opening import OBJECTS

        chosen = gallery.render
        device = chosen.device
        if device == "auto":
            device = "cuda" if connected().cluster_resources().get("GPU") else "cpu"
        if device.partition(":")[0] not in ("cpu", "cuda"):
            raise NonesuchError(f'render.device is \'{device}\': workers of a Ray cluster draw on "cpu" or on "cuda".')
        location = gallery.store.location
        parcel = Parcel(
            {sha256: packed(folder) for sha256, folder in folders.items()},
            {sha256: path.read_bytes() for sha256, path in sketches(gallery).items()},
            gallery.about.licence,
            device.partition(":")[0],
            chosen.precision,
            chosen.batch,
            chosen.compile,
            location if location.startswith(OBJECTS) else None,
        )
        return Cluster(parcel, workers)

    return made
