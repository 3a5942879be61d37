"""Whether anything has changed since the last bake, found out without loading what bakes.

The last bake left in ``.nonesuch/bake.sqlite`` in which state every file was that it read (settings, curation, lock,
templates, theme, the maker's pages, cards, the program's own code), in which state the catalogue was when the command
ended, and what it wrote. Where all of that is as it was, another bake would do nothing, and a command may say so at
once. A state is a file's inode, size, time of change of content and time of change of anything (`ctime`, which no
program can set): a file that was replaced by one of the same size and time is seen. Whatever is not sure counts as
changed, and then the bake itself looks.

Nothing but the standard library is imported here.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

RECORD, LAYOUT = "bake.sqlite", 3
"""The record's file in ``.nonesuch/`` (`render.bake.record` writes it), and the version of its tables."""
STATE, CATALOGUE, SETTINGS = ".nonesuch", "catalogue.sqlite", "gallery.toml"
TICK, COARSE = 20_000_000, 2_000_000_000
"""Nanoseconds for which a file may change without its time changing: of Linux's clock for files (at most 10 ms) with
room to spare, and of file systems that keep whole seconds (FAT two of them)."""


def imported(slug: str) -> str:
    """The stage that the import of a collection's folder is, among those that a command ended with."""
    return f"import:{slug}"


class State(NamedTuple):
    """By what a file, or a folder's list of names, is known again. Times in nanoseconds."""

    inode: int
    size: int
    mtime: int
    ctime: int

    def settled(self, now: int) -> bool:
        """Whether a change after `now` would show. One that follows another at once may not."""
        newest = max(self.mtime, self.ctime)
        return now - newest > (COARSE if newest % 1_000_000_000 == 0 else TICK)


ABSENT = State(-1, -1, -1, -1)
UNSURE = State(-2, -2, -2, -2)
"""Of a file that changed just now: no file is in this state, so it will be looked at again."""


def state_of(path: str) -> State:
    """The state of a file or folder; `ABSENT` where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    return State(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def at_rest(catalogue: str) -> State | None:
    """The state of a catalogue that nobody writes; None where a writer's log holds what the file does not."""
    return None if state_of(f"{catalogue}-wal").size > 0 else state_of(catalogue)


def still(gallery: Path, stage: str = "bake") -> int | None:
    """How many exhibits are shown, where nothing changed since the last command that ended with this `stage` done and
    a bake; None where something did, or nobody can be sure.
    """
    file = gallery / SETTINGS if gallery.is_dir() else gallery
    home = str(file.parent.resolve())
    record = f"{home}/{STATE}/{RECORD}"
    if not os.path.isfile(record):
        return None
    try:
        db = sqlite3.connect(record)
        try:
            return _shown(db, home, f"{home}/{file.name}", stage)
        finally:
            db.close()
    except (sqlite3.Error, OSError):
        return None


def _shown(db: sqlite3.Connection, home: str, settings: str, stage: str) -> int | None:
    if db.execute("PRAGMA user_version").fetchone()[0] != LAYOUT or _undecided(db):
        return None
    notes = dict(db.execute("SELECT name, value FROM notes"))
    if notes.get("settings") != settings or stage not in str(notes.get("stages")).split():
        return None
    if db.execute("SELECT 1 FROM looked WHERE path = ?", [os.path.realpath(__file__)]).fetchone() is None:
        return None  # it was baked by another installation of this program, which may stand as it was
    catalogue = at_rest(f"{home}/{CATALOGUE}")
    if catalogue is None or notes.get("catalogue") != repr(catalogue):
        return None
    for path, *state in db.execute("SELECT path, inode, size, mtime, ctime FROM looked"):
        if state_of(path) != tuple(state):
            return None
    return int(notes["shown"]) if stands(db, f"{home}/public") else None


def _undecided(db: sqlite3.Connection) -> bool:
    """Whether a bake was killed while it changed the site."""
    return db.execute("SELECT 1 FROM journal UNION ALL SELECT 1 FROM stale LIMIT 1").fetchone() is not None


def stands(db: sqlite3.Connection, public: str) -> bool:
    """Whether the site is as the last bake left it: every file that it wrote has its size and time, and in no folder of
    its own, those of the media among them, has a name come or gone.
    """
    for path, mtime in db.execute("SELECT path, mtime FROM folders"):
        if state_of(f"{public}/{path}").mtime != mtime:
            return False
    files = db.execute("SELECT path, size, mtime FROM outputs")
    stat = os.stat
    try:
        for path, size, mtime in files:
            found = stat(f"{public}/{path}")
            if found.st_size != size or found.st_mtime_ns != mtime:
                return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
