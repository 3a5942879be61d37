"""``gallery.toml``, ``gallery.lock`` and ``curation.toml``. Nothing later in the program reads TOML of a gallery.

`load_gallery` lists every problem at once, each with its key, what was expected and the nearest valid name, and nothing
is written before a gallery has loaded.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from render.config.checks import problems
from render.config.curation import CURATION, Curation, Decision, Exhibition, read_curation, write_curation
from render.config.lock import LOCK, Lock, check_weights, pin_weights, read_lock, write_lock
from render.config.problems import sentences
from render.config.settings import Gallery
from render.config.shown import Collection, Folder, Keyframe, Walk
from render.errors import UsageError

GALLERY = "gallery.toml"

__all__ = [
    "CURATION",
    "GALLERY",
    "LOCK",
    "Collection",
    "Curation",
    "Decision",
    "Exhibition",
    "Folder",
    "Gallery",
    "Keyframe",
    "Lock",
    "Walk",
    "check_weights",
    "load_gallery",
    "parse_gallery",
    "pin_weights",
    "read_curation",
    "read_lock",
    "write_curation",
    "write_lock",
]


def load_gallery(path: Path) -> Gallery:
    """The gallery in a folder, or of a ``gallery.toml``.

    Raises UsageError that lists every problem; nothing was written.
    """
    file = path / GALLERY if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        begun = file.parent if path.is_dir() or path.suffix == ".toml" else path
        raise UsageError(f"there is no {file}: make a gallery with `nonesuch new {begun}`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None
    return parse_gallery(text, file)


def parse_gallery(text: str, file: Path) -> Gallery:
    """A gallery from the text of `file`, whose folder is where its relative paths start."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}.") from None
    try:
        gallery = Gallery.model_validate(values)
    except ValidationError as error:
        raise _refusal(file, sentences(error, Gallery)) from None
    gallery._folder = file.parent.resolve()
    gallery._file, gallery._text = gallery._folder / file.name, text
    if found := problems(gallery):
        raise _refusal(file, found)
    return gallery


def _refusal(file: Path, problems: list[str]) -> UsageError:
    if len(problems) == 1:
        return UsageError(f"{file}: {problems[0]}{'' if problems[0].endswith('?') else '.'}")
    listed = "".join(f"\n  {problem}" for problem in problems)
    return UsageError(f"{file} has {len(problems)} problems:{listed}")
