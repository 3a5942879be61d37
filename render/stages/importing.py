"""Folders of pictures that others made become collections: what is new gets a number, what is gone leaves its place.

A picture is known by what its file holds: one that was renamed stays the exhibit that it was, one that was changed is a
new exhibit, and one that comes back has its old number. A file that has the size and the time that it had is not read.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from render.catalogue import Catalogue, Exhibit
from render.config import Folder, Gallery
from render.cores import cores
from render.errors import UsageError
from render.importing import ENCODER, SUFFIXES, Picture, Unread, read
from render.media import Store, open_store
from render.recipe import Recipe
from render.stages.renaming import adopt
from render.stages.session import stamp

GONE = "its file is gone from the folder"


@dataclass
class Imported:
    """What became of a folder's files. unread: by path below the folder, why."""

    slug: str
    new: int = 0
    kept: int = 0
    gone: int = 0
    unread: dict[str, str] = field(default_factory=dict)


@dataclass
class Remembered:
    """A file as the last import left it. id: its exhibit; empty when it was not read, for `reason`."""

    size: int
    mtime: int
    id: str = ""
    reason: str = ""


def import_folder(gallery: Gallery, folder: Folder, advance: Callable[[int], None] = lambda files: None) -> Imported:
    """Bring a collection to the state of its folder. `advance` is told of every file that was looked at.

    Raises UsageError when there is no such folder: a disk that is not mounted must not empty the site.
    """
    root = gallery.folder / folder.pictures
    if not root.is_dir():
        raise UsageError(f"folder '{folder.slug}': there is no folder {root}; nothing was changed.")
    memory = Memory(gallery, folder)
    done = Imported(folder.slug)
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        adopt(gallery, catalogue)
        rows = Rows(catalogue, folder)
        todo: list[tuple[str, Remembered]] = []
        for path, now in files(root, done.unread):
            before = memory.files.get(path)
            same = before and (before.size, before.mtime) == (now.size, now.mtime)
            if before and same and before.reason:
                done.unread[path] = before.reason
            elif before and same and rows.shown(before.id):
                rows.keep(before.id, path, done)
            else:
                todo.append((path, now))
                continue
            memory.now[path] = before
            advance(1)
        for path, now, picture in pictures(root, todo, folder, open_store(gallery.store.location, gallery.folder)):
            if isinstance(picture, Unread):
                now.reason = done.unread[path] = str(picture)
            else:
                now.id = rows.put(picture, path, done)
            memory.now[path] = now
            catalogue.tick()
            advance(1)
        done.gone = rows.retire_others()
    memory.save()
    return done


def files(root: Path, unread: dict[str, str]) -> Iterator[tuple[str, Remembered]]:
    """Every picture below a folder by name, in order; what cannot be one is noted as unread. Links are not followed."""
    for folder, names, found in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        inside = Path(folder).relative_to(root)
        for name in sorted(name for name in found if not name.startswith(".")):
            path, whole = (inside / name).as_posix(), Path(folder, name)
            if whole.is_symlink() or not whole.is_file():
                unread[path] = "it is a link or no plain file"
            elif whole.suffix.lower() not in SUFFIXES:
                unread[path] = "it is no picture by its name"
            else:
                state = whole.stat()
                yield path, Remembered(state.st_size, state.st_mtime_ns)


def pictures(
    root: Path, todo: Iterable[tuple[str, Remembered]], folder: Folder, store: Store
) -> Iterator[tuple[str, Remembered, Picture | Unread]]:
    """Read and encode on threads, in order, a few ahead: memory does not grow with the folder."""

    def one(path: str) -> Picture | Unread:
        try:
            return read(root / path, folder, store)
        except Unread as reason:
            return reason

    threads = min(8, cores())
    waiting: deque[tuple[str, Remembered, Future[Picture | Unread]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for path, now in todo:
            waiting.append((path, now, pool.submit(one, path)))
            if len(waiting) > 2 * threads:
                first = waiting.popleft()
                yield first[0], first[1], first[2].result()
        for path, now, made in waiting:
            yield path, now, made.result()


class Rows:
    """A folder's exhibits in the catalogue."""

    def __init__(self, catalogue: Catalogue, folder: Folder) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._known = {one.id: one for one in catalogue.known(folder.slug)}
        self._ordinal = 1 + max((one.ordinal for one in self._known.values()), default=-1)
        self._number = 1 + max((one.number or 0 for one in self._known.values()), default=0)
        self._seen: dict[str, str] = {}
        before = next(catalogue.exhibits(folder.slug), None)  # whose collection may have had another slug
        # the same file in another collection is another exhibit there
        self._source = before[0].recipe.source if before else folder.slug

    def shown(self, identity: str) -> bool:
        """Whether an exhibit stands on the site with its files, or was taken off for good."""
        one = self._known.get(identity)
        return one is not None and (one.state == "removed" or (one.state == "shown" and bool(one.files)))

    def keep(self, identity: str, path: str, done: Imported) -> None:
        """A file that is as it was."""
        if self._again(identity, path, done):
            return
        if self._known[identity].state == "removed":
            done.unread[path] = "it was taken off the site with `nonesuch rm`"
        else:
            done.kept += 1

    def put(self, picture: Picture, path: str, done: Imported) -> str:
        """A file that was read; returns its exhibit's id."""
        exhibit = self._exhibit(picture, path)
        before = self._known.get(exhibit.id)
        if self._again(exhibit.id, path, done):
            return exhibit.id
        if before and before.state == "removed":
            done.unread[path] = "it was taken off the site with `nonesuch rm`"
        elif before and before.state == "shown" and before.files:
            self._catalogue.encoded_again(exhibit, picture.media)
            self._catalogue.captioned(exhibit.id, exhibit.texts or {})
            done.kept += 1
        else:
            self._catalogue.rendered(exhibit, picture.media)
            if before is None:
                self._ordinal += 1
                self._number += 1
            done.new += 1
        return exhibit.id

    def retire_others(self) -> int:
        """Exhibits whose files are gone leave the site; their numbers wait for them."""
        gone = [one for one in self._known.values() if one.state == "shown" and one.id not in self._seen]
        for one in gone:
            self._catalogue.retired(one.id, GONE)
        return len(gone)

    def _again(self, identity: str, path: str, done: Imported) -> bool:
        first = self._seen.setdefault(identity, path)
        if first != path:
            done.unread[path] = f"it is the same picture as {first}"
        return first != path

    def _exhibit(self, picture: Picture, path: str) -> Exhibit:
        folder, told = self._folder, picture.told
        size = max(picture.size)
        recipe = Recipe("imported", picture.sha256, 0, "none", 0, 0.0, size, source=self._source)
        before = self._known.get(recipe.id)
        title = told.title or Path(path).stem.replace("_", " ")
        alt = told.description or f"{title} ({folder.title}; no description was given)"
        origin: dict[str, Any] = {
            "source_type": picture.source_type,
            "program": told.program,
            "settings": told.settings,
            "width": picture.size[0],
            "height": picture.size[1],
        }
        if folder.prompts:
            origin["texts"] = ({"Prompt": told.prompt} if told.prompt else {}) | told.other
        return Exhibit(
            recipe,
            folder.slug,
            before.ordinal if before else self._ordinal,
            "shown",
            number=before.number if before else self._number,
            made_at=stamp(),
            pixel_hash=picture.pixel_hash,
            perceptual_hash=picture.perceptual_hash,
            texts={"title": title, "alt": alt, "author": "import"},
            display=picture.display | {"origin": origin} | self._place(path),
        )

    def _place(self, path: str) -> dict[str, str]:
        """The folder within the folder, where there is one: it hangs together."""
        inside = Path(path).parent.as_posix().encode("utf-8", "replace").decode()
        return {"folder": inside} if self._folder.exhibitions and inside != "." else {}


class Memory:
    """What the last import saw of a folder: a cache, void when settings or encoder change."""

    def __init__(self, gallery: Gallery, folder: Folder) -> None:
        self._path = gallery.state / f"import-{folder.slug}.json"
        self._key = sha256(f"{ENCODER} {folder!r} {gallery.folder}".encode()).hexdigest()
        self.files: Mapping[str, Remembered] = {}
        self.now: dict[str, Remembered] = {}
        try:
            saved = json.loads(self._path.read_text(encoding="utf-8"))
            if saved["key"] == self._key:
                self.files = {path: Remembered(*values) for path, values in saved["files"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            pass

    def save(self) -> None:
        """Remember this import."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files = {path: list(asdict(one).values()) for path, one in self.now.items()}
        partial = self._path.with_suffix(".part")
        partial.write_text(json.dumps({"key": self._key, "files": files}), encoding="utf-8")
        partial.replace(self._path)
