"""The media store: files named by the hash of what they hold, in a folder.

A file stands under its final name only when it is whole and on the disk, so a name is a promise; and since the name is
the content's hash, a file never changes and storing it twice is storing it once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from render.errors import NonesuchError, disk_is_full

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{20}\.[a-z0-9]{2,5}")

USERS = "galleries"
"""The folder of a shared store in which galleries write themselves down (`render.stages.sweeping`)."""


def key_of(data: bytes, suffix: str) -> str:
    """The name under which bytes are stored."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{digest[:2]}/{digest[:20]}.{suffix}"


class Store:
    """A folder of media. Keys are ``ab/abcdef….avif``; safe to use from several threads."""

    local = True
    """Whether it costs nothing to look into it; `render.media.objects` has the other kind."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def put(self, data: bytes, suffix: str, durable: bool = True) -> str:
        """Store bytes and return their key. Raises NonesuchError when the disk is full or refuses.

        durable=False leaves it to the system when they reach the disk: for what can be made again in no time.
        """
        key = key_of(data, suffix)
        path = self.path(key)
        if path.is_file() and path.stat().st_size == len(data):
            return key
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, data, durable)
        except OSError as error:
            raise self._refused(error) from error
        return key

    def take(self, source: Path, suffix: str) -> tuple[str, str]:
        """Store a file that is too large to hold, which is gone afterwards; returns its key and its sha256.

        Raises NonesuchError when the disk is full or refuses.
        """
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        key = f"{digest[:2]}/{digest[:20]}.{suffix}"
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._writing(path) as file, source.open("rb") as given:
                shutil.copyfileobj(given, file, 2**20)
            source.unlink()
        except OSError as error:
            raise self._refused(error) from error
        return key, digest

    def probe(self) -> None:
        """Raises NonesuchError when the store cannot be written to."""
        probe = self.root / f".part-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> NonesuchError:
        room = "the disk is full: make room and run the same command again"
        why = room if disk_is_full(error) else error.strerror
        return NonesuchError(f"cannot write to the media store {self.root}: {why}.")

    def path(self, key: str) -> Path:
        """Where a key's file is; a key that is not one of ours never becomes a path."""
        if not KEY.fullmatch(key):
            raise NonesuchError(f"'{key}' is no key of the media store.")
        return self.root / key

    def read(self, key: str) -> bytes:
        """The file's bytes; NonesuchError when it is gone."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            raise NonesuchError(
                f"{self.path(key)} is missing; `nonesuch check --mend` has its exhibit made again."
            ) from None

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def size(self, key: str) -> int:
        """Bytes of a stored file."""
        return self.path(key).stat().st_size

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        """Every stored file, by key."""
        for shelf in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(shelf.iterdir()):
                if KEY.fullmatch(f"{shelf.name}/{path.name}"):
                    yield f"{shelf.name}/{path.name}"

    def leftovers(self) -> list[Path]:
        """What killed processes left half-written."""
        return sorted(self.root.glob("[0-9a-f][0-9a-f]/.part-*"))

    def sweep(self, older: float = 0) -> int:
        """Remove leftovers; call it only while holding the gallery lock. Returns how many there were.

        older: seconds since they were written to; another gallery of a shared store may be at work.
        """
        before = time.time() - older
        found = [path for path in self.leftovers() if path.stat().st_mtime <= before]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def users(self) -> dict[str, bytes]:
        """The galleries that are written down here, each with its note."""
        return {path.name: path.read_bytes() for path in sorted((self.root / USERS).glob("[0-9a-f]*"))}

    def enlist(self, name: str, note: bytes) -> None:
        """Write a gallery down, once."""
        path = self.root / USERS / name
        if path.is_file():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, note, durable=True)
        except OSError as error:
            raise self._refused(error) from error

    def strike(self, name: str) -> None:
        """Forget a gallery."""
        (self.root / USERS / name).unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes, durable: bool) -> None:
        with self._writing(path, durable) as file:
            file.write(data)

    @contextmanager
    def _writing(self, path: Path, durable: bool = True) -> Iterator[BinaryIO]:
        """A file that stands under its name when all was written."""
        temporary = path.with_name(f".part-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            with temporary.open("xb") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if not durable:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
