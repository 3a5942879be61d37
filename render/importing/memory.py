"""What the last import saw of a folder, and what lies there now: a file that is as it was is not opened.

A file is as it was when inode, size and both of its times are (`render.still`): one that was replaced by another of the
same size and time is seen. Kept in ``.nonesuch/import-<slug>.sqlite``, so that memory does not grow with the folder; a
cache, void when the settings or the encoder change. Nothing but the standard library is imported here.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from render.errors import NonesuchError
from render.still import STATE, UNSURE, State

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp")
LAYOUT = 3
BATCH = 1000
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE files (
  path BLOB PRIMARY KEY, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER,
  sha256 TEXT NOT NULL, exhibit TEXT NOT NULL, unread TEXT NOT NULL, said TEXT NOT NULL
) WITHOUT ROWID;
"""
_NOW = """
CREATE TEMP TABLE now (
  folder BLOB, name BLOB, path BLOB PRIMARY KEY, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER, wrong TEXT
);
CREATE TEMP TABLE seen (exhibit TEXT PRIMARY KEY, path BLOB NOT NULL) WITHOUT ROWID;
"""
_STATE = ("inode", "size", "mtime", "ctime")
_SAME = " AND ".join(("n.wrong = ''", "b.inode >= 0", *(f"b.{one} = n.{one}" for one in _STATE)))
_LOOK = f"""
SELECT n.path, n.inode, n.size, n.mtime, n.ctime, n.wrong, {_SAME}, b.sha256, b.exhibit, b.unread
FROM now n LEFT JOIN files b ON b.path = n.path ORDER BY n.folder, n.name
"""
_OTHER = f"""
SELECT (SELECT count(*) FROM now) != (SELECT count(*) FROM files) OR EXISTS (
  SELECT 1 FROM now n LEFT JOIN files b ON b.path = n.path
  WHERE NOT ifnull({_SAME} OR (n.wrong != '' AND n.wrong = b.said), 0)
)
"""


class Before(NamedTuple):
    """A file as the last import left it. exhibit: empty where it could not be read, for the reason `unread`."""

    same: bool  # whether it is in the state in which it was
    sha256: str
    exhibit: str
    unread: str


class Found(NamedTuple):
    """A file of the folder. wrong: why it cannot be a picture, empty where it may be one."""

    path: str
    state: State
    wrong: str
    before: Before | None


class Memory:
    """A folder's memory, open for one import; use as a context manager. Nothing is remembered before `keep`."""

    def __init__(self, file: Path | str, key: str) -> None:
        self._db = _open(str(file))
        known = dict(self._db.execute("SELECT name, value FROM meta"))
        if known.get("key") != key:
            self._db.execute("DELETE FROM files")
        self._key = key
        self._skipped = b""
        self._db.executescript(_NOW)
        self._put: list[tuple[bytes | str | int, ...]] = []

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.rollback()
        self._db.close()

    def look(self, root: str, own: Iterable[str] = ()) -> int:
        """Look through the folder; returns how many files lie there. own: folders that the program itself fills, which
        are passed over where they lie in it.
        """
        inside = (os.path.relpath(os.path.realpath(one), os.path.realpath(root)) for one in own)
        self._skipped = b"\0".join(os.fsencode(one) for one in inside if one.partition("/")[0] not in ("..", "."))
        return _look(self._db, root, self._skipped)

    def found(self) -> Iterator[Found]:
        """What lies there, by folder and name; more may be noted meanwhile."""
        for path, *state, wrong, same, sha256, exhibit, unread in self._db.execute(_LOOK):
            before = None if sha256 is None else Before(bool(same), sha256, exhibit, unread)
            yield Found(os.fsdecode(path), State(*state), wrong, before)

    def first(self, exhibit: str, path: str) -> str:
        """The first file of this import that shows an exhibit; `path` itself where none came before."""
        done = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (exhibit, os.fsencode(path)))
        if done.rowcount:
            return path
        return os.fsdecode(self._db.execute("SELECT path FROM seen WHERE exhibit = ?", (exhibit,)).fetchone()[0])

    def has(self, exhibit: str) -> bool:
        """Whether a file of this import shows an exhibit."""
        return self._db.execute("SELECT 1 FROM seen WHERE exhibit = ?", (exhibit,)).fetchone() is not None

    def note(self, found: Found, sha256: str = "", exhibit: str = "", unread: str = "", said: str = "") -> None:
        """What became of a file. said: what is said of it where it is not shown."""
        self._put.append((os.fsencode(found.path), *found.state, sha256, exhibit, unread, said))
        if len(self._put) == BATCH:
            self._write()

    def keep(self, root: str, slug: str) -> None:
        """Remember this import in place of the last one."""
        self._write()
        self._db.execute("DELETE FROM files WHERE path NOT IN (SELECT path FROM now)")
        meta = [("key", self._key), ("root", root), ("slug", slug), ("skipped", self._skipped)]
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta)
        self._db.commit()

    def _write(self) -> None:
        self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._put)
        self._put.clear()


class Unchanged(NamedTuple):
    """A folder in which nothing changed. unread: by path, why a file is not shown."""

    slug: str
    kept: int
    unread: dict[str, str]


def unchanged(home: str, pictures: str) -> Iterator[Unchanged]:
    """What the last imports said of a folder, where every file in it is as it was; nothing where one is not, or nobody
    knows. Each is of a collection of its own, of which some may be gone. home: the gallery's folder.
    """
    root = os.path.realpath(pictures)
    for name in sorted(_names(f"{home}/{STATE}")):
        if name.startswith("import-") and name.endswith(".sqlite"):
            with suppress(sqlite3.Error):
                db = sqlite3.connect(f"{home}/{STATE}/{name}")
                try:
                    known = dict(db.execute("SELECT name, value FROM meta"))
                    there = known.get("root") == root and os.path.isdir(root)
                    if there and (found := _unchanged(db, root, known["slug"], known["skipped"])):
                        yield found
                finally:
                    db.close()


def _unchanged(db: sqlite3.Connection, root: str, slug: str, skipped: bytes) -> Unchanged | None:
    if db.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
        return None
    db.executescript(_NOW)
    _look(db, root, skipped)
    if db.execute(_OTHER).fetchone()[0]:
        return None
    kept = db.execute("SELECT count(*) FROM files WHERE said = ''").fetchone()[0]
    said = db.execute("SELECT path, said FROM files WHERE said != '' ORDER BY path")
    return Unchanged(slug, kept, {os.fsdecode(path): why for path, why in said})


def _look(db: sqlite3.Connection, root: str, skipped: bytes) -> int:
    lines = _walk(root, frozenset(skipped.split(b"\0")))
    count = 0
    while some := list(islice(lines, BATCH)):
        db.executemany("INSERT INTO now VALUES (?, ?, ?, ?, ?, ?, ?, ?)", some)
        count += len(some)
    return count


def _walk(root: str, skipped: frozenset[bytes]) -> Iterator[tuple[bytes | int | str, ...]]:
    """Every file below a folder that is not hidden; links are named and not followed. Names are bytes: not every one
    is text. skipped: folders, as seen from the root.
    """
    todo = [b""]
    while todo:
        inside = todo.pop()
        with _opened(os.fsencode(root) + b"/" + inside) as entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                path = inside + b"/" + entry.name if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if path not in skipped:
                        todo.append(path)
                else:
                    yield (inside, entry.name, path, *_judged(entry))


def _opened(folder: bytes) -> AbstractContextManager[Iterator[os.DirEntry[bytes]]]:
    """What a folder holds. One that may not be read is an error: its exhibits would leave the site without a word."""
    try:
        return os.scandir(folder)
    except PermissionError:
        raise NonesuchError(
            f"{os.fsdecode(folder)} may not be read, so nothing was changed: give leave to read it, or hide it by a "
            "name that begins with a dot."
        ) from None


def _judged(entry: os.DirEntry[bytes]) -> tuple[int | str, ...]:
    if entry.is_symlink() or not entry.is_file():
        return (*UNSURE, "it is a link or no plain file")
    if os.path.splitext(os.fsdecode(entry.name))[1].lower() not in SUFFIXES:
        return (*UNSURE, "it is no picture by its name")
    found = entry.stat()
    state = State(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return (*(state if state.settled(time.time_ns()) else UNSURE), "")


def _names(folder: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _open(file: str) -> sqlite3.Connection:
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with suppress(sqlite3.DatabaseError):
        db = sqlite3.connect(file)
        if db.execute("PRAGMA user_version").fetchone()[0] == LAYOUT:
            return db
        db.close()
    with suppress(FileNotFoundError):
        os.unlink(file)
    db = sqlite3.connect(file)
    db.executescript(f"{_TABLES} PRAGMA user_version = {LAYOUT};")
    return db
