"""Feeds of a collection's newest exhibits: Atom (RFC 4287) and JSON Feed 1.1 (https://jsonfeed.org/version/1.1).

Readers need whole addresses, so there are feeds only where ``gallery.address`` is set.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any
from xml.etree import ElementTree

from render.bake import views
from render.bake.chrome import Chrome, code_key
from render.bake.outputs import Outputs, Rank, digest
from render.bake.places import feeds_of
from render.bake.source import Medium, Row
from render.bake.texts import texts_of

NEWEST = 50
ATOM = "http://www.w3.org/2005/Atom"
DAWN = "1970-01-01T00:00:00Z"
"""For an exhibit of which nobody noted when it was made: a feed may not leave it out."""


class Feeds:
    """Keeps the newest exhibits that pass by, and offers both feeds of them."""

    def __init__(self, chrome: Chrome, out: Outputs, at: str = "") -> None:
        """at: a former slug, under which the same feeds stand once more."""
        self._at = at or chrome.slug
        self._chrome = chrome
        self._out = out
        self._rows: deque[Row] = deque(maxlen=NEWEST)

    def row(self, row: Row) -> None:
        """The next row, in the order of their numbers."""
        if row.shown:
            self._rows.append(row)

    def close(self) -> None:
        """Offer the feeds."""
        rows = list(reversed(self._rows))
        key = digest(code_key(), self._chrome.key, *(row.digest for row in rows))
        atom, feed = feeds_of(self._at).values()
        self._out.offer(atom, Rank.INDEX, key, lambda: self._atom(rows))
        self._out.offer(feed, Rank.INDEX, key, lambda: self._json_feed(rows))

    @property
    def _title(self) -> str:
        return f"{self._chrome.site['title']}: {self._chrome.collection['many']}"

    def _atom(self, rows: list[Row]) -> bytes:
        address, slug = self._chrome.site["address"], self._chrome.slug
        root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": self._chrome.site["language"]})
        own = f"{address}{slug}/feed.xml"
        for name, text in (("title", self._title), ("id", own), ("updated", _updated(rows))):
            _element(root, name, text)
        _element(root, "link", rel="self", type="application/atom+xml", href=own)
        _element(root, "link", rel="alternate", type="text/html", href=f"{address}{slug}/")
        _element(ElementTree.SubElement(root, "author"), "name", self._author)
        _element(root, "rights", self._chrome.site["licence"])
        for row in rows:
            self._entry(ElementTree.SubElement(root, "entry"), row)
        body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return body

    def _entry(self, entry: ElementTree.Element, row: Row) -> None:
        address = self._chrome.site["address"]
        view = views.tile(row, self._chrome.slug)
        _element(entry, "title", _headline(view))
        _element(entry, "id", f"{address}{view['href']}")
        _element(entry, "updated", row.column("made_at") or DAWN)
        _element(entry, "link", rel="alternate", type="text/html", href=f"{address}{view['href']}")
        if picture := _picture(row):
            href, length = self._chrome.at(picture.key), str(picture.bytes)
            _element(entry, "link", rel="enclosure", type="image/jpeg", href=href, length=length)
        _element(entry, "summary", _words(row, view, self._chrome.site["footnote"]))

    def _json_feed(self, rows: list[Row]) -> bytes:
        site, slug = self._chrome.site, self._chrome.slug
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self._title,
            "home_page_url": f"{site['address']}{slug}/",
            "feed_url": f"{site['address']}{slug}/feed.json",
            "language": site["language"],
            "authors": [{"name": self._author}],
            "items": [self._item(row) for row in rows],
        }
        return json.dumps(feed, ensure_ascii=False, indent=1).encode()

    def _item(self, row: Row) -> dict[str, Any]:
        address = self._chrome.site["address"]
        view = views.tile(row, self._chrome.slug)
        page = f"{address}{view['href']}"
        words = _words(row, view, self._chrome.site["footnote"])
        item = {"id": page, "url": page, "title": _headline(view), "content_text": words}
        picture = _picture(row)
        image = {"image": self._chrome.at(picture.key)} if picture else {}
        tags = {"tags": [view["found"]]} if view["found"] else {}
        return item | image | tags | {"date_published": row.column("made_at") or DAWN}

    @property
    def _author(self) -> str:
        return str(self._chrome.site["author"] or self._chrome.site["title"])


def _headline(view: dict[str, Any]) -> str:
    title, designation = view["title"], view["designation"]
    return designation if title == designation else f"{designation}: {title}"


def _words(row: Row, view: dict[str, Any], footnote: str) -> str:
    """What the picture shows, and that it was not observed."""
    caption = texts_of(row).get("caption", "")
    return " ".join(part for part in (view["image"]["alt"], caption, footnote) if part)


def _picture(row: Row) -> Medium | None:
    return next((medium for medium in row.media if medium.role == "fallback"), None)


def _updated(rows: list[Row]) -> str:
    return max((row.column("made_at") or DAWN for row in rows), default=DAWN)


def _element(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> None:
    element = ElementTree.SubElement(parent, name, attributes)
    if text:
        element.text = "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)
