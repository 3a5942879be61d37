"""`gc`: deleting files of the store that no exhibit names, without ever deleting those of another gallery.

Two galleries may lie in one store. Which files the other one needs only its catalogue knows, and nothing in a store
says who else uses it, so a gallery whose store lies outside its own folder writes itself down there (`galleries/` in
the store: a hash of machine and folder, and its title). Files are deleted only when every gallery that is written down
is named and held, or when somebody says that there is none.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from render.catalogue import Catalogue
from render.config import Gallery
from render.errors import UsageError
from render.media import Store, open_store


@dataclass(frozen=True)
class Orphans:
    """Files that no exhibit names. kept: why they could not be deleted now; empty where they could."""

    count: int
    size: int
    kept: str = ""


def collect(gallery: Gallery, delete: bool, others: Sequence[Gallery] = (), alone: bool = False) -> Orphans:
    """Find files in the store that no exhibit of these galleries names, and delete them if `delete` is true.

    others: galleries in the same store. alone: whether somebody says that there are no more of them than `others`.
    Raises UsageError, with nothing deleted, where another gallery may need them.
    """
    store = open_store(gallery.store.location, gallery.folder)
    for number, other in enumerate(others):
        if other.folder in [gallery.folder, *(one.folder for one in others[:number])]:
            raise UsageError(f"{other.folder} is named twice: leave it out once.")
        if _place(open_store(other.store.location, other.folder)) != _place(store):
            raise UsageError(f"{other.folder} keeps its media elsewhere than {gallery.folder}: leave it out.")
    strangers = {} if alone else _strangers(store, [gallery, *others])
    why = _doubt(gallery, strangers, bool(others) or alone)
    if delete and why:
        raise UsageError(f"nothing was deleted: {why}")
    with ExitStack() as held:
        catalogues = [held.enter_context(Catalogue(one.catalogue_path, write=delete)) for one in [gallery, *others]]
        named = {key for catalogue in catalogues for key, _ in catalogue.media_keys()}
        orphans = sorted(set(store.keys()) - named)
        size = sum(store.size(key) for key in orphans)
        if delete:
            for key in orphans:
                store.delete(key)
            store.sweep()
            for gone in store.users().keys() - {_name(one) for one in [gallery, *others]}:
                store.strike(gone)
    return Orphans(len(orphans), size, why)


def enlist(gallery: Gallery, store: Store) -> None:
    """Write a gallery down in a store that lies outside its folder, and may be another's too."""
    if shared(gallery):
        store.enlist(_name(gallery), json.dumps({"title": gallery.title}).encode())


def shared(gallery: Gallery) -> bool:
    """Whether another gallery can be expected in the store: it is not this gallery's own folder."""
    store = open_store(gallery.store.location, gallery.folder)
    return not store.local or not store.root.resolve().is_relative_to(gallery.folder.resolve())


def _doubt(gallery: Gallery, strangers: dict[str, str], told: bool) -> str:
    if strangers:
        titles = ", ".join(f"'{title}'" for title in sorted(strangers.values()))
        return (
            f"the store is also used by {titles}: name every such gallery with --with, or say --alone if none of "
            "them is any more."
        )
    if shared(gallery) and not told:
        return (
            "the store lies outside the gallery, and others may use it: name them with --with, or say --alone if "
            "there are none."
        )
    return ""


def _strangers(store: Store, known: Sequence[Gallery]) -> dict[str, str]:
    """The titles of galleries that are written down in a store and are none of these."""
    ours = {_name(one) for one in known}
    return {name: _title(note) for name, note in store.users().items() if name not in ours}


def _title(note: bytes) -> str:
    try:
        return str(json.loads(note)["title"])[:100]
    except (ValueError, KeyError, TypeError):
        return "a gallery that is not known"


def _place(store: Store) -> str:
    """Where a store is, however its location is written."""
    return str(store.root.resolve()) if store.local else str(store)


def _name(gallery: Gallery) -> str:
    """Differs for every gallery on every machine, and says nothing of either: a store may be public."""
    return hashlib.sha256(f"{platform.node()} {gallery.folder.resolve()}".encode()).hexdigest()[:20]
