"""Search over captions and classes, without a server: an index by Pagefind, which the visitor's browser reads in parts.

The index is made of the rows, not of the pages, and kept in ``.nonesuch/search`` under the hash of what it was made of.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, base_of, policy
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Page, Pages
from render.bake.places import SEARCH
from render.bake.source import Row, Source
from render.bake.texts import texts_of
from render.config import Gallery
from render.errors import NonesuchError

BUNDLE = f"{SEARCH}pagefind"
WITHOUT = ("pagefind-ui", "pagefind-modular", "pagefind-component", "pagefind-highlight")
"""Parts of Pagefind's own surface, which this site does not use."""


def offer_search(gallery: Gallery, source: Source, state: Path, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer the page and the index; nothing unless ``bake.search`` is on. state: the folder beside the site.

    Raises NonesuchError where the package is missing.
    """
    if not gallery.bake.search:
        return
    if find_spec("pagefind") is None:
        raise NonesuchError("bake.search needs Pagefind: run pip install 'nonesuch[search]', or switch it off.")
    rows = (row.digest for slug in _slugs(gallery) for row in source.rows(slug) if row.shown)
    wanted = digest(chrome.ways, *_slugs(gallery), *rows).hex()
    folder = state / "search" / wanted
    if not folder.is_dir():
        shutil.rmtree(state / "search", ignore_errors=True)  # of an earlier state, or half-written
        part = state / "search" / "part"
        part.mkdir(parents=True)
        _build(part, [_record(row, slug) for slug in _slugs(gallery) for row in source.rows(slug) if row.shown])
        part.rename(folder)
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(WITHOUT)):
        name = file.relative_to(folder).as_posix()
        out.offer(f"{BUNDLE}/{name}", Rank.NEW, digest(wanted, name), file.read_bytes)
    offer_search_page(gallery, out, pages, chrome)


def offer_search_page(gallery: Gallery, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer the page alone: all languages share the index."""
    path = f"{chrome.home}{SEARCH}index.html"
    out.order(path, Rank.PAGE, digest(pages.key("search.html"), chrome.key), _page(gallery, path, chrome))


def _slugs(gallery: Gallery) -> Iterator[str]:
    return (section.slug for section in gallery.sections)


def _page(gallery: Gallery, path: str, chrome: Chrome) -> Page:
    site = {**chrome.site, "policy": policy(gallery, drawing=True)}  # Pagefind is WebAssembly
    return Page("search.html", chrome.context(base_of(path), f"{chrome.home}{SEARCH}", path, site=site))


def _record(row: Row, slug: str) -> dict[str, Any]:
    """What is searched of an exhibit, and what a result shows."""
    tile, texts = views.tile(row, slug), texts_of(row)
    words = (tile["designation"], tile["title"], tile["found"], texts.get("caption", ""), texts.get("description", ""))
    avif = tile["image"]["avif"]
    shown = {"title": tile["title"], "designation": tile["designation"], "found": tile["found"] or ""}
    return {
        "url": tile["href"],
        "content": ". ".join(word for word in words if word),
        "language": tile["image"]["language"],
        "meta": shown | {"image": avif[0][1] if avif else tile["image"]["jpeg"]},
    }


def _build(folder: Path, records: list[dict[str, Any]]) -> None:
    """Let Pagefind write its index; it is a program of its own that this process talks to."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from pagefind.index import PagefindIndex

    async def write() -> None:
        async with PagefindIndex(config={"output_path": str(folder)}) as index:
            for record in records:
                await index.add_custom_record(**record)

    with ThreadPoolExecutor(1) as pool:  # the caller's own thread may have a loop of events that runs
        pool.submit(lambda: asyncio.run(write())).result()
