"""Media files of the site: named by their content, written once, never changed.

They live outside the swap of pages. A new file cannot disturb anyone, since no page names it yet, and a file that no
page names any more goes after the pages that named it. From a store on the same disk they are hard links: no bytes are
copied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from render.errors import NonesuchError


class Media:
    """The folder ``media/`` of a site, compared with the keys that its pages name."""

    def __init__(self, folder: Path, source: Callable[[str], Path | bytes], on_trial: bool = False) -> None:
        """source: from a key to the stored file, or to its bytes where the store is no folder. on_trial: whether what
        is added may have to go again (`retract`), so that its names are held: that is memory for every exhibit.
        """
        self.added = 0
        self._folder = str(folder)
        self._source = source
        self._stale: list[str] = []
        self._new: list[str] | None = [] if on_trial else None

    def publish(self, keys: Iterable[str]) -> None:
        """Link what is missing. `keys` (``ab/abcdef.avif``) come sorted, and are walked folder by folder."""
        seen = set()
        for shelf, group in groupby(keys, key=lambda key: key.partition("/")[0]):
            seen.add(shelf)
            there = _names(f"{self._folder}/{shelf}")
            wanted = {key.partition("/")[2] for key in group}
            missing = wanted - there
            if missing and not there:
                os.makedirs(f"{self._folder}/{shelf}", exist_ok=True)
            for name in sorted(missing):
                self._link(f"{shelf}/{name}")
                if self._new is not None:
                    self._new.append(f"{shelf}/{name}")
            self._stale += (f"{shelf}/{name}" for name in there - wanted)
        for shelf in _names(self._folder) - seen:
            self._stale += (f"{shelf}/{name}" for name in _names(f"{self._folder}/{shelf}"))

    def retract(self) -> None:
        """Take away again what was added: the pages that would have named it are not to be."""
        for key in self._new or ():
            Path(self._folder, key).unlink(missing_ok=True)

    def sweep(self) -> list[str]:
        """Remove what no page names any more; call it when the pages have changed."""
        for name in self._stale:
            target = Path(self._folder, name)
            target.unlink(missing_ok=True)
            try:
                target.parent.rmdir()
            except OSError:  # not empty
                continue
        return sorted(self._stale)

    def _link(self, key: str) -> None:
        source, target = self._source(key), f"{self._folder}/{key}"
        if isinstance(source, bytes):
            Path(f"{target}.part").write_bytes(source)
            os.replace(f"{target}.part", target)
            self.added += 1
            return
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise NonesuchError(
                f"the media store lacks {key}, which the catalogue lists: run 'nonesuch check --mend' first."
            ) from None
        except FileExistsError:
            return
        except OSError:  # another disk, or a file system without links
            shutil.copyfile(source, f"{target}.part")
            os.replace(f"{target}.part", target)
        self.added += 1


def _names(folder: str) -> set[str]:
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return set()
