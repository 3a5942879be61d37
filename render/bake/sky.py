"""The sky: the page that shows a whole collection at once, with what its script reads.

The atlas stage has found where each exhibit lies; nothing is fitted here. Places fill from the oldest number like every
other table, and so do the sheets of little pictures: one more exhibit changes the last of each. Both carry their hash
in their name, and a sheet holds only what is on show.
"""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import struct
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from render.bake.chrome import Chrome, base_of, code_key
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Page, Pages
from render.bake.source import Source
from render.config import Collection, Folder
from render.provenance import CAPTURE, TOOL, TRAINED, Mark, xmp_packet

if TYPE_CHECKING:
    from PIL import Image

FIGURE = "atlas"
TABLE = 1000  # exhibits whose places lie in one file
COLUMNS, SHEET, TILE = 16, 256, 48  # tiles in a row and in a sheet, pixels of a tile's side
UNIT = 16000  # of the map's coordinates in the file, which lie in [-2, 2]
QUALITY = 78
_PLACES = """
SELECT e.number, l.picture, l.place, l.x, l.y FROM looks l JOIN exhibits e ON e.id = l.exhibit
WHERE e.collection = ? AND e.kind = 'image' AND e.state = 'shown' AND e.number IS NOT NULL AND l.x IS NOT NULL
  AND e.id NOT IN (SELECT value FROM json_each(?))
ORDER BY e.number
"""


class Place(NamedTuple):
    """An exhibit in the sky. picture: the file that was looked at; place: its 16 signed bytes in the index."""

    number: int
    picture: str
    place: bytes
    x: float
    y: float


class Sky:
    """What the catalogue knows of a collection's sky."""

    def __init__(self, source: Source, collection: Collection | Folder, wanted: bool) -> None:
        self._slug = collection.slug
        self._made = collection.made if isinstance(collection, Folder) else "model"
        self._db: sqlite3.Connection = source.db
        self._hidden = source.hidden
        self._chart: dict[str, Any] = source.figures(self._slug).get(FIGURE, {}) if wanted else {}

    @property
    def open(self) -> bool:
        """Whether there is a chart, and so a page."""
        return bool(self._chart)

    @property
    def data(self) -> str:
        """What the scripts read first, relative to the site's root; empty where there is no chart."""
        return f"data/{self._slug}/sky.json" if self.open else ""

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome, read: Callable[[str], bytes], count: int) -> None:
        """Offer the page, the tables of places and the sheets of little pictures. count: exhibits on show."""
        if not self.open:
            return
        placed = self._db.execute(f"SELECT count(*) FROM ({_PLACES})", (self._slug, self._hidden)).fetchone()[0]
        if not chrome.home:
            self._offer_data(out, chrome, read)
        path = f"{chrome.place}/sky/index.html"
        key = digest(pages.key("sky.html"), chrome.key, f"{self._chart['method']} {placed} {count}")
        more = {"method": self._chart["method"], "placed": placed, "count": count, "sky": self.data}
        index = f"{chrome.data}/index.json"
        page = Page("sky.html", chrome.context(base_of(path), f"{chrome.place}/sky/", path, index=index, **more))
        out.order(path, Rank.INDEX, key, page)

    def _offer_data(self, out: Outputs, chrome: Chrome, read: Callable[[str], bytes]) -> None:
        """What the scripts read: no word is in it, so all languages share it."""
        tables, sheets = self._files(out, chrome, read)
        told = {
            "method": self._chart["method"],
            "dark": self._chart["dark"],
            "look": {name: self._chart[name] for name in ("mean", "axes", "scale")},
            "table": TABLE,
            "places": tables,
            "sheet": SHEET,
            "columns": COLUMNS,
            "tile": TILE,
            "sheets": sheets,
        }
        body = json.dumps(told, separators=(",", ":")).encode()
        out.offer(self.data, Rank.INDEX, digest(body), lambda: body)

    def _files(
        self, out: Outputs, chrome: Chrome, read: Callable[[str], bytes]
    ) -> tuple[dict[int, str], dict[int, str]]:
        """Offer tables and sheets, of which one each is held at a time; returns the files' names by position."""
        tables: dict[int, str] = {}
        sheets: dict[int, str] = {}
        mark = _mark(self._made, chrome.site["terms"])
        rows = (Place(*row) for row in self._db.execute(_PLACES, (self._slug, self._hidden)))
        for position, group in groupby(rows, key=lambda one: (one.number - 1) // TABLE):
            body = json.dumps(_table(list(group)), separators=(",", ":")).encode()
            tables[position] = f"places-{position:03d}.{digest(body).hex()[:12]}.json"
            out.offer(f"data/{self._slug}/{tables[position]}", Rank.NEW, digest(body), partial(bytes, body))
        rows = (Place(*row) for row in self._db.execute(_PLACES, (self._slug, self._hidden)))
        for position, group in groupby(rows, key=lambda one: (one.number - 1) // SHEET):
            cells = [((one.number - 1) % SHEET, one.picture) for one in group]
            key = digest(code_key(), repr(mark), *(f"{cell} {picture}" for cell, picture in cells))
            sheets[position] = f"sprites-{position:03d}.{key.hex()[:12]}.webp"
            out.offer(f"data/{self._slug}/{sheets[position]}", Rank.NEW, key, partial(_sheet, cells, read, mark))
        return tables, sheets


def _table(places: list[Place]) -> dict[str, Any]:
    """`numbers`, and in base64: `places`, 16 signed bytes each; `xy`, two little-endian 16-bit whole numbers each."""
    xy = struct.pack(f"<{2 * len(places)}h", *(round(UNIT * value) for one in places for value in (one.x, one.y)))
    return {
        "numbers": [one.number for one in places],
        "places": base64.b64encode(b"".join(one.place for one in places)).decode(),
        "xy": base64.b64encode(xy).decode(),
    }


def _sheet(cells: list[tuple[int, str]], read: Callable[[str], bytes], mark: Mark) -> bytes:
    """A WebP of little pictures, each in its cell; as many rows as are needed."""
    from PIL import Image

    rows = max(cell for cell, _ in cells) // COLUMNS + 1
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * TILE))
    for cell, key in cells:
        sheet.paste(_tile(read(key)), (cell % COLUMNS * TILE, cell // COLUMNS * TILE))
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=QUALITY, method=4, xmp=xmp_packet(mark))
    return out.getvalue()


def _tile(data: bytes) -> Image.Image:
    """The largest square in the middle of a picture; a JPEG is decoded at the fraction of its size that is needed."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (TILE, TILE))
        return ImageOps.fit(picture.convert("RGB"), (TILE, TILE), Image.Resampling.BOX)


def _mark(made: str, licence: str) -> Mark:
    """A sheet is of the kind that all its pictures are; where nobody said how they came about, it claims nothing."""
    kinds = {
        "model": (TRAINED, "Generated by nonesuch; no such objects were observed."),
        "camera": (CAPTURE, "Photographs, made small."),
    }
    source, credit = kinds.get(made, ("", "Pictures, made small."))
    return Mark(source, credit, licence, tool=TOOL)
