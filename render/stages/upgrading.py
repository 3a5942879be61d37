"""A gallery goes on with other weights: what older ones made keeps its number and page, and a new generation begins.

The new generation has the same seeds from the first one on, under ordinals of its own, and `count` exhibits again. So
most exhibits have a counterpart, and their pages link each other (`render.bake.generations`).
"""

from __future__ import annotations

from render.catalogue import Catalogue
from render.config import Gallery, Lock, read_lock, write_lock
from render.engine.sources import Source, pinned


def upgrade(gallery: Gallery) -> dict[str, int]:
    """Move ``gallery.lock`` to the weights that ``gallery.toml`` names now.

    Returns, by collection, how many images older weights made since the last upgrade; those collections begin anew with
    the next `make`. Empty when all is as it was.
    """
    found = {one.slug: Source.of(gallery, one) for one in gallery.collections}
    older: dict[str, int] = {}
    lock = read_lock(gallery.folder)
    first = dict(lock.first)
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        for slug, source in found.items():
            others, last = catalogue.generation(slug, source.first, source.networks)
            if others:
                older[slug], first[slug] = others, last + 1
        write_lock(gallery.folder, Lock(weights={**lock.weights, **pinned(found)}, first=first))
    return older
