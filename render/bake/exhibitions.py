"""Exhibitions: exhibits that the maker hung together, in the maker's order and with the maker's words."""

from __future__ import annotations

from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.places import EXHIBITIONS, exhibition_of
from render.bake.prose import Prose
from render.bake.source import Row, Source
from render.config import CURATION, Exhibition, Gallery
from render.config.values import LONGEST_SLUG, slug_of


def exhibitions_of(gallery: Gallery, source: Source) -> list[Exhibition]:
    """The maker's own, in the order of the file, then the folders of imported collections, by name.

    One of the file that has a folder's slug and hangs nothing itself lends the folder its title and its words.
    """
    found = {one.slug: one for one in source.curation.exhibitions}
    unclaimed = set(found)  # of the file's, by folders
    for folder in gallery.folders:
        for name, exhibits in source.folders(folder.slug).items() if folder.exhibitions else ():
            plain = f"{folder.slug}-{slug_of(name, 'folder')}"[: LONGEST_SLUG - 6].strip("-")
            numbered = (plain, *(f"{plain}-{number}" for number in range(2, len(found) + 3)))
            slug = next(one for one in numbered if one not in found or one in unclaimed)
            unclaimed.discard(slug)
            lent = found.get(slug) or Exhibition(slug=slug, title=_title(name) or slug)
            found[slug] = lent if lent.exhibits else lent.model_copy(update={"exhibits": exhibits})
    return list(found.values())


def _title(name: str) -> str:
    """A folder's name as a heading."""
    words = "".join(sign for sign in name if sign.isprintable()).replace("_", " ").replace("/", ", ")
    return words.strip()[:200]


class Exhibitions:
    """All exhibitions of a gallery. What hangs in them is gathered while the collections' rows pass by."""

    def __init__(self, exhibitions: list[Exhibition], home: str = "") -> None:
        """home: the folder of the language's pages."""
        self.all = exhibitions
        self._home = home
        self._in: dict[str, list[Exhibition]] = {}
        for one in exhibitions:
            for identity in one.exhibits:
                self._in.setdefault(identity, []).append(one)
        self._hung: dict[str, tuple[str, Row]] = {}

    def of(self, identity: str) -> list[dict[str, str]]:
        """The exhibitions that an exhibit hangs in, for its page."""
        return [
            {"title": one.title, "href": f"{self._home}{exhibition_of(one.slug)}"} for one in self._in.get(identity, [])
        ]

    @property
    def hrefs(self) -> list[str]:
        """The addresses of their pages."""
        return [f"{self._home}{exhibition_of(one.slug)}" for one in self.all]

    def gather(self, exhibits: str) -> Gatherer:
        """Looks on while the rows of a collection pass by. exhibits: where their pages are."""
        return Gatherer(exhibits, self._in, self._hung)

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome, prose: Prose) -> None:
        """Offer a page for each exhibition and one that lists them; nothing where there are none."""
        if not self.all:
            return
        for one in self.all:
            self._offer(one, out, pages, chrome, prose)
        hung = {one.slug: self._rows(one) for one in self.all}
        told = repr([(one.slug, one.title, len(hung[one.slug])) for one in self.all])
        path = f"{self._home}{EXHIBITIONS}index.html"
        covers = [rows[0][1].digest for rows in hung.values() if rows]

        def render() -> bytes:
            listed = [
                {
                    "title": one.title,
                    "href": f"{self._home}{exhibition_of(one.slug)}",
                    "count": len(hung[one.slug]),
                    "cover": _tile(hung[one.slug][0]) if hung[one.slug] else None,
                }
                for one in self.all
            ]
            context = chrome.context(base_of(path), f"{self._home}{EXHIBITIONS}", path, exhibitions=listed)
            return pages.render("exhibitions.html", **context)

        key = digest(pages.key("exhibitions.html"), chrome.key, told, *covers)
        out.offer(path, Rank.INDEX, key, render)

    def _offer(self, one: Exhibition, out: Outputs, pages: Pages, chrome: Chrome, prose: Prose) -> None:
        rows = self._rows(one)
        path = f"{self._home}{exhibition_of(one.slug)}index.html"
        html = prose.html(one.text, f"{base_of(path)}pages/", f"the exhibition '{one.slug}' in {CURATION}")
        key = digest(pages.key("exhibition.html"), chrome.key, one.title, html, *(row.digest for _, row in rows))

        def render() -> bytes:
            tiles = [_tile(each) for each in rows]
            context = chrome.context(
                base_of(path), f"{self._home}{EXHIBITIONS}", path, heading=one.title, html=html, tiles=tiles
            )
            return pages.render("exhibition.html", **context)

        out.offer(path, Rank.INDEX, key, render)

    def _rows(self, one: Exhibition) -> list[tuple[str, Row]]:
        """What hangs there now: what is hidden, taken off or not yet made leaves no gap."""
        return [self._hung[identity] for identity in one.exhibits if identity in self._hung]


class Gatherer:
    """Keeps the rows that hang in an exhibition."""

    def __init__(self, slug: str, wanted: dict[str, list[Exhibition]], hung: dict[str, tuple[str, Row]]) -> None:
        self._slug, self._wanted, self._hung = slug, wanted, hung

    def row(self, row: Row) -> None:
        """The next row."""
        if row.shown and row.id in self._wanted:
            self._hung[row.id] = (self._slug, row)

    def close(self) -> None:
        """There are no more."""


def _tile(hung: tuple[str, Row]) -> dict[str, Any]:
    slug, row = hung
    return views.tile(row, slug)
