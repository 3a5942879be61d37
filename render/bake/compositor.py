"""Sets the files of one collection: rows of the catalogue become bytes, in this process or in another.

The press sends work to other processes, so a compositor holds only what travels: no database, no open file. Nothing of
a row is parsed before its file has to be made.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.facts import Facts
from render.bake.generations import Kin
from render.bake.linked import linked_data
from render.bake.outputs import digest
from render.bake.pages import Pages
from render.bake.previews import picture_of_links
from render.bake.series import Drawn, drawing
from render.bake.source import Row
from render.bake.traits import traits_table


class Neighbours(NamedTuple):
    """What an exhibit's page leads to."""

    before: int | None
    after: int | None
    gallery: str  # the page of the gallery that it is on


class Compositor:
    """One collection's surroundings and figures, and the files that are made with them."""

    def __init__(self, chrome: Chrome, facts: Facts, composed: bool) -> None:
        """composed: whether every exhibit has a preview of its own."""
        self.slug = chrome.exhibits
        self._chrome = chrome
        self._facts = facts
        self._composed = composed
        self.key = digest(chrome.key, facts.key, str(composed))

    def exhibit(
        self,
        row: Row,
        near: Neighbours,
        drawn: list[Drawn],
        hanging: list[dict[str, str]],
        kin: Kin | None,
        pages: Pages,
    ) -> bytes:
        """An exhibit's page. drawn: the exhibits that came of the same drawing; hanging: the exhibitions it is in; kin:
        what other weights drew of its seed, where any did.
        """
        with self._chrome.voice():
            path = views.page_of(self.slug, row.number)
            base = base_of(path)
            view = {
                **views.tile(row, self.slug),
                **self._facts.exhibit(row, self._chrome.slug),
                "drawing": drawing(row, self.slug, drawn),
                "exhibitions": hanging,
                "again": views.again(row, self._chrome.drawn),
                "generations": kin.linked if kin else [],
            }
            if kin and kin.older:
                view["rights"] = ""  # of a card that is not here
            context = self._chrome.context(
                base,
                path=path if self._chrome.everywhere else "",
                exhibit=view,
                linked_data=linked_data(view, self._chrome.site, base),
                previous=near.before and self._step(near.before),
                next=near.after and self._step(near.after),
                beside=near.after or near.before or row.number,
                gallery_href=near.gallery,
                preview=picture_of_links(row, self._chrome, self._composed),
            )
            return pages.render("exhibit.html", **context)

    def sheet(self, rows: list[Row], hanging: list[list[dict[str, str]]], pages: Pages) -> bytes:
        """A page that exhibits share. hanging: the exhibitions that each is in."""
        with self._chrome.voice():
            path = views.sheet_of(self.slug, rows[0].number)
            told = [
                {**views.tile(row, self.slug), **self._facts.exhibit(row, self._chrome.slug), "exhibitions": hung}
                for row, hung in zip(rows, hanging, strict=True)
            ]
            there = path if self._chrome.everywhere else ""
            range_ = f"{rows[0].number}–{rows[-1].number}"
            context = self._chrome.context(base_of(path), path=there, exhibits=told, range=range_)
            return pages.render("sheet.html", **context)

    def gallery(self, path: str, rows: list[Row], variables: dict[str, Any], pages: Pages) -> bytes:
        """A page of a gallery; `variables` is what it shows beside its tiles."""
        with self._chrome.voice():
            context = self._chrome.context(
                base_of(path),
                f"{self._chrome.place}/gallery/",
                path,
                tiles=[views.tile(row, self.slug) for row in rows],
                **variables,
            )
            return pages.render("gallery.html", **context)

    def shard(self, rows: list[Row], _: Pages) -> bytes:
        """What the home page's script reads of a stretch of numbers."""
        with self._chrome.voice():
            return as_json([views.shard_entry(row, self.slug) for row in rows])

    def traits(self, rows: list[Row], _: Pages) -> bytes:
        """What the gallery's filters read of a stretch of numbers."""
        with self._chrome.voice():
            return as_json(traits_table(rows))

    def _step(self, number: int) -> dict[str, str]:
        return {"href": views.page_of(self.slug, number), "designation": views.designation(number)}


def as_json(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
