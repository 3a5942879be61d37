"""The files of a new gallery, as they lie in this folder; the commented ``gallery.toml`` is also the default one."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from render.config import GALLERY
from render.config.problems import sentences
from render.config.settings import About
from render.errors import UsageError

HERE = Path(__file__).resolve().parent
FILES = {
    GALLERY: GALLERY,
    "netlify.toml": "netlify.toml",
    ".gitignore": "gitignore",
    ".github/workflows/publish.yml": "pages.yml",
}


def scaffold(folder: Path, title: str | None = None) -> list[Path]:
    """Write a new gallery into `folder`; answers with what was written.

    Raises UsageError, having written nothing, when one of the files is there already or the title is none.
    """
    text = default(title)
    present = [name for name in FILES if (folder / name).exists()]
    if present:
        raise UsageError(f"{folder} already has {', '.join(present)}: choose another folder; nothing was written.")
    make_folder(folder)
    written: list[Path] = []
    for name, source in FILES.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text if name == GALLERY else (HERE / source).read_text(encoding="utf-8"))
        written.append(target)
    return written


def make_folder(folder: Path) -> None:
    """The folder of a gallery, made where there is none; UsageError where something else stands in its way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else "it cannot be written to"
    except FileExistsError:
        reason = "it is a file"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise UsageError(f"{folder} cannot be the folder of a gallery ({reason}): choose another one.")


def default(title: str | None = None) -> str:
    """The default ``gallery.toml``, with another title where one is given; its comments are kept.

    Raises UsageError for a title that would be refused when the file is read.
    """
    text = (HERE / GALLERY).read_text(encoding="utf-8")
    if title is None:
        return text
    import tomlkit

    try:
        About(title=title)
    except ValidationError as error:
        raise UsageError(f"{sentences(error, About)[0]}; nothing was written.") from None
    document = tomlkit.parse(text)
    document["gallery"]["title"] = title
    return tomlkit.dumps(document)
