"""The gallery lock: held by every command that writes to a gallery, for as long as it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from render.errors import NonesuchError

LOCK = ".nonesuch.lock"


@contextmanager
def gallery_lock(folder: Path) -> Iterator[None]:
    """Holds the gallery in `folder`; may be taken again inside by the same process.

    The operating system frees it when the process ends, however it ends, so a killed run locks nobody out; the empty
    file stays. Raises NonesuchError at once when another command holds it.
    """
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        raise NonesuchError(
            f"another nonesuch command is working on the gallery in {folder}: wait until it has finished, or stop it."
        ) from None
    except OSError as error:
        raise NonesuchError(f"{folder} cannot be locked for writing: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()
