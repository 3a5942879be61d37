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
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from render.bake.files import Files, entries, link, stage
from render.bake.record import Decided, Known, Record
from render.still import State, stands, state_of

if TYPE_CHECKING:
    from render.bake.press import Press, Pressed, Work

MEDIA = "media"


class Rank(IntEnum):
    """The order in which files take their place: nothing is shown before what it leads to stands."""

    NEW = 0  # hashed names, which no page that visitors have links to yet
    PAGE = 1
    GALLERY = 2
    INDEX = 3


def digest(*parts: bytes | str) -> bytes:
    """16 bytes that differ when any part differs; lengths are mixed in, so parts cannot run into each other."""
    state = blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


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
        self.written = Files()
        self.removed = Files()
        self.kept = 0
        self._root = str(public)
        self._stage = state / "stage"
        self._stage_root = str(self._stage)
        self._staged = 0
        self._changed = False
        self._record = Record(state)
        self._folders: set[str] = set()  # those of the site that are the bake's own
        if self._record.undecided:
            self._apply()  # what a killed bake had decided
        shutil.rmtree(self._stage, ignore_errors=True)
        self._stage.mkdir()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._record.close()
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
        self._record.want(path)
        known = self._record.known(path)
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
        self._decide(path, rank, None, key, sum_)

    def _write(self, path: str, rank: Rank, staged: str, key: bytes, sum_: bytes) -> None:
        self.written.add(path)
        self._decide(path, rank, staged, key, sum_)

    def _next_name(self) -> str:
        self._staged += 1
        return f"{self._staged:07d}"

    def offered_below(self, folder: str) -> Iterator[str]:
        """The paths of the files below a folder (``galaxies/``) that were offered so far, sorted."""
        return self._record.wanted_below(folder)

    def weigh(self) -> tuple[int, int]:
        """How many files were offered, and their bytes; those that were ordered are made by now."""
        self._take(self._press.rest())
        files, total = 0, 0
        for staged, size in self._record.wanted_files():
            files += 1
            total += size if staged is None else os.stat(f"{self._stage_root}/{staged}").st_size
        return files, total

    def finish(self, owned: Iterable[str]) -> None:
        """Make the change. In the folders `owned` (relative to the site) every file that was not offered is stale."""
        self._take(self._press.rest())
        stale = [*self._record.unwanted(), *self._strays(owned)]
        for path in sorted(set(stale)):
            self.removed.add(path)
        if self._changed or stale:
            self._record.commit(stale)
            self._apply()

    def untouched(self, inputs: bytes) -> bool:
        """Whether the last bake had these inputs and all that it left still stands: then there is nothing to offer."""
        if self._record.notes().get("inputs") != inputs or not stands(self._record.db, self._root):
            return False
        self.kept = self._record.db.execute("SELECT count(*) FROM outputs").fetchone()[0]
        return self.kept > 0

    def note(self, inputs: bytes, settings: str, looked: Mapping[str, State]) -> None:
        """Remember what the site was made from, now that it stands. settings: the gallery's file; looked: the state of
        every file that was read, as it was before.
        """
        shelves = [f"{MEDIA}/{name}" for name, is_folder in entries(f"{self._root}/{MEDIA}") if is_folder]
        own = sorted({*self._folders, MEDIA, *shelves})
        found = {path: state_of(f"{self._root}/{path}").mtime for path in own}
        self._record.note({"inputs": inputs, "settings": settings}, looked, found)

    def look_again(self, looked: Mapping[str, State]) -> None:
        """The states of what was read are others, what they hold is the same."""
        notes: dict[str, Any] = self._record.notes()
        self._record.note(notes, looked, self._record.folders())

    def _stands(self, path: str, known: Known) -> bool:
        return known.size >= 0 and self._measure(path) == (known.size, known.mtime)

    def _decide(self, path: str, rank: Rank, staged: str | None, key: bytes, sum_: bytes) -> None:
        self._changed = True
        self._record.decide(Decided(path, int(rank), staged, key, sum_))

    def _strays(self, owned: Iterable[str]) -> Iterator[str]:
        """The files in the bake's own folders that nobody offered. A folder in which no name came or went since the
        last bake is not looked through.
        """
        known = self._record.folders()
        for top in owned:
            yield from self._strays_in(top, known)

    def _strays_in(self, folder: str, known: Mapping[str, int]) -> Iterator[str]:
        self._folders.add(folder)
        whole = f"{self._root}/{folder}"
        inside: list[str] = []
        if state_of(whole).mtime == known.get(folder):
            inside += (path for path in known if path.rpartition("/")[0] == folder)
        else:
            for name, is_folder in entries(whole):
                if is_folder:
                    inside.append(f"{folder}/{name}")
                elif not self._record.wanted(path := f"{folder}/{name}"):
                    yield path
        for each in inside:
            yield from self._strays_in(each, known)

    def _apply(self) -> None:
        """Carry out the journal. Every step may have been done already by a bake that was killed here."""
        there: set[str] = set()
        for path, staged in self._record.change():
            if (folder := os.path.dirname(path)) not in there:
                os.makedirs(f"{self._root}/{folder}", exist_ok=True)
                there.add(folder)
            if staged is not None:
                with suppress(FileNotFoundError):
                    os.replace(f"{self._stage_root}/{staged}", f"{self._root}/{path}")
        for path in self._record.stale():
            self._remove(path)
        self._record.settle(self._measure)
        for folder in there:
            while folder:
                self._folders.add(folder)
                folder = os.path.dirname(folder)

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

    def _measure(self, path: str) -> tuple[int, int]:
        """Size and time by which the file is known again; (-1, -1), which no file has, when it is not there."""
        state = state_of(f"{self._root}/{path}")
        return state.size, state.mtime
