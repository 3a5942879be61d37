"""A collection's slug changes: its exhibits go along, with their numbers, and old addresses lead to the new ones.

``gallery.toml`` is written first, with the old slug under `formerly`. Whatever happens then, the next command that
makes or imports something finds exhibits under a former slug and takes them along.
"""

from __future__ import annotations

from pathlib import Path

from render.catalogue import Catalogue
from render.config import GALLERY, Gallery, load_gallery, parse_gallery, read_lock, write_lock
from render.durable import write_whole
from render.errors import UsageError


def adopt(gallery: Gallery, catalogue: Catalogue) -> int:
    """Give exhibits that stand under a former slug to their collection; returns how many there were."""
    if not any(section.formerly for section in gallery.sections):
        return 0
    there = catalogue.collections()
    moved = 0
    for section in gallery.sections:
        for former in section.formerly:
            if former in there:
                moved += catalogue.renamed(former, section.slug)
            (gallery.state / f"import-{former}.sqlite").unlink(missing_ok=True)
    catalogue.commit()
    _take_generations(gallery)
    return moved


def _take_generations(gallery: Gallery) -> None:
    """Where `nonesuch upgrade` began a new generation is noted by slug, and goes along too."""
    lock = read_lock(gallery.folder)
    now = {former: section.slug for section in gallery.sections for former in section.formerly}
    first = {now.get(slug, slug): ordinal for slug, ordinal in lock.first.items()}
    if first != lock.first:
        write_lock(gallery.folder, lock.model_copy(update={"first": first}))


def rename(folder: Path, old: str, new: str) -> int:
    """Change a slug in ``gallery.toml`` and in the catalogue; returns how many exhibits went along.

    Raises UsageError, with nothing written, where there is no such collection or the new slug will not do.
    """
    import tomlkit

    gallery = load_gallery(folder)
    known = [section.slug for section in gallery.sections]
    if old not in known:
        raise UsageError(f"there is no collection '{old}'; this gallery has {', '.join(known)}.")
    file = gallery.folder / GALLERY
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    for table in [*document.get("collection", []), *document.get("folder", [])]:
        if table["slug"] == old:
            table["slug"] = new
            table["formerly"] = [*(one for one in table.get("formerly", []) if one != new), old]
    for walk in document.get("walk", []):
        if walk["collection"] == old:
            walk["collection"] = new
    text = tomlkit.dumps(document)
    renamed = parse_gallery(text, file)
    if not gallery.catalogue_path.exists():
        write_whole(file, text)
        return 0
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        if new in catalogue.collections():
            raise UsageError(f"the catalogue has exhibits of a collection '{new}' already; nothing was written.")
        write_whole(file, text)
        return adopt(renamed, catalogue)
