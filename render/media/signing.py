"""An exhibit's full pictures and films, signed: what people download and pass on. Small sizes and posters are not."""

from __future__ import annotations

from dataclasses import replace

from render.catalogue.rows import Medium
from render.credentials import Signer, mark_of
from render.media.images import Encoded, put
from render.media.store import Store

FULL = ("map", "fallback", "video", "gif")


def signed(store: Store, encoded: Encoded, signer: Signer) -> Encoded:
    """The same exhibit with signed files in the place of the full ones; returns when they are durable.

    A signature holds random numbers: the same recipe gives other bytes each time, though the same pixels.
    """
    largest = max((one.width for one in encoded.media if one.role == "image"), default=0)
    full = [one for one in encoded.media if one.role in FULL or (one.role == "image" and one.width == largest)]
    changed = {one.key: _signed(store, one, signer) for one in full}
    for key in changed.keys() - {one.key for one in encoded.media if one not in full}:
        store.delete(key)
    return replace(encoded, media=[changed.get(one.key, one) for one in encoded.media])


def _signed(store: Store, medium: Medium, signer: Signer) -> Medium:
    data = store.read(medium.key)
    sealed = signer.sign(data, medium.format, mark_of(data))
    return put(store, sealed, medium.role, medium.format, medium.width, medium.height, medium.position)
