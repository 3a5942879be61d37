"""What the bake reads of the catalogue: rows in the order of their numbers, one at a time.

A row is hashed as it comes out of SQLite. Its JSON is parsed only when a page that shows it has to be rendered. What
the maker has hidden comes out as if it had been removed, so that nothing of it reaches the site.
"""

from __future__ import annotations

import json
import marshal
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from render.bake.outputs import digest
from render.config import Curation

PUBLISHED = ("image", "fallback", "map", "outline", "video", "gif", "poster", "neighbour", "sketch")
"""Media that pages show; the lossless master stays in the store."""

_COLUMNS = (
    *("recipe", "state", "slug", "made_at", "asked", "found"),
    *("classes", "measurements", "evidence", "texts", "display", "pixel_hash"),
)
_PLACES = {name: place for place, name in enumerate(_COLUMNS, start=2)}
_HIDDEN = "id IN (SELECT value FROM json_each(?))"
_STATE = f"iif({_HIDDEN}, 'removed', state) AS state"
_MEDIA = "SELECT * FROM media m WHERE exhibit = e.id"
_ROWS = f"""
SELECT number, id, {", ".join(_STATE if name == "state" else name for name in _COLUMNS)},
  (SELECT group_concat(role || ' ' || position || ' ' || width || ' ' || height || ' ' || format || ' ' || key || ' '
     || bytes, char(10)) FROM ({_MEDIA} ORDER BY role, position, width, format))
FROM exhibits e
WHERE collection = ? AND kind = ? AND number IS NOT NULL AND e.state IN ('shown', 'removed')
ORDER BY number
"""
_TALLY = f"""
SELECT number, {_STATE}, found FROM exhibits AS e
WHERE collection = ? AND kind = ? AND number IS NOT NULL AND e.state IN ('shown', 'removed') ORDER BY number
"""
_AUTHENTIC = f"""
SELECT count(a), ifnull(sum(a), 0)
FROM (SELECT json_extract(evidence, '$.authentic') AS a FROM exhibits WHERE state = 'shown' AND kind = 'image'
  AND NOT {_HIDDEN})
"""
_FOLDERS = f"""
SELECT id, json_extract(display, '$.folder') AS folder FROM exhibits
WHERE collection = ? AND kind = 'image' AND state = 'shown' AND folder IS NOT NULL AND NOT {_HIDDEN}
ORDER BY folder, number
"""
_KEYS = f"""
SELECT m.key FROM media m INDEXED BY media_by_key CROSS JOIN exhibits e ON e.id = m.exhibit
WHERE e.state = 'shown' AND e.number IS NOT NULL AND NOT e.{_HIDDEN} AND m.role IN ({", ".join("?" * len(PUBLISHED))})
ORDER BY m.key
"""


_SMALLEST = "SELECT min(s.width) FROM media s WHERE s.exhibit = m.exhibit AND s.role = 'image'"


class Cut(NamedTuple):
    """Media that a site does without. widest: of the AVIF pictures that stay, in pixels, beside the smallest of each
    exhibit; None for all. neighbours: the real pictures beside exhibits.
    """

    gifs: bool = False
    widest: int | None = None
    neighbours: bool = False

    @property
    def sql(self) -> str:
        """What of the table of media, called m, stays, as a condition."""
        left = ["role = 'gif'"] if self.gifs else []
        left += ["role = 'neighbour'"] if self.neighbours else []
        if self.widest is not None:
            left.append(f"role = 'image' AND width > {self.widest} AND width > ({_SMALLEST})")
        return f"NOT ({' OR '.join(left) or '0'})"


WHOLE = Cut()


class Medium(NamedTuple):
    """One published file of an exhibit."""

    role: str
    position: int
    width: int
    height: int
    format: str
    key: str
    bytes: int


class Row:
    """An exhibit as the catalogue has it, or the tombstone of one."""

    def __init__(self, values: tuple[Any, ...], title: str = "") -> None:
        self.number: int = values[0]
        self.id: str = values[1]
        self.title = title  # of the maker's, in place of the one that was written for it
        self.shown = values[_PLACES["state"]] == "shown"  # a tombstone keeps its number and its place on the pages
        self.tile: dict[str, Any] | None = None  # its view in grids, once made
        self.words: dict[str, Any] | None = None  # its texts as a page may show them, once looked at
        self.spoken: tuple[str, bool, bool] | None = None  # the voice that they are in
        self._values = values
        self._parsed: dict[str, dict[str, Any]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process it travels as it came out of SQLite."""
        return arrived, (self._values, self.title)

    @cached_property
    def digest(self) -> bytes:
        """Changes when anything does that a page could show of this exhibit."""
        values = marshal.dumps(self._values, 2)  # of the second format: equal values, equal bytes
        return digest(values, self.title)

    def forget(self) -> None:
        """Let go of what was parsed, except the tile: the page is made, and a gallery page may wait for others."""
        self._parsed.clear()
        self.words = None

    def column(self, name: str) -> Any:
        """A column as it is stored."""
        return self._values[_PLACES[name]]

    def json(self, name: str) -> dict[str, Any]:
        """A column that holds a JSON object; empty where the stage that fills it has not run."""
        if name not in self._parsed:
            text = self.column(name)
            self._parsed[name] = json.loads(text) if text else {}
        return self._parsed[name]

    @cached_property
    def media(self) -> list[Medium]:
        """The exhibit's files, by role, position, width and format."""
        return [_medium(line) for line in self._lines]

    @property
    def fallback(self) -> Medium | None:
        """The picture for all programs, which stands under the exhibit's number: the widest JPEG."""
        found = [_medium(line) for line in self._lines if line.startswith("fallback ")]
        return max(found, key=lambda medium: medium.width, default=None)

    @property
    def _lines(self) -> list[str]:
        return self._values[-1].split("\n") if self._values[-1] else []


def _medium(line: str) -> Medium:
    role, position, width, height, form, key, size = line.split(" ")
    return Medium(role, int(position), int(width), int(height), form, key, int(size))


@lru_cache(256)
def arrived(values: tuple[Any, ...], title: str) -> Row:
    """A row in another process: of the last ones that came, what was parsed is kept, for they come more than once."""
    return Row(values, title)


class Tally(NamedTuple):
    """How a collection stands."""

    shown: int
    last: int  # the largest number given so far, shown or not
    gone: list[int]  # numbers up to the last that no exhibit shows: tombstones, and the walks' numbers
    classes: dict[str, int]  # shown exhibits by the class that was found


class Source:
    """The catalogue, read-only, as the bake sees it."""

    def __init__(
        self, db: sqlite3.Connection, curation: Curation | None = None, upgraded: Collection[str] = (), cut: Cut = WHOLE
    ) -> None:
        """upgraded: the collections in which more than one generation of weights drew; cut: media that are left out."""
        self.db = db
        self._cut = cut
        self.upgraded = upgraded
        self.curation = curation or Curation()
        self.hidden = json.dumps(self.curation.hidden)

    def rows(self, collection: str, kind: str = "image") -> Iterator[Row]:
        """Everything of a collection that ever had a number, from the oldest on."""
        titles = {identity: one.title for identity, one in self.curation.exhibits.items() if one.title}
        rows = _ROWS if self._cut == WHOLE else _ROWS.replace(_MEDIA, f"{_MEDIA} AND {self._cut.sql}")
        for values in self.db.execute(rows, (self.hidden, collection, kind)):
            yield Row(tuple(values), titles.get(values[1], ""))

    def tally(self, collection: str, kind: str = "image") -> Tally:
        """Counts, before any page is made: the first page of a gallery states them."""
        gone: list[int] = []
        shown, last, classes = 0, 0, Counter[str]()
        for number, state, found in self.db.execute(_TALLY, (self.hidden, collection, kind)):
            gone += range(last + 1, number)
            last = number
            if state == "shown":
                shown += 1
                classes[found or ""] += 1
            else:
                gone.append(number)
        return Tally(shown, last, gone, dict(classes))

    def figures(self, slug: str) -> dict[str, Any]:
        """What a stage found out about a collection as a whole, by name."""
        rows = self.db.execute("SELECT name, value FROM figures WHERE collection = ?", (slug,))
        return {name: json.loads(value) for name, value in rows}

    def authentic(self) -> tuple[int, int]:
        """How many shown pictures were checked, and how many are farther from a real one than that from its own."""
        return tuple(self.db.execute(_AUTHENTIC, (self.hidden,)).fetchone())

    def folders(self, collection: str) -> dict[str, list[str]]:
        """The ids of imported exhibits by the folder that their files lie in."""
        found: dict[str, list[str]] = {}
        for identity, folder in self.db.execute(_FOLDERS, (collection, self.hidden)):
            found.setdefault(folder, []).append(identity)
        return found

    def shown(self) -> int:
        """How many exhibits are on show, of all collections and kinds."""
        count: int = self.db.execute("SELECT count(*) FROM exhibits WHERE state = 'shown'").fetchone()[0]
        return count

    def widths(self) -> list[int]:
        """The widths of the AVIF pictures, the narrowest first."""
        rows = self.db.execute(
            "SELECT DISTINCT width FROM media WHERE role = 'image' AND format = 'avif' ORDER BY width"
        )
        return [width for (width,) in rows]

    def media_weight(self) -> tuple[int, int]:
        """How many files, and bytes, `media_keys` names."""
        found = _KEYS if self._cut == WHOLE else _KEYS.replace("ORDER BY", f"AND {self._cut.sql} ORDER BY")
        distinct = found.replace("SELECT m.key", "SELECT DISTINCT m.key, m.bytes")
        count = f"SELECT count(*), ifnull(sum(bytes), 0) FROM ({distinct})"
        return tuple(self.db.execute(count, (self.hidden, *PUBLISHED)).fetchone())

    def media_keys(self) -> Iterator[str]:
        """The keys of all files that the site shows, sorted; a file that exhibits share comes once for each."""
        keys = _KEYS if self._cut == WHOLE else _KEYS.replace("ORDER BY", f"AND {self._cut.sql} ORDER BY")
        for (key,) in self.db.execute(keys, (self.hidden, *PUBLISHED)):
            yield key
