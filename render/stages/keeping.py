"""Looking after a gallery: what is wrong with it, taking exhibits off, and sweeping up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from render.catalogue import Catalogue
from render.config import Gallery
from render.errors import UsageError
from render.media import Store, open_store
from render.publish import half_baked
from render.recipe import Kind
from render.stages.session import DAY
from render.stages.sweeping import shared


def check(gallery: Gallery) -> list[str]:
    """What is wrong, a sentence each; writes nothing. Files that no exhibit names are no damage: see `collect`."""
    store = open_store(gallery.store.location, gallery.folder)
    found: list[str] = []
    with Catalogue(gallery.catalogue_path) as catalogue:
        (integrity,) = catalogue.db.execute("PRAGMA integrity_check").fetchone()
        if integrity != "ok":
            found.append(f"the catalogue is damaged: {integrity}")
        named = dict(catalogue.media_keys())
        for key, sha256 in named.items():
            if (wrong := _wrong(store, key, sha256)) is not None:
                found.append(f"{key} {wrong}; it belongs to {', '.join(catalogue.owners(key))}")
        lost = [(one.collection, f"{one.collection} {one.kind} {one.ordinal}") for one in catalogue.known() if one.lost]
    folders = {folder.slug: folder.pictures for folder in gallery.folders}
    for slug, name in lost:
        again = f"nonesuch import {folders[slug]}" if slug in folders else "nonesuch make"
        found.append(f"{name} waits to be made again: run `{again}`")
    found += [f"{path.name} is half-written, from a run that was killed" for path in store.leftovers()]
    if half_baked(gallery):
        found.append("public/ is half-made, from a bake that was killed: run `nonesuch bake`")
    return found


def mend(gallery: Gallery) -> list[str]:
    """Queue again what is broken: `nonesuch make` then makes it. Returns what was done."""
    done: list[str] = []
    store = open_store(gallery.store.location, gallery.folder)
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        swept = store.sweep(older=DAY if shared(gallery) else 0)
        done += [f"removed {swept} half-written files"] if swept else []
        lost = [key for key, sha256 in catalogue.media_keys() if _wrong(store, key, sha256) is not None]
        broken = {identity for key in lost for identity in catalogue.owners(key)}
        for key in lost:
            store.delete(key)  # so that a file of the right length but the wrong bytes is written anew
            (gallery.public / "media" / key).unlink(missing_ok=True)  # the same file under another name
        for one in list(catalogue.known()):
            if one.state == "failed" and one.number is None:
                catalogue.forget(one.id)
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be tried again")
            elif one.state == "failed":
                catalogue.lost(one.id)  # it failed when it was to be made again, and its number is its own
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be tried again")
            elif one.id in broken and not one.counts:
                catalogue.forget(one.id)  # a near-copy: nobody will miss its picture
            elif one.id in broken:
                catalogue.lost(one.id)
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be made again: its files were lost")
    return done


def remove(gallery: Gallery, collection: str, numbers: Sequence[int], reason: str, kind: Kind = "image") -> int:
    """Take exhibits off the site; their numbers are never given again. All or nothing; returns how many."""
    if collection not in [one.slug for one in gallery.sections]:
        known = ", ".join(one.slug for one in gallery.sections)
        raise UsageError(f"there is no collection '{collection}'; this gallery has {known}.")
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        exhibits = {number: catalogue.numbered(collection, number, kind) for number in numbers}
        if missing := [str(number) for number, exhibit in exhibits.items() if exhibit is None]:
            raise UsageError(f"'{collection}' has no {kind} {', '.join(missing)}; nothing was removed.")
        if off := [str(number) for number, one in exhibits.items() if one and one.state == "retired"]:
            which = f"{kind} {', '.join(off)} of '{collection}'"
            raise UsageError(f"{which} is already off the site: gallery.toml does not ask for it; nothing was removed.")
        for exhibit in exhibits.values():
            if exhibit is not None and exhibit.state != "removed":
                catalogue.removed(exhibit.id, reason)
    return len(exhibits)


def _wrong(store: Store, key: str, sha256: str) -> str | None:
    if not store.exists(key):
        return "is missing from the store"
    same = hashlib.sha256(store.read(key)).hexdigest() == sha256
    return None if same else "is not the file that was stored (its sha256 differs)"
