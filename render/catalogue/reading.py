"""Questions to the catalogue. Results stream: ten thousand exhibits are read in flat memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, cast

from render.catalogue.rows import COLUMNS, Exhibit, Json, Known, Look, Medium, Run, State, from_row, from_text
from render.errors import NonesuchError
from render.recipe import Recipe

Stage = Literal["classify", "evidence", "caption", "show"]

MISSING: dict[Stage, str] = {
    "classify": "state IN ('rendered', 'shown') AND classes IS NULL",
    "evidence": "state IN ('rendered', 'shown') AND evidence IS NULL",
    "caption": "state IN ('rendered', 'shown') AND texts IS NULL",
    "show": "state = 'rendered' AND number IS NOT NULL",
}
"""Which exhibits a stage has yet to look at: shown ones too, whose weights were not here when they were made."""
_NUMBERED = "e.number IS NOT NULL"
_FILES = "EXISTS (SELECT 1 FROM media WHERE exhibit = e.id)"
_FPS, _WIDTH = (f"iif(kind = 'walk', json_extract(display, '$.{name}'), NULL)" for name in ("fps", "width"))

_KNOWN = (
    f"SELECT id, collection, kind, ordinal, state, number, attempts, {_FILES}, slug, {_FPS}, {_WIDTH} FROM exhibits e"
)
_LOOKED_AT = """
(SELECT key FROM media WHERE exhibit = e.id AND role IN ('fallback', 'image') ORDER BY role, width LIMIT 1)"""
"""The file that is looked at for the chart: the smallest JPEG, which every exhibit has."""

_MEDIA = """
  (SELECT json_group_array(json_array(role, format, width, height, key, bytes, sha256, position))
   FROM media WHERE exhibit = e.id)"""
_SELECT = f"SELECT {', '.join('e.' + name for name in COLUMNS)},{_MEDIA} AS media FROM exhibits e"


class Reading:
    """The reading half of the catalogue; `db` is open to read-only queries of the bake's own."""

    db: sqlite3.Connection

    def known(self, collection: str | None = None) -> Iterator[Known]:
        """Every exhibit that was ever tried, by collection, kind and ordinal."""
        where = " WHERE collection = :collection" if collection is not None else ""
        rows = self.db.execute(f"{_KNOWN}{where} ORDER BY collection, kind, ordinal", {"collection": collection})
        return (Known(*row) for row in rows)

    def one(self, identity: str) -> Known | None:
        """An exhibit that was ever tried."""
        row = self.db.execute(f"{_KNOWN} WHERE id = ?", (identity,)).fetchone()
        return Known(*row) if row else None

    def last(self, collection: str, kind: str) -> tuple[int, int]:
        """The largest ordinal that was tried (-1 before the first) and the largest number that was given (0)."""
        query = (
            "SELECT ifnull(max(ordinal), -1), ifnull(max(number), 0) FROM exhibits WHERE collection = ? AND kind = ?"
        )
        ordinal, number = self.db.execute(query, (collection, kind)).fetchone()
        return ordinal, number

    def shown(self) -> int:
        """How many exhibits are on the site."""
        return int(self.db.execute("SELECT count(*) FROM exhibits WHERE state = 'shown'").fetchone()[0])

    def since(self, run: int) -> set[str]:
        """The ids of what later runs made or set aside."""
        return {row[0] for row in self.db.execute("SELECT id FROM exhibits WHERE run > ?", (run,))}

    def looks(self) -> dict[str, str]:
        """The perceptual hashes of exhibits that have one, by id."""
        return dict(self.db.execute("SELECT id, perceptual_hash FROM exhibits WHERE perceptual_hash IS NOT NULL"))

    def collections(self) -> set[str]:
        """The slugs under which exhibits stand."""
        return {slug for (slug,) in self.db.execute("SELECT DISTINCT collection FROM exhibits")}

    def generation(self, collection: str, first: int, networks: Sequence[str]) -> tuple[int, int]:
        """Of a collection's images from an ordinal on: how many other networks made, and the largest ordinal of all
        (-1 where there are none). networks: as recipes have them.
        """
        made = "json_extract(recipe, '$.weights') || ifnull('+' || json_extract(recipe, '$.upscaler'), '')"
        query = (
            f"SELECT ifnull(sum(ordinal >= ? AND {made} != ?), 0), ifnull(max(ordinal), -1) "
            "FROM exhibits WHERE collection = ? AND kind = 'image'"
        )
        others, last = self.db.execute(query, (first, "+".join(networks), collection)).fetchone()
        return int(others), int(last)

    def counts(self) -> dict[tuple[str, str, State], int]:
        """How many exhibits there are, by collection, kind and state."""
        query = "SELECT collection, kind, state, count(*) FROM exhibits GROUP BY collection, kind, state"
        return {(c, k, s): n for c, k, s, n in self.db.execute(query)}

    def numbered(self, collection: str, number: int, kind: str = "image") -> Exhibit | None:
        """By the number that visitors see."""
        found = self._exhibits("e.collection = ? AND e.kind = ? AND e.number = ?", (collection, kind, number), "e.id")
        return next((exhibit for exhibit, _ in found), None)

    def exhibits(
        self, collection: str | None = None, kind: str | None = None, states: Sequence[State] = ()
    ) -> Iterator[tuple[Exhibit, list[Medium]]]:
        """Exhibits with their files, by collection, kind and ordinal."""
        where, values = _filter(collection, kind)
        if states:
            where.append(f"e.state IN ({', '.join('?' * len(states))})")
            values += states
        return self._exhibits(" AND ".join(where) or "1", values, "e.collection, e.kind, e.ordinal")

    def in_order(self, collection: str, kind: str = "image") -> Iterator[tuple[Exhibit, list[Medium]]]:
        """What visitors can ask for: shown exhibits and tombstones with their files, from the oldest number on."""
        where = "e.collection = ? AND e.kind = ? AND e.number IS NOT NULL AND e.state IN ('shown', 'removed')"
        return self._exhibits(where, (collection, kind), "e.number")

    def pending(
        self, stage: Stage, collection: str | None = None, kind: str | None = None, numbered: bool = False
    ) -> Iterator[tuple[Exhibit, list[Medium]]]:
        """Exhibits that a stage has yet to look at, with their files, by collection, kind and ordinal.

        numbered: only those that have a number. The list is fixed when iteration starts, so the stage may write its
        results while it reads.
        """
        where, values = _filter(collection, kind)
        where += [_NUMBERED] if numbered else []
        query = f"SELECT id FROM exhibits e WHERE {' AND '.join([*where, MISSING[stage], _FILES])}"
        wanted = [row[0] for row in self.db.execute(f"{query} ORDER BY collection, kind, ordinal", values)]
        yield from self.these(wanted)

    def these(self, identities: Iterable[str]) -> Iterator[tuple[Exhibit, list[Medium]]]:
        """The exhibits of these ids with their files, each read when it is its turn."""
        for identity in identities:
            yield from self._exhibits("e.id = ?", (identity,), "e.id")

    def waiting(
        self, stage: Stage, collection: str | None = None, kind: str | None = None, numbered: bool = False
    ) -> int:
        """How many exhibits `pending` would give."""
        where, values = _filter(collection, kind)
        where += [_NUMBERED] if numbered else []
        query = f"SELECT count(*) FROM exhibits e WHERE {' AND '.join([*where, MISSING[stage], _FILES])}"
        return int(self.db.execute(query, values).fetchone()[0])

    def media(self, identity: str) -> list[Medium]:
        """The files of an exhibit, by role, position, width and format."""
        query = "SELECT role, format, width, height, key, bytes, sha256, position FROM media WHERE exhibit = ?"
        return [Medium(*row) for row in self.db.execute(query, (identity,))]

    def media_keys(self, roles: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        """Every file that a row names, as (key, sha256), once, by key."""
        where = f" WHERE role IN ({', '.join('?' * len(roles))})" if roles else ""
        query = f"SELECT key, min(sha256) FROM media{where} GROUP BY key ORDER BY key"
        return ((key, sha256) for key, sha256 in self.db.execute(query, tuple(roles)))

    def sizes(self) -> dict[tuple[str, str], float]:
        """Bytes of an exhibit's files on the mean, by collection and kind."""
        query = (
            "SELECT collection, kind, 1.0 * sum(bytes) / count(DISTINCT exhibit) "
            "FROM exhibits JOIN media ON exhibit = id GROUP BY collection, kind"
        )
        return {(collection, kind): size for collection, kind, size in self.db.execute(query)}

    def number_at(self, collection: str, kind: str, ordinal: int) -> int | None:
        """The number of the exhibit at an ordinal, if it has one."""
        query = "SELECT number FROM exhibits WHERE collection = ? AND kind = ? AND ordinal = ?"
        row = self.db.execute(query, (collection, kind, ordinal)).fetchone()
        return row[0] if row else None

    def recipe(self, identity: str) -> Recipe | None:
        """What an exhibit was made from."""
        row = self.db.execute("SELECT recipe FROM exhibits WHERE id = ?", (identity,)).fetchone()
        return Recipe.from_json(row[0]) if row else None

    def owners(self, key: str) -> list[str]:
        """The ids of the exhibits that name a file."""
        return [row[0] for row in self.db.execute("SELECT DISTINCT exhibit FROM media WHERE key = ?", (key,))]

    def figures(self, collection: str) -> dict[str, Json]:
        """What is known of a collection as a whole, by name."""
        rows = self.db.execute("SELECT name, value FROM figures WHERE collection = ? ORDER BY name", (collection,))
        return {name: from_text(value) for name, value in rows}

    def compared(self, collection: str) -> list[tuple[str, bool]]:
        """The images on the site, or on their way there, that were compared with real ones: id, and if authentic."""
        query = (
            "SELECT id, ifnull(json_extract(evidence, '$.authentic'), 0) FROM exhibits e WHERE collection = ? AND "
            "kind = 'image' AND state IN ('rendered', 'shown') AND json_extract(evidence, '$.checked') "
            f"AND {_FILES} ORDER BY ordinal"
        )
        return [(identity, bool(authentic)) for identity, authentic in self.db.execute(query, (collection,))]

    def unlooked(self, collection: str) -> list[tuple[str, str]]:
        """Shown images of which the chart knows nothing, or of another file: id, and the key of the file to look at."""
        query = (
            f"SELECT e.id, {_LOOKED_AT} AS key FROM exhibits e LEFT JOIN looks l ON l.exhibit = e.id "
            "WHERE e.collection = ? AND e.kind = 'image' AND e.state = 'shown' AND key IS NOT NULL "
            "AND key IS NOT l.picture ORDER BY e.number"
        )
        return list(self.db.execute(query, (collection,)))

    def atlas(self, collection: str) -> list[Look]:
        """What is known of the looks of a collection's images, by ordinal."""
        query = (
            "SELECT e.id, l.features, l.x, l.y, l.fitted, e.state = 'shown' FROM looks l "
            "JOIN exhibits e ON e.id = l.exhibit WHERE e.collection = ? ORDER BY e.ordinal"
        )
        rows = self.db.execute(query, (collection,))
        return [Look(one, found, x, y, bool(fitted), bool(shown)) for one, found, x, y, fitted, shown in rows]

    def placeless(self, collection: str) -> bool:
        """Whether a shown image that was looked at has no place on the map."""
        query = (
            "SELECT 1 FROM looks l JOIN exhibits e ON e.id = l.exhibit "
            "WHERE e.collection = ? AND e.state = 'shown' AND l.x IS NULL LIMIT 1"
        )
        return self.db.execute(query, (collection,)).fetchone() is not None

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        rows = self.db.execute("SELECT id, started, ended, ledger FROM runs ORDER BY id DESC")
        return [Run(number, started, ended, from_text(ledger)) for number, started, ended, ledger in rows]

    def _exhibits(self, where: str, values: Sequence[object], order: str) -> Iterator[tuple[Exhibit, list[Medium]]]:
        cursor = self.db.cursor()
        cursor.row_factory = sqlite3.Row
        try:
            for row in cursor.execute(f"{_SELECT} WHERE {where} ORDER BY {order}", tuple(values)):
                yield from_row(cast("dict[str, object]", row)), [Medium(*one) for one in json.loads(row["media"])]
        except sqlite3.DatabaseError as error:
            raise NonesuchError(f"the catalogue cannot be read: {error}; `nonesuch check` says more.") from None


def _filter(collection: str | None, kind: str | None) -> tuple[list[str], list[object]]:
    pairs = [("e.collection = ?", collection), ("e.kind = ?", kind)]
    chosen = [(clause, value) for clause, value in pairs if value is not None]
    return [clause for clause, _ in chosen], [value for _, value in chosen]
