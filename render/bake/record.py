"""What the bake remembers in ``.nonesuch/bake.sqlite``: the files that it wrote, a change that it decided on, and what
it looked at.

Which files this bake wants lies in a temporary table, so that memory does not grow with the site. The record is a
cache: when it is of another layout or damaged it is made anew, and the next bake writes everything again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from render.still import LAYOUT, RECORD, State

BATCH = 1000  # paths that are written down, or read, at once
_TABLES = """
CREATE TABLE outputs (path TEXT PRIMARY KEY, key BLOB, digest BLOB, size INTEGER, mtime INTEGER) WITHOUT ROWID;
CREATE TABLE journal (path TEXT PRIMARY KEY, rank INTEGER, staged TEXT, key BLOB, digest BLOB) WITHOUT ROWID;
CREATE TABLE stale (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE folders (path TEXT PRIMARY KEY, mtime INTEGER) WITHOUT ROWID;
CREATE TABLE looked (path TEXT PRIMARY KEY, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER) WITHOUT ROWID;
"""
_TEMPORARY = "CREATE TEMP TABLE wanted (path TEXT PRIMARY KEY) WITHOUT ROWID"


class Known(NamedTuple):
    """A file as the last bake left it."""

    key: bytes
    digest: bytes
    size: int
    mtime: int


class Decided(NamedTuple):
    """A file of the change: staged under a name, or None where it stands already."""

    path: str
    rank: int
    staged: str | None
    key: bytes
    digest: bytes


class Record:
    """The record of one site, open for one bake."""

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.db = _open(state / RECORD)
        self.db.execute(_TEMPORARY)
        self._wanted: list[tuple[str]] = []
        self._decided: list[Decided] = []

    def close(self) -> None:
        """Leave it; what was not committed is forgotten."""
        with suppress(sqlite3.Error):
            self.db.rollback()
        self.db.close()

    # The files

    def known(self, path: str) -> Known | None:
        """What is known of a file."""
        row = self.db.execute("SELECT key, digest, size, mtime FROM outputs WHERE path = ?", (path,)).fetchone()
        return Known._make(row) if row else None

    def want(self, path: str) -> None:
        """Note that this bake wants a file."""
        self._wanted.append((path,))
        if len(self._wanted) == BATCH:
            self._write_wanted()

    def wanted(self, path: str) -> bool:
        """Whether this bake wants a file."""
        self._write_wanted()
        return self.db.execute("SELECT 1 FROM wanted WHERE path = ?", (path,)).fetchone() is not None

    def wanted_below(self, folder: str) -> Iterator[str]:
        """What this bake wants in a folder (``galaxies/``) and below it, sorted; more may be wanted meanwhile."""
        last, end = folder, f"{folder}\U0010ffff"
        query = "SELECT path FROM wanted WHERE path > ? AND path < ? ORDER BY path LIMIT ?"
        self._write_wanted()
        while found := [path for (path,) in self.db.execute(query, (last, end, BATCH))]:
            yield from found
            last = found[-1]
            self._write_wanted()

    def unwanted(self) -> Iterator[str]:
        """The files of the last bake that this one does not want."""
        self._write_wanted()
        query = "SELECT path FROM outputs WHERE NOT EXISTS (SELECT 1 FROM wanted WHERE wanted.path = outputs.path)"
        return (path for (path,) in self.db.execute(query))

    def wanted_files(self) -> Iterator[tuple[str | None, int]]:
        """Of every file that this bake wants, where it is staged, or None and how large it stands."""
        self._write_wanted()
        self._write_decided()
        return iter(
            self.db.execute(
                "SELECT journal.staged, ifnull(outputs.size, 0) FROM wanted "
                "LEFT JOIN journal ON journal.path = wanted.path LEFT JOIN outputs ON outputs.path = wanted.path"
            )
        )

    # The change

    @property
    def undecided(self) -> bool:
        """Whether a bake was killed while it carried out its change."""
        return bool(self.db.execute("SELECT 1 FROM journal UNION ALL SELECT 1 FROM stale LIMIT 1").fetchone())

    def decide(self, one: Decided) -> None:
        """One more file of the change."""
        self._decided.append(one)
        if len(self._decided) == BATCH:
            self._write_decided()

    def commit(self, stale: Iterable[str]) -> None:
        """From here on the change only goes forward. What was noted of the site before holds no more."""
        self._write_decided()
        self.db.execute("DELETE FROM notes")
        self.db.executemany("INSERT OR IGNORE INTO stale VALUES (?)", ((path,) for path in stale))
        self.db.commit()

    def change(self) -> Iterator[tuple[str, str | None]]:
        """The files to put in place, in their order: path, and where it is staged."""
        return iter(self.db.execute("SELECT path, staged FROM journal ORDER BY rank, path"))

    def stale(self) -> Iterator[str]:
        """The files to take away."""
        return (path for (path,) in self.db.execute("SELECT path FROM stale ORDER BY path"))

    def settle(self, measure: Any) -> None:
        """The change is made: it is now what stands. `measure` tells a file's size and time."""
        rows = ((*row, *measure(row[0])) for row in self.db.execute("SELECT path, key, digest FROM journal"))
        self.db.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)", rows)
        self.db.execute("DELETE FROM outputs WHERE path IN (SELECT path FROM stale)")
        self.db.execute("DELETE FROM journal")
        self.db.execute("DELETE FROM stale")
        self.db.commit()

    # What it was made from, and how it stands

    def notes(self) -> dict[str, Any]:
        """What was noted, by name."""
        return dict(self.db.execute("SELECT name, value FROM notes"))

    def folders(self) -> dict[str, int]:
        """The site's own folders as the last bake left them: path and time."""
        return dict(self.db.execute("SELECT path, mtime FROM folders"))

    def note(self, notes: Mapping[str, Any], looked: Mapping[str, State], folders: Mapping[str, int]) -> None:
        """Remember what the site was made from, and its folders, in place of what was known of them."""
        for table in ("notes", "looked", "folders"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.executemany("INSERT INTO notes VALUES (?, ?)", notes.items())
        self.db.executemany("INSERT INTO looked VALUES (?, ?, ?, ?, ?)", ((p, *state) for p, state in looked.items()))
        self.db.executemany("INSERT INTO folders VALUES (?, ?)", folders.items())
        self.db.commit()

    def _write_wanted(self) -> None:
        if self._wanted:
            self.db.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", self._wanted)
            self._wanted.clear()

    def _write_decided(self) -> None:
        self.db.executemany("INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?, ?)", self._decided)
        self._decided.clear()


def rest(state: Path, catalogue: State, shown: int, stages: Iterable[str]) -> None:
    """Note, when a command has ended, in which state it left the catalogue, whose last change the site knows of; how
    many exhibits are shown, and which stages were done.
    """
    db = sqlite3.connect(state / RECORD)
    try:
        rows = [("catalogue", repr(catalogue)), ("shown", shown), ("stages", " ".join(stages))]
        db.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)
        db.commit()
    finally:
        db.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == LAYOUT:
            return db
        db.close()
    except sqlite3.DatabaseError:
        pass
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.executescript(f"{_TABLES} PRAGMA user_version = {LAYOUT};")
    return db
