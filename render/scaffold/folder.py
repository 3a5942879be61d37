"""A table ``[[folder]]`` for pictures that others made, added to a gallery's file; its comments stay as they are."""

from __future__ import annotations

import os
from pathlib import Path

from render.config import GALLERY, Folder, Gallery, load_gallery, parse_gallery
from render.config.values import slug_of
from render.durable import write_whole
from render.errors import UsageError
from render.scaffold import make_folder

BEGUN = """# Pictures that others made: `nonesuch import` reads them, `nonesuch serve` shows them.

[gallery]
title = {title}
"""


def with_folder(
    gallery: Path, pictures: Path, slug: str, title: str, made: str, prompts: bool
) -> tuple[Gallery, Folder]:
    """The gallery with a table for these pictures: the one that it has already, or a new one, which is written.

    A gallery that is not there yet is begun. Raises UsageError, with nothing written, when the settings are wrong.
    """
    if not pictures.is_dir():
        raise UsageError(f"there is no folder {pictures}: name the one that holds the pictures; nothing was written.")
    file = gallery if gallery.name == GALLERY else gallery / GALLERY
    wanted = pictures.resolve()
    if file.is_file():
        loaded = load_gallery(file)
        for folder in loaded.folders:
            if (loaded.folder / folder.pictures).resolve() == wanted:
                return loaded, folder
    import tomlkit
    from tomlkit.items import AoT

    if file.is_file():
        text = file.read_text(encoding="utf-8")
    else:
        text = BEGUN.format(title=tomlkit.item(title or wanted.name).as_string())
    home = file.parent.resolve()
    table = tomlkit.table()
    table["slug"] = slug or slug_of(wanted.name, "pictures")
    table["title"] = title or "picture"
    inside = wanted.is_relative_to(home)
    table["pictures"] = os.path.relpath(wanted, home).replace(os.sep, "/") if inside else str(wanted)
    table["made"] = made
    if prompts:
        table["prompts"] = True
    document = tomlkit.parse(text)
    tables = document.get("folder")
    if not isinstance(tables, AoT):
        tables = tomlkit.aot()
        document["folder"] = tables
    tables.append(table)
    text = tomlkit.dumps(document)
    loaded = parse_gallery(text, file)  # refuses what would be wrong, before anything is written
    make_folder(file.parent)
    write_whole(file, text)  # it is the maker's own
    return loaded, loaded.folders[-1]
