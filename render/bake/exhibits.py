"""The pages of one collection: exhibits, galleries, tombstones, and the data that the home page's script reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.compositor import Compositor, Neighbours, as_json
from render.bake.exhibitions import Exhibitions
from render.bake.facts import Facts
from render.bake.generations import Generations
from render.bake.home import Home
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Page, Pages
from render.bake.places import SHEET
from render.bake.previews import Previews
from render.bake.series import Series
from render.bake.source import Row, Source
from render.bake.tongue import _
from render.bake.windows import Window, Windows
from render.bake.words import class_plural, class_slug, in_order

SHARD = 100
TRAITS = 1000
"""Exhibits whose picture and label lie in one file, and exhibits whose measured traits do."""


class Follower(Protocol):
    """What else is made of a collection's rows, in the same pass over them."""

    def row(self, row: Row) -> None:
        """The next row, in the order of their numbers."""

    def close(self) -> None:
        """There are no more."""


class CollectionPages:
    """Offers every file of a collection in one pass over its rows, of which it holds a page per gallery at a time."""

    def __init__(
        self,
        source: Source,
        out: Outputs,
        pages: Pages,
        chrome: Chrome,
        facts: Facts,
        previews: Previews,
        exhibitions: Exhibitions,
        page_size: int,
        home: bool,
    ) -> None:
        self.slug = chrome.slug
        self._source = source
        self._out = out
        self._pages = pages
        self._chrome = chrome
        self._previews = previews
        self._compositor = Compositor(chrome, facts, previews.which == "all")
        self._exhibitions = exhibitions
        self._size = page_size
        self._root = home  # whether the site's root is this collection's home
        self._exhibit_key = digest(pages.key("exhibit.html"), self._compositor.key)
        self.tally = source.tally(self.slug)
        self._home = Home(out, pages, chrome, previews, source.curation, self.tally)
        self._series = Series(source, self.slug)
        self._generations = Generations(source, self.slug)
        self._shards: list[str] = []
        self._traits: list[str] = []

    @property
    def first(self) -> Row | None:
        """The exhibit that stands on the home page, once all have passed."""
        return self._home.first

    def offer(self, advance: Callable[[int], None], followers: Sequence[Follower] = ()) -> None:
        """Offer all files: in the order in which rows come, which is that of their numbers."""
        gallery = Windows(self._size, lambda window: self._gallery(None, window))
        classes = {name: self._class_windows(name) for name in self.tally.classes if name}
        shards = Windows(SHARD, self._shard, empty=True)
        traits = Windows(TRAITS, self._trait_table, empty=True)
        before, waiting = None, None  # an exhibit's page waits until the number after it is known
        sheets = Windows(SHEET, self._sheet)
        for row in self._source.rows(self.slug):
            if self._chrome.sheets:
                sheets.by_number(row)
            gallery.by_number(row)
            shards.by_number(row)
            traits.by_number(row)
            for follower in followers:
                follower.row(row)
            if (found := row.column("found")) in classes:
                classes[found].by_rank(row)
            if not row.shown:
                continue
            self._home.consider(row)
            advance(1)
            if waiting is not None:
                self._exhibit(waiting, before, row.number)
                before = waiting.number
                waiting.forget()
            waiting = row
        if waiting is not None:
            self._exhibit(waiting, before, None)
        for windows in (gallery, shards, traits, sheets, *classes.values()):
            windows.close()
        for follower in followers:
            follower.close()
        if not self.tally.shown:
            self._gallery(None, Window(0))
        for number in self.tally.gone if self._chrome.complete and not self._chrome.sheets else ():
            self._gone(number)
        self._index()
        if not self._chrome.sheets:
            self._compare()
        self._home.offer(self._root)

    def _class_windows(self, name: str) -> Windows:
        return Windows(self._size, lambda window: self._gallery(name, window))

    def _exhibit(self, row: Row, before: int | None, after: int | None) -> None:
        if not self._chrome.complete or self._chrome.sheets:
            return
        self._previews.offer(row)
        path = views.page_of(self._chrome.exhibits, row.number)
        gallery = f"{self._chrome.place}/gallery/{_page_name((row.number - 1) // self._size)}"
        near, drawn, hanging = Neighbours(before, after, gallery), self._series.of(row), self._exhibitions.of(row.id)
        kin = self._generations.of(row)
        key = digest(self._exhibit_key, row.digest, f"{before} {after} {gallery} {drawn} {hanging} {kin or ''}")
        self._out.order(path, Rank.PAGE, key, partial(self._compositor.exhibit, row, near, drawn, hanging, kin))

    def _sheet(self, window: Window) -> None:
        """A page that exhibits share."""
        if not self._chrome.complete or not window.rows:
            return
        hanging = [self._exhibitions.of(row.id) for row in window.rows]
        parts = (self._pages.key("sheet.html"), self._compositor.key, repr(hanging))
        key = digest(*parts, *(row.digest for row in window.rows))
        path = views.sheet_of(self._chrome.exhibits, window.rows[0].number)
        self._out.order(path, Rank.PAGE, key, partial(self._compositor.sheet, window.rows, hanging))

    def _gone(self, number: int) -> None:
        """A number that shows no exhibit says so under its address."""
        path = views.page_of(self._chrome.exhibits, number)
        key = digest(self._pages.key("gone.html"), self._chrome.key, str(number))
        told = {"designation": views.designation(number), "gallery_href": f"{self._chrome.place}/gallery/"}
        self._out.order(path, Rank.PAGE, key, Page("gone.html", self._chrome.context(base_of(path), **told)))

    def _compare(self) -> None:
        path = f"{self._chrome.place}/compare/index.html"
        key = digest(self._pages.key("compare.html"), self._chrome.key)
        self._out.order(path, Rank.PAGE, key, Page("compare.html", self._chrome.context(base_of(path), path=path)))

    def _gallery(self, name: str | None, window: Window) -> None:
        folder = self._gallery_folder(name)
        path = f"{folder}{_page_name(window.index) or 'index.html'}"
        variables = {
            "index": f"{self._chrome.data}/index.json",
            "only": name or "",
            "heading": (class_plural(name) if name else self._chrome.collection["many"]).capitalize(),
            "page": window.index + 1,
            "filters": self._filters(name, counts=window.index == 0),
            "earlier": self._earlier(name, window.earlier),
            "later": self._later(name, window.later),
            "range": self._range(name, window.index) if window.rows else "",
        }
        rows = (row.digest for row in window.rows)
        key = digest(self._pages.key("gallery.html"), self._chrome.key, json.dumps(variables), *rows)
        work = partial(self._compositor.gallery, path, window.rows, variables)
        self._out.order(path, Rank.GALLERY if window.index else Rank.INDEX, key, work)

    def _gallery_folder(self, name: str | None) -> str:
        return f"{self._chrome.place}/gallery/" + (f"{class_slug(name)}/" if name else "")

    def _filters(self, here: str | None, counts: bool) -> list[dict[str, Any]]:
        """The line of classes. Only first pages state how many, and those of a class only its own: so a new exhibit
        changes few pages.
        """
        names: list[str | None] = [None, *in_order(name for name in self.tally.classes if name)]
        return [
            {
                "name": class_plural(name) if name else _("all"),
                "href": self._gallery_folder(name),
                "count": self._count(name) if counts and here in (None, name) else None,
                "current": name == here,
            }
            for name in names
        ]

    def _count(self, name: str | None) -> int:
        return self.tally.classes[name] if name else self.tally.shown

    def _earlier(self, name: str | None, index: int | None) -> dict[str, str] | None:
        if index is None:
            return None
        return {"href": self._gallery_folder(name) + _page_name(index), "range": self._range(name, index)}

    def _later(self, name: str | None, index: int | None) -> dict[str, str] | None:
        """It says where the next page begins, not where it ends: that would change with every new exhibit."""
        if index is None:
            return None
        return {
            "href": self._gallery_folder(name) + _page_name(index),
            "range": _("from %(n)s") % {"n": index * self._size + 1},
        }

    def _range(self, name: str | None, index: int) -> str:
        """The numbers that a page can hold, or of a class the ranks, as far as there are any."""
        first = index * self._size + 1
        last = min(first + self._size - 1, self.tally.classes[name] if name else self.tally.last)
        return f"{first}–{last}" if last > first else f"{first}"

    def _shard(self, window: Window) -> None:
        self._part("shard", self._shards, window, self._compositor.shard)

    def _trait_table(self, window: Window) -> None:
        self._part("traits", self._traits, window, self._compositor.traits)

    def _part(self, name: str, hashes: list[str], window: Window, make: Callable[[list[Row], Pages], bytes]) -> None:
        """A file of a stretch of numbers; its hash is in its name, and the index lists the hashes."""
        if not self._chrome.site["js"]:  # nobody would read it
            return
        key = digest(self._chrome.ways, self.slug, *(row.digest for row in window.rows))
        while len(hashes) <= window.index:
            hashes.append("")
        hashes[window.index] = key.hex()[:12]
        path = f"{self._chrome.data}/{name}-{window.index:03d}.{hashes[window.index]}.json"
        self._out.order(path, Rank.NEW, key, partial(make, window.rows))

    def _index(self) -> None:
        if not self._chrome.site["js"]:
            return
        tally = self.tally
        index = {
            "count": tally.shown,
            "max": tally.last,
            "numbers": tally.gone or "dense",
            "shard": SHARD,
            "key": sha256(self.slug.encode()).hexdigest()[:8],
            "shards": self._shards,
            "table": TRAITS,
            "traits": self._traits,
        }
        if self._home.stars:
            index["stars"] = self._home.stars
        body = as_json(index)
        self._out.offer(f"{self._chrome.data}/index.json", Rank.INDEX, digest(body), lambda: body)


def _page_name(index: int) -> str:
    """The file of a gallery's page; the first is the folder's own."""
    return f"{index + 1}.html" if index else ""
