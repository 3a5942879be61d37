"""The files of the site and how they change: by declared inputs, and never by halves.

Every file is offered with a *key*, the hash of all that it is made from. A file whose key is the one it was last
written with, and which still stands as it was written, is not even rendered. What does change is written to a staging
folder first; then one transaction records the whole change as a journal, and from there on it can only go forward: new
files, then pages (each by one atomic rename), then the index pages that lead to them, and only then stale files go. A
bake that is killed before that transaction has changed nothing; one that is killed after it is finished by the next.

The record lives beside the site in ``.nonesuch/bake.sqlite``. It is a cache: without it the next bake writes everything
again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from render.bake.press import Press, Pressed, Work

LAYOUT = 2
BATCH = 1000  # files that are noted in the journal at once
_TABLES = """
CREATE TABLE outputs (path TEXT PRIMARY KEY, key BLOB, digest BLOB, size INTEGER, mtime INTEGER) WITHOUT ROWID;
CREATE TABLE journal (path TEXT PRIMARY KEY, rank INTEGER, staged TEXT, key BLOB, digest BLOB) WITHOUT ROWID;
CREATE TABLE stale (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
"""


class Rank(IntEnum):
    """The order in which files take their place: nothing is shown before what it leads to stands."""

    NEW = 0  # hashed names, which no page that visitors have links to yet
    PAGE = 1
    GALLERY = 2
    INDEX = 3


class Known(NamedTuple):
    """A file as the last bake left it."""

    key: bytes
    digest: bytes
    size: int
    mtime: int


def digest(*parts: bytes | str) -> bytes:
    """16 bytes that differ when any part differs; lengths are mixed in, so parts cannot run into each other."""
    state = blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


def stage(file: str, body: bytes) -> None:
    """Write a file of the staging folder, where nothing is ever half-written that anyone reads."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(body)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)


def link(source: str, target: str) -> None:
    """Give a file a second name, or copy it where the disk cannot."""
    try:
        os.link(source, target)
    except OSError:  # a file system without links, or one that allows no more of them for this file
        shutil.copy2(source, target)


class Ordered(NamedTuple):
    """A file that the press has."""

    path: str
    rank: Rank
    key: bytes
    staged: str


class Outputs:
    """The site's files during one bake; use as a context manager, offer every file, then `finish`.

    Files that are ordered are made by the `press`, the others on the spot.
    """

    def __init__(self, public: Path, state: Path, press: Press) -> None:
        self.public = public
        self._press = press
        self._ordered: deque[Ordered] = deque()
        self.written: list[str] = []
        self.removed: list[str] = []
        self.kept = 0
        self._root = str(public)
        self._stage = state / "stage"
        self._stage_root = str(self._stage)
        self._staged = 0
        self._changed = False
        self._pending: list[tuple[str, int, str | None, bytes, bytes]] = []
        self._wanted: set[str] = set()
        state.mkdir(parents=True, exist_ok=True)
        self._db = _open(state / "bake.sqlite")
        if self._db.execute("SELECT 1 FROM journal UNION ALL SELECT 1 FROM stale LIMIT 1").fetchone():
            self._apply()  # what a killed bake had decided
        shutil.rmtree(self._stage, ignore_errors=True)
        self._stage.mkdir()

    @cached_property
    def _known(self) -> dict[str, Known]:
        return {row[0]: Known._make(row[1:]) for row in self._db.execute("SELECT * FROM outputs")}

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.rollback()
        self._db.close()
        with suppress(OSError):
            self._stage.rmdir()  # empty unless something went wrong; then the next bake still needs it

    def offer(self, path: str, rank: Rank, key: bytes, render: Callable[[], bytes]) -> None:
        """This file belongs to the site; `render` is called only when its inputs or the file itself changed."""
        asked, standing = self._asked(path, key)
        if not asked:
            return
        body = render()
        sum_ = digest(body)
        if sum_ == standing:
            self._keep(path, rank, key, sum_)
            return
        name = self._next_name()
        stage(f"{self._stage_root}/{name}", body)
        self._write(path, rank, name, key, sum_)

    def offer_link(self, path: str, rank: Rank, key: bytes, source: str) -> None:
        """Like `offer`, for another name of a file whose content never changes: no bytes are written where the disk
        knows hard links. `key` is that of the content.
        """
        asked, standing = self._asked(path, key)
        if not asked:
            return
        if standing == key:
            self._keep(path, rank, key, key)
            return
        name = self._next_name()
        link(source, f"{self._stage_root}/{name}")
        self._write(path, rank, name, key, key)

    def order(self, path: str, rank: Rank, key: bytes, work: Work) -> None:
        """Like `offer`, for one of many: it may be made later and elsewhere."""
        from render.bake.press import Job

        asked, standing = self._asked(path, key)
        if asked:
            name = self._next_name()
            self._ordered.append(Ordered(path, rank, key, name))
            self._take(self._press.put(Job(work, f"{self._stage_root}/{name}", standing)))

    def _asked(self, path: str, key: bytes) -> tuple[bool, bytes | None]:
        """Whether this file has to be made, and the digest of the one that stands."""
        self._wanted.add(path)
        known = self._known.get(path)
        if known is None or not self._stands(path, known):
            return True, None
        if known.key == key:
            self.kept += 1
            return False, None
        return True, known.digest

    def _take(self, made: Iterable[Pressed]) -> None:
        for pressed in made:
            path, rank, key, name = self._ordered.popleft()
            if pressed.staged:
                self._write(path, rank, name, key, pressed.digest)
            else:
                self._keep(path, rank, key, pressed.digest)

    def _keep(self, path: str, rank: Rank, key: bytes, sum_: bytes) -> None:
        self.kept += 1
        self._record(path, rank, None, key, sum_)

    def _write(self, path: str, rank: Rank, staged: str, key: bytes, sum_: bytes) -> None:
        self.written.append(path)
        self._record(path, rank, staged, key, sum_)

    def _next_name(self) -> str:
        self._staged += 1
        return f"{self._staged:07d}"

    @property
    def offered(self) -> list[str]:
        """The paths of all files that were offered so far, sorted."""
        return sorted(self._wanted)

    def finish(self, owned: Iterable[str]) -> None:
        """Make the change. In the folders `owned` (relative to the site) every file that was not offered is stale."""
        self._take(self._press.rest())
        self.removed = sorted((self._known.keys() - self._wanted) | set(self._strays(owned)))
        if self._changed or self.removed:
            self._journal()
            self._db.execute("DELETE FROM notes")
            self._db.executemany("INSERT OR IGNORE INTO stale VALUES (?)", ((path,) for path in self.removed))
            self._db.commit()
            self._apply()

    def untouched(self, inputs: bytes, media: int) -> bool:
        """Whether the last bake had these inputs and all that it left still stands: then there is nothing to offer."""
        notes = dict(self._db.execute("SELECT name, value FROM notes"))
        if notes != {"inputs": inputs, "media": media}:
            return False
        files = 0
        for path, size, mtime in self._db.execute("SELECT path, size, mtime FROM outputs"):
            if self._measure(path) != (size, mtime):
                return False
            files += 1
        self.kept = files
        return files > 0

    def note(self, inputs: bytes, media: int) -> None:
        """Remember what the site was made from, now that it stands."""
        rows = [("inputs", inputs), ("media", media)]
        self._db.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)
        self._db.commit()

    def _stands(self, path: str, known: Known) -> bool:
        return known.size >= 0 and self._measure(path) == (known.size, known.mtime)

    def _record(self, path: str, rank: Rank, staged: str | None, key: bytes, sum_: bytes) -> None:
        self._changed = True
        self._pending.append((path, int(rank), staged, key, sum_))
        if len(self._pending) == BATCH:
            self._journal()

    def _journal(self) -> None:
        self._db.executemany("INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?, ?)", self._pending)
        self._pending.clear()

    def _strays(self, owned: Iterable[str]) -> Iterable[str]:
        for top in owned:
            for folder, _, names in os.walk(f"{self._root}/{top}"):
                inside = os.path.relpath(folder, self._root).replace(os.sep, "/")
                yield from (path for name in names if (path := f"{inside}/{name}") not in self._wanted)

    def _apply(self) -> None:
        """Carry out the journal. Every step may have been done already by a bake that was killed here."""
        folders: set[str] = set()
        for path, staged in self._db.execute("SELECT path, staged FROM journal ORDER BY rank, path"):
            target = f"{self._root}/{path}"
            if (folder := os.path.dirname(target)) not in folders:
                os.makedirs(folder, exist_ok=True)
                folders.add(folder)
            if staged is not None:
                with suppress(FileNotFoundError):
                    os.replace(f"{self._stage_root}/{staged}", target)
        for (path,) in self._db.execute("SELECT path FROM stale"):
            self._remove(path)
        self._settle()

    def _remove(self, path: str) -> None:
        target = Path(self._root, path)
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == self.public:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty
                break

    def _settle(self) -> None:
        """Turn the journal into the record of what stands."""
        rows = ((*row, *self._measure(row[0])) for row in self._db.execute("SELECT path, key, digest FROM journal"))
        self._db.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)", rows)
        self._db.execute("DELETE FROM outputs WHERE path IN (SELECT path FROM stale)")
        self._db.execute("DELETE FROM journal")
        self._db.execute("DELETE FROM stale")
        self._db.commit()

    def _measure(self, path: str) -> tuple[int, int]:
        """Size and time by which the file is known again; (-1, -1), which no file has, when it is not there."""
        try:
            found = os.stat(f"{self._root}/{path}")
        except (FileNotFoundError, NotADirectoryError):
            return -1, -1
        return found.st_size, found.st_mtime_ns


def _open(path: Path) -> sqlite3.Connection:
    """The record, made anew when it is of another layout or damaged: it is only a cache."""
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
