"""What keeps the preview up to date while a gallery, its templates or its style are being changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from render.bake import bake
from render.catalogue import FILE, gallery_lock
from render.config import CURATION, GALLERY, Gallery, load_gallery
from render.errors import NonesuchError
from render.resources import resource

POLL = 0.5  # seconds between looks at the files
Say = Callable[[str], None]


class Watch:
    """Bakes again when templates, style, script, settings or catalogue change, and tells when the site did."""

    def __init__(self, gallery: Gallery, reload: Callable[[], None], say: Say) -> None:
        self._gallery = gallery
        self._reload = reload
        self._say = say
        self._inputs: list[tuple[str, int, int]] = []
        self._complaint = ""
        self._site = self._fingerprint([gallery.state / "bake.sqlite"])

    def look(self) -> None:
        """One look at the files: bake what changed, reload what was baked (here or by another command).

        What is wrong is said and looked at again: the maker is in the middle of changing it.
        """
        try:
            inputs = self._fingerprint(self._watched())
            if inputs != self._inputs and self._bake():
                self._inputs = inputs
        except (NonesuchError, OSError, sqlite3.Error) as error:  # gone or busy: soon it may be there
            if str(error) != self._complaint:
                self._complaint = str(error)
                self._say(f"the site cannot be baked now: {error}")
        site = self._fingerprint([self._gallery.state / "bake.sqlite"])
        if site != self._site:
            self._site = site
            self._reload()

    def run(self, stop: threading.Event) -> None:
        """Look every half second until told to stop."""
        while not stop.wait(POLL):
            self.look()

    def _bake(self) -> bool:
        """True when this state of the inputs is dealt with; False when another command holds the gallery."""
        try:
            self._gallery = load_gallery(self._gallery.folder)
            with ExitStack() as held:
                try:
                    held.enter_context(gallery_lock(self._gallery.folder))
                except NonesuchError:
                    return False  # its own bake will follow, and then a look finds it
                report = bake(self._gallery)
        except NonesuchError as error:
            self._say(str(error))
            return True
        self._complaint = ""
        if report.files or report.gone:
            self._say(f"{report.files} files written, {report.gone} removed, {report.seconds:.2f} s.")
        return True

    def _watched(self) -> Iterable[Path]:
        folder = self._gallery.folder
        yield from (folder / GALLERY, folder / CURATION, folder / FILE, folder / f"{FILE}-wal")
        yield from sorted(resource("templates").iterdir())
        yield from sorted(resource("site").iterdir())
        yield from sorted([*(folder / "theme").glob("*"), *(folder / "pages").glob("*")])

    @staticmethod
    def _fingerprint(paths: Iterable[Path]) -> list[tuple[str, int, int]]:
        found = []
        for path in paths:
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((str(path), state.st_mtime_ns, state.st_size))
        return found
