"""A gallery's own look: the folder ``theme/`` beside ``gallery.toml``, file by file in place of what ships.

A template there (``exhibit.html``) stands in for the shipped one of that name, which it may extend as
``shipped/exhibit.html``. ``style.css`` comes after the shipped style on every page. Other files (a typeface, a logo)
are published beside it, in ``theme/``, so that the style can name them.
"""

from __future__ import annotations

from pathlib import Path

from render.bake.outputs import Outputs, Rank, digest

FOLDER = "theme"
STYLE = f"{FOLDER}/style.css"


class Theme:
    """The folder, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        there = sorted(folder.iterdir()) if folder.is_dir() else []
        self.templates = {path.name: path for path in there if path.suffix == ".html"}
        self._files = {
            f"{FOLDER}/{path.name}": path.read_bytes()
            for path in there
            if path.suffix != ".html" and not path.name.startswith((".", "_")) and path.is_file()
        }

    @property
    def key(self) -> bytes:
        """Changes with any of the published files; templates have their own keys."""
        return digest(*(part for path, body in self._files.items() for part in (path, body)))

    @property
    def style(self) -> str:
        """The address of its style sheet, empty where it has none."""
        return STYLE if STYLE in self._files else ""

    def offer(self, out: Outputs) -> None:
        """Offer its files."""
        for path, body in self._files.items():
            out.offer(path, Rank.NEW, digest(body), body.__bytes__)
