"""Folders of pictures that others made become collections: what is new gets a number, what is gone leaves its place.

A picture is known by what its file holds: one that was renamed stays the exhibit that it was, one that was changed is a
new exhibit, and one that comes back has its old number. A file that has the size and the time that it had is not read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from render.catalogue import Catalogue, Exhibit, Known
from render.config import Folder, Gallery
from render.cores import cores
from render.errors import UsageError
from render.importing.memory import Before, Found, Memory
from render.importing.pictures import ENCODER, Picture, Same, Unreached, Unread, read
from render.media import Store, open_store
from render.recipe import Recipe
from render.stages.renaming import adopt
from render.stages.session import stamp
from render.still import UNSURE

GONE = "its file is gone from the folder"
TAKEN_OFF = "it was taken off the site with `nonesuch rm`"
PAGES = ("psutil", "render.bake", "render.bake.folding", "render.bake.compiled")
SKY = ("render.atlas.look", "render.atlas.chart")
"""What comes after an import needs these, and loading them takes as long as encoding a picture."""


def readable(path: str) -> str:
    """A path as text: not every file's name is one."""
    return path.encode("utf-8", "replace").decode()


@dataclass
class Imported:
    """What became of a folder's files. unread: by path below the folder, why."""

    slug: str
    new: int = 0
    kept: int = 0
    gone: int = 0
    unread: dict[str, str] = field(default_factory=dict)


def import_folder(gallery: Gallery, folder: Folder, advance: Callable[[int], None] = lambda files: None) -> Imported:
    """Bring a collection to the state of its folder. `advance` is told of every file that was looked at.

    Raises UsageError when there is no such folder, or nothing in it though its pictures are on show: a disk that is not
    mounted must not empty the site.
    """
    root = gallery.folder / folder.pictures
    if not root.is_dir():
        raise UsageError(f"folder '{folder.slug}': there is no folder {root}; nothing was changed.")
    done = Imported(folder.slug)
    key = sha256(f"{ENCODER} {folder!r} {gallery.folder}".encode()).hexdigest()
    file = gallery.state / f"import-{folder.slug}.sqlite"
    with Catalogue(gallery.catalogue_path, write=True) as catalogue, Memory(file, key) as memory:
        adopt(gallery, catalogue)
        there = memory.look(str(root), map(str, gallery.filled))
        if there == 0 and (shown := sum(one.state == "shown" for one in catalogue.known(folder.slug))):
            raise UsageError(
                f"folder '{folder.slug}': {root} is empty, and {shown} exhibits came from it; is its disk mounted? "
                "Nothing was changed. Should all of them go, put any file into it."
            )
        rows = Rows(catalogue, folder, memory, done)
        store = open_store(gallery.store.location, gallery.folder)
        modules = (*PAGES, *(SKY if gallery.bake.sky else ()))
        for found, made in looked_at(root, rows, memory, folder, store, modules):
            if isinstance(made, Picture):
                identity = rows.put(made, found.path)
                memory.note(found, made.sha256, identity, said=done.unread.get(found.path, ""))
            elif isinstance(made, Same):
                rows.keep(made, found.path)
                memory.note(found, made.sha256, made.exhibit, said=done.unread.get(found.path, ""))
            elif isinstance(made, Unreached) and found.before and found.before.exhibit:
                done.unread[found.path] = f"{made}; what it held before stays"
                memory.first(found.before.exhibit, found.path)
                memory.note(found._replace(state=UNSURE), *found.before[1:3], said=done.unread[found.path])
            else:
                done.unread[found.path] = str(made)
                state = UNSURE if isinstance(made, Unreached) else found.state
                memory.note(found._replace(state=state), unread="" if found.wrong else str(made), said=str(made))
            catalogue.tick()
            advance(1)
        done.gone = rows.retire_others()
        catalogue.commit()
        memory.keep(os.path.realpath(root), folder.slug)
    return done


class Looked(NamedTuple):
    """A file of the folder, and what it holds."""

    found: Found
    made: Picture | Same | Unread


def looked_at(
    root: Path, rows: Rows, memory: Memory, folder: Folder, store: Store, modules: Sequence[str]
) -> Iterator[Looked]:
    """Every file, in order. Pictures are read and encoded on threads, a few ahead: memory does not grow with the
    folder. Beside the first one, `modules` are loaded: encoders leave Python idle.
    """

    def one(path: str, known: Same | None) -> Picture | Same | Unread:
        try:
            return read(root / path, folder, store, known)
        except Unread as reason:
            return reason

    threads = min(8, cores())
    waiting: deque[tuple[Found, Future[Picture | Same | Unread]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for found in memory.found():
            before = found.before
            known = rows.standing(before) if before else None
            if found.wrong:
                made: Picture | Same | Unread | None = Unread(found.wrong)
            elif before and before.same and before.unread:
                made = Unread(before.unread)
            else:
                made = known if before and before.same else None
            if made is None:
                waiting.append((found, pool.submit(one, found.path, known)))
                if modules:
                    pool.submit(load, modules)
                    modules = ()
            else:
                waiting.append((found, _done(made)))
            while waiting and (len(waiting) > 2 * threads or waiting[0][1].done()):
                yield Looked(waiting[0][0], waiting.popleft()[1].result())
        for found, future in waiting:
            yield Looked(found, future.result())


def load(modules: Iterable[str]) -> None:
    """Import these, so that whoever needs them next does not wait."""
    for name in modules:
        import_module(name)


def _done(made: Picture | Same | Unread) -> Future[Picture | Same | Unread]:
    future: Future[Picture | Same | Unread] = Future()
    future.set_result(made)
    return future


class Rows:
    """A folder's exhibits in the catalogue."""

    def __init__(self, catalogue: Catalogue, folder: Folder, memory: Memory, done: Imported) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._memory = memory
        self._done = done
        self._ordinal, self._number = (1 + last for last in catalogue.last(folder.slug, "image"))
        before = next(catalogue.exhibits(folder.slug), None)  # whose collection may have had another slug
        # the same file in another collection is another exhibit there
        self._source = before[0].recipe.source if before else folder.slug

    def standing(self, before: Before) -> Same | None:
        """What a file was, if it stands on the site with its files or was taken off for good."""
        one = self._catalogue.one(before.exhibit) if before.exhibit else None
        if one is None or not (one.state == "removed" or (one.state == "shown" and one.files)):
            return None
        return Same(before.sha256, before.exhibit, one.state == "removed")

    def keep(self, same: Same, path: str) -> None:
        """A file that is as it was."""
        if self._again(same.exhibit, path):
            return
        if same.removed:
            self._done.unread[path] = TAKEN_OFF
        else:
            self._done.kept += 1

    def put(self, picture: Picture, path: str) -> str:
        """A file that was read; returns its exhibit's id."""
        exhibit, before = self._exhibit(picture, path)
        if self._again(exhibit.id, path):
            return exhibit.id
        if before and before.state == "removed":
            self._done.unread[path] = TAKEN_OFF
        elif before and before.state == "shown" and before.files:
            self._catalogue.encoded_again(exhibit, picture.media)
            self._catalogue.captioned(exhibit.id, exhibit.texts or {})
            self._done.kept += 1
        else:
            self._catalogue.rendered(exhibit, picture.media)
            if before is None:
                self._ordinal += 1
                self._number += 1
            self._done.new += 1
        return exhibit.id

    def retire_others(self) -> int:
        """Exhibits whose files are gone leave the site; their numbers wait for them."""
        known = self._catalogue.known(self._folder.slug)
        gone = [one.id for one in known if one.state == "shown" and not self._memory.has(one.id)]
        for identity in gone:
            self._catalogue.retired(identity, GONE)
        return len(gone)

    def _again(self, identity: str, path: str) -> bool:
        first = self._memory.first(identity, path)
        if first != path:
            self._done.unread[path] = f"it is the same picture as {readable(first)}"
        return first != path

    def _exhibit(self, picture: Picture, path: str) -> tuple[Exhibit, Known | None]:
        """The exhibit that a picture is, and what the catalogue knows of it already."""
        folder, told = self._folder, picture.told
        size = max(picture.size)
        recipe = Recipe("imported", picture.sha256, 0, "none", 0, 0.0, size, source=self._source)
        before = self._catalogue.one(recipe.id)
        title = told.title or readable(Path(path).stem).replace("_", " ")
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
        exhibit = Exhibit(
            recipe,
            folder.slug,
            before.ordinal if before else self._ordinal,
            "shown",
            number=before.number if before else self._number,
            made_at=stamp(),
            texts={"title": title, "alt": alt, "author": "import"},
            display=picture.display | {"origin": origin} | self._place(path),
        )
        return exhibit, before

    def _place(self, path: str) -> dict[str, str]:
        """The folder within the folder, where there is one: it hangs together."""
        inside = readable(Path(path).parent.as_posix())
        return {"folder": inside} if self._folder.exhibitions and inside != "." else {}
