"""The exhibits of a gallery as an archive describes them, with the hash of each of their files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from render.bake import views
from render.bake.chrome import Told, told_of
from render.bake.facts import origin_of
from render.bake.source import Medium, Row, Source
from render.bake.texts import texts_of
from render.config import Gallery, read_curation
from render.provenance import TRAINED

_SUMS = """
SELECT key, sha256 FROM media WHERE exhibit = ? AND role IN ('image', 'fallback', 'map')
"""


class Work(NamedTuple):
    """One shown exhibit."""

    slug: str
    told: Told
    row: Row
    view: dict[str, Any]
    texts: dict[str, Any]
    picture: Medium  # the JPEG that every program reads
    files: list[tuple[Medium, str]]  # every file that the site shows of it, and its sha256
    source_type: str  # IPTC's term for how it came about; empty where nobody said


def works_of(gallery: Gallery, db: sqlite3.Connection) -> Iterator[Work]:
    """All exhibits that are shown and have a picture, by collection and number."""
    source = Source(db, read_curation(gallery.folder))
    for section in gallery.sections:
        told = told_of(section, gallery)
        for row in source.rows(section.slug):
            picture = row.fallback
            if not row.shown or picture is None:
                continue
            sums = dict(db.execute(_SUMS, (row.id,)).fetchall())
            named = {medium.key: medium for medium in row.media if medium.key in sums}
            files = [(medium, sums[key]) for key, medium in named.items()]
            origin = origin_of(row)
            made = (origin["source_type"] if origin else TRAINED) or ""
            view = views.tile(row, section.slug)
            yield Work(section.slug, told, row, view, texts_of(row), picture, files, made)
            row.forget()


def day_of(works: list[Work]) -> str:
    """The day on which the newest of them was made; the first day of all where nobody noted one."""
    return max((str(work.row.column("made_at") or "")[:10] for work in works), default="") or "1970-01-01"
