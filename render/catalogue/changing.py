"""The catalogue's file: opened, locked, and changed in groups, each change whole or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from render.catalogue.database import open_for_reading, open_for_writing
from render.catalogue.lock import gallery_lock
from render.catalogue.reading import Reading
from render.catalogue.rows import Medium
from render.errors import NonesuchError

GROUP = 64
"""Exhibits in a commit."""
SECONDS = 2.0
"""How long a change waits for others at most, as long as `tick` is called."""

_MEDIUM = (
    "INSERT OR REPLACE INTO media (exhibit, role, format, width, height, key, bytes, sha256, position) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Changing(Reading):
    """An open catalogue. A context manager; leaving it commits, unless an error is on its way out of SQLite itself.

    write=False opens it without changing anything on the disk and without the gallery lock.
    """

    def __init__(self, path: Path, write: bool = False) -> None:
        self.path = path
        self.writable = write
        self._resources = ExitStack()
        self._dirty = 0
        self._since = 0.0
        if write:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise NonesuchError(f"{path.parent} cannot be made: {error.strerror}.") from None
            self._resources.enter_context(gallery_lock(path.parent))
        try:
            self.db = open_for_writing(path) if write else open_for_reading(path)
        except BaseException:
            self._resources.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit, close the file, and let go of the gallery."""
        try:
            self.commit()
        finally:
            self.db.close()
            self._resources.close()

    def when_closed(self, then: Callable[[], None]) -> None:
        """Do this when the file is closed, and nobody else can have opened it for writing yet."""
        self._resources.callback(then)

    def commit(self) -> None:
        """Make every change so far durable."""
        if self.db.in_transaction:
            try:
                self.db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise self._refused(error) from error
        self._dirty = 0

    def tick(self) -> None:
        """Commit when the oldest waiting change has waited long enough; call it now and then."""
        if self._dirty and time.monotonic() - self._since >= SECONDS:
            self.commit()

    def _set(self, identity: str, **columns: Any) -> None:
        query = f"UPDATE exhibits SET {', '.join(f'{name} = :{name}' for name in columns)} WHERE id = :identity"
        if self.db.execute(query, columns | {"identity": identity}).rowcount == 0:
            raise NonesuchError(f"the catalogue has no exhibit {identity}.")

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One change, whole or not at all, in the open group; a full group is committed before it."""
        if not self.writable:
            raise NonesuchError(f"the catalogue {self.path} was opened for reading only.")
        if self._dirty >= GROUP:
            self.commit()
        try:
            if not self.db.in_transaction:
                self.db.execute("BEGIN IMMEDIATE")
                self._since = time.monotonic()
            self.db.execute("SAVEPOINT change")
            try:
                yield
            except BaseException:
                self.db.execute("ROLLBACK TO change")
                raise
            finally:
                self.db.execute("RELEASE change")
        except sqlite3.IntegrityError as error:
            raise NonesuchError(f"the catalogue refuses this change: {error}.") from error
        except sqlite3.OperationalError as error:
            raise self._refused(error) from error
        self._dirty += 1

    def _refused(self, error: sqlite3.OperationalError) -> NonesuchError:
        return NonesuchError(f"the catalogue {self.path} cannot be written ({error}): make room, and run again.")

    def _media(self, identity: str, media: Iterable[Medium]) -> None:
        rows = ((identity, m.role, m.format, m.width, m.height, m.key, m.bytes, m.sha256, m.position) for m in media)
        self.db.executemany(_MEDIUM, rows)
