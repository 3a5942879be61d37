"""Files on the disk as the bake handles them: written to the staging folder, linked, listed, counted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress

NAMED = 10_000
"""So many of the files that were written or removed are named in the end; the rest is only counted."""


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


class Files:
    """Files that were written or removed: how many, and the names of the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.names: list[str] = []

    def add(self, path: str) -> None:
        """One more."""
        self.count += 1
        if len(self.names) < NAMED:
            self.names.append(path)


def entries(folder: str) -> Iterator[tuple[str, bool]]:
    """The names in a folder, and whether each is a folder; a link is none."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        for entry in found:
            yield entry.name, entry.is_dir(follow_symlinks=False)
