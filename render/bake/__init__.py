"""Catalogue and templates become ``public/``, a folder that any web server can show.

Deterministic: the same catalogue gives the same bytes. Nothing here opens the network or imports torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from render.bake.about import Cards
from render.bake.chrome import Assets, Chrome, code_key
from render.bake.exhibits import CollectionPages
from render.bake.facts import Facts
from render.bake.media import Media
from render.bake.outputs import Outputs, digest
from render.bake.pages import Pages
from render.bake.root import offer_about, offer_assets, offer_missing, offer_plain
from render.bake.source import Source
from render.bake.walks import offer_walks
from render.catalogue import FILE, Catalogue
from render.config import Gallery
from render.resources import resource

__all__ = ["BakeReport", "bake"]


@dataclass(frozen=True)
class BakeReport:
    """What a bake did. Paths are relative to ``public/``."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: int = 0
    media: int = 0  # media files that were added
    seconds: float = 0.0


def bake(
    gallery: Gallery,
    folder: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    templates: Path | None = None,
    site: Path | None = None,
) -> BakeReport:
    """Bring ``public/`` up to the catalogue's state and say what changed.

    `folder` is the gallery's folder where it is not the one that ``gallery.toml`` lies in; `templates` and `site` stand
    in for the shipped ones. Only one bake of a gallery may run at a time: the caller holds the gallery's lock.
    """
    started = clock()
    home = folder or gallery.folder
    pages = Pages(templates or resource("templates"))
    assets = Assets(site or resource("site"))
    public = home / "public"
    cards = Cards(gallery)
    with Catalogue(home / FILE) as catalogue, Outputs(public, home / ".nonesuch") as out:
        inputs = digest(_data(home / FILE), code_key(), pages.everything(), assets.key, cards.key, repr(gallery))
        media = Media(public / "media", _store(home / gallery.store.location))
        if out.untouched(inputs, media.count()):
            return BakeReport(kept=out.kept, seconds=clock() - started)
        source = Source(catalogue.db)
        media.publish(source.media_keys())
        _offer_all(gallery, source, out, pages, assets, cards)
        out.finish(owned=["about", "assets", "data", *(collection.slug for collection in gallery.collections)])
        swept = media.sweep()
        out.note(inputs, media.count())
    return BakeReport(
        written=out.written,
        removed=[*out.removed, *(f"media/{name}" for name in swept)],
        kept=out.kept,
        media=media.added,
        seconds=clock() - started,
    )


def _store(root: Path) -> Callable[[str], Path]:
    """Where a key's file is. The store's room is entered (with numpy and Pillow) when there is something to link."""

    def path(key: str) -> Path:
        from render.media import Store

        return Store(root).path(key)

    return path


def _data(catalogue: Path) -> str:
    """Which state of the catalogue this is, without reading it: every commit changes the file or its log."""
    files = [path for path in (catalogue, catalogue.with_name(f"{catalogue.name}-wal")) if path.exists()]
    return repr(
        [(path.name, found.st_ino, found.st_size, found.st_mtime_ns) for path in files if (found := path.stat())]
    )


def _offer_all(gallery: Gallery, source: Source, out: Outputs, pages: Pages, assets: Assets, cards: Cards) -> None:
    offer_assets(assets, out)
    made: list[tuple[Chrome, CollectionPages]] = []
    for position, collection in enumerate(gallery.collections):
        walks = [row for row in source.rows(collection.slug, "walk") if row.shown]
        chrome = Chrome(gallery, collection, assets, bool(walks))
        facts = Facts(cards.classifier, cards.detector, chrome.site["licence"], gallery.about.author)
        one = CollectionPages(source, out, pages, chrome, facts, gallery.bake.page_size, position == 0)
        one.offer()
        offer_walks(walks, gallery, out, pages, chrome)
        made.append((chrome, one))
    chrome, first = made[0]
    offer_about(gallery, cards, source.authentic(), out, pages, chrome)
    offer_missing(gallery, first.first, out, pages, chrome)
    offer_plain(gallery, chrome, {one.slug: one.tally for _, one in made}, out)
