"""Opening the catalogue's file: refusing what cannot be written safely, and bringing an older file up to date."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from render.catalogue.schema import APPLICATION_ID, MIGRATIONS, VERSION
from render.errors import NonesuchError

FILE = "catalogue.sqlite"

NETWORK = frozenset({
    "afs", "beegfs", "ceph", "cephfs", "cifs", "coda", "davfs", "gcsfuse", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "orangefs", "pvfs2", "rclone", "s3fs", "smb2", "smb3", "smbfs", "sshfs",
})  # fmt: skip
"""File systems where SQLite's write-ahead log cannot rely on locks and shared memory (https://sqlite.org/wal.html)."""
MOUNTS = Path("/proc/self/mountinfo")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The only writer's connection: write-ahead log, every commit flushed to the disk, foreign keys enforced."""
    refuse_network(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise NonesuchError(f"the catalogue {path} cannot be opened for writing: {error}.") from None
    try:
        _check(db, path)
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise NonesuchError(_NO_WAL.format(folder=path.parent))
        db.execute("PRAGMA synchronous = FULL")
        migrate(db)
        db.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        db.close()
        full = "disk" in str(error)  # "disk I/O error", "database or disk is full"
        help_ = " make room, or look after the disk, and run again." if full else ""
        raise NonesuchError(f"the catalogue {path} cannot be written: {error}{':' if full else '.'}{help_}") from None
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing on the disk.

    Beside a writer (or after one was killed) there is a log, which is read along. Without a log the file is all there
    is, and it is opened as immutable, because SQLite would otherwise leave two empty files beside it.
    """
    if not path.is_file():
        raise NonesuchError(f"there is no catalogue at {path}: make the gallery first, with `nonesuch make`.")
    log = path.with_name(f"{path.name}-wal")
    flags = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?{flags}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise NonesuchError(f"the catalogue {path} cannot be read: {error}.") from None
    try:
        version = _check(db, path)
        if version < VERSION:
            raise NonesuchError(
                f"{path} is of an older version of nonesuch: run `nonesuch make` once, which brings it up to date."
            )
    except sqlite3.DatabaseError as error:
        db.close()
        raise NonesuchError(f"the catalogue {path} cannot be read: {error}.") from None
    except BaseException:
        db.close()
        raise
    return db


def migrate(db: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Apply what is missing, each migration whole or not at all. Foreign keys must not be enforced yet."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(migrations[version:], start=version + 1):
        try:
            db.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\n"
                f"PRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _check(db: sqlite3.Connection, path: Path) -> int:
    """The file's version; raises NonesuchError when it is not ours to touch."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise NonesuchError(f"{path} is not a catalogue of nonesuch: move it away, or choose another folder.")
    if version > VERSION:
        raise NonesuchError(
            f"{path} was written by a newer nonesuch (catalogue version {version}; this one knows {VERSION}): "
            "update nonesuch. Nothing was changed."
        )
    return int(version)


_NO_WAL = (
    "{folder} lies on a network file system, where a killed run could damage the catalogue: "
    "put the gallery on a local disk; media may lie elsewhere."
)


def refuse_network(folder: Path) -> None:
    """Raises NonesuchError when the folder is on a file system that other machines write to."""
    kind = file_system(folder)
    if kind is not None and kind.removeprefix("fuse.") in NETWORK:
        raise NonesuchError(_NO_WAL.format(folder=folder))


def file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that holds the folder, or None where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    where = os.path.realpath(folder)
    best: tuple[int, str | None] = (-1, None)
    for line in lines:  # see proc_pid_mountinfo(5): fields, then " - ", then the type
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best[0]:
            best = (len(point), right.split(" ")[0])
    return best[1]
