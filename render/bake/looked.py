"""Everything that a bake reads beside the catalogue and the store, in the state in which it is before it is read.

`render.still` compares with it to say that nothing changed. So the list may be too long, and then a bake is done for
nothing; it must never be too short: `tests/test_still.py` has a bake say which files it opens.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from render.bake.prose import FOLDER as OWN
from render.bake.theme import FOLDER as THEME
from render.config import CURATION, LOCK, Gallery
from render.resources import PACKAGE, resource
from render.still import UNSURE, State, state_of
from render.weights import candidates


def look(gallery: Gallery, home: Path) -> dict[str, State]:
    """The state of every file and folder by its path; also of those that are not there but would be read if they were.

    What changed just now is `UNSURE`. Empty, which stands for nothing, where ``gallery.toml`` is no longer the one that
    `gallery` was read from.
    """
    states = {os.path.abspath(path): state_of(str(path)) for path in _paths(gallery, home)}
    now = time.time_ns()
    if not gallery.as_read():
        return {}
    return {path: state if state.settled(now) else UNSURE for path, state in states.items()}


def _paths(gallery: Gallery, home: Path) -> Iterator[Path]:
    yield from (gallery.file, gallery.share)
    yield from (home / name for name in (CURATION, LOCK))
    for folder in (home / THEME, home / OWN, resource("templates"), resource("site"), home / "lab" / "finished"):
        yield from _tree(folder)
    if gallery.lab and gallery.lab.finished:
        for folder in (resource("labs") / gallery.lab.finished, home / gallery.lab.finished):
            yield from _tree(folder)
    names = [name for one in gallery.collections for name in (one.weights, one.student, one.upscaler) if name]
    for name in {*names, gallery.classify.weights, *gallery.evidence.judges, gallery.bake.real} - {""}:
        for folder in candidates(name, home):
            yield from _tree(folder)
    for collection in gallery.collections:  # what gallery.toml names is looked at when it is read
        yield from (home / name for name in (collection.sketches, collection.prompts, collection.mask) if name)
    yield from (home / name for name in (gallery.sign.certificate, gallery.sign.key) if name)
    yield from _tree(PACKAGE, leave=("_data",))


def _tree(folder: Path, leave: tuple[str, ...] = ()) -> Iterator[Path]:
    """A folder, its files, and what is below it. leave: folders that are other resources."""
    yield folder
    for where, names, files in os.walk(folder):
        names[:] = [name for name in names if name != "__pycache__" and name not in leave]
        yield from (Path(where, name) for name in (*names, *files))
