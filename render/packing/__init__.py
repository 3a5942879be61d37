"""A package of a gallery for museums and archives: what outlives its site.

``pack/`` holds a site that is read from a disk, a table of all exhibits with a data dictionary, IIIF manifests, an
RO-Crate and a citation. Nothing is rendered, no network is opened, and the same catalogue gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from render.bake import bake
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.press import Press
from render.catalogue import FILE, Catalogue, gallery_lock
from render.config import Gallery
from render.packing.crate import CRATE, SUMS, citation, crate, sums
from render.packing.iiif import collection_of, manifests
from render.packing.works import Work, works_of
from render.resources import resource

__all__ = ["Packed", "pack"]

SITE = "site"


@dataclass(frozen=True)
class Packed:
    """What is in the package."""

    folder: Path
    exhibits: int
    manifests: int  # 0 where the site's address is not set
    written: int
    removed: int


def pack(gallery: Gallery, site: Path | None = None) -> Packed:
    """Bring ``pack/`` up to the catalogue's state. `site` stands in for the shipped style."""
    from render.packing.table import dictionary, table

    folder = gallery.folder / "pack"
    with gallery_lock(gallery.folder):
        report = bake(_for_disk(gallery), site=site, edition=folder / SITE)
        with Catalogue(gallery.folder / FILE) as catalogue:
            works = list(works_of(gallery, catalogue.db))
        address = f"{gallery.about.address.rstrip('/')}/" if gallery.about.address else ""
        pages = Pages(resource("templates"))
        with Press(pages, 1) as press, Outputs(folder, gallery.folder / ".nonesuch" / "pack", press) as out:
            _offer(out, "collection.csv", table(works))
            _offer(out, "data-dictionary.csv", dictionary())
            _offer(out, "CITATION.cff", citation(gallery, works))
            described = _offer_manifests(out, gallery, works, address) if address else 0
            _offer(out, CRATE, crate(gallery, works, folder, iiif=described > 0))
            out.finish(owned=["iiif"])
            _offer_sums(out, folder, works)
    return Packed(folder, len(works), described, report.files + out.written.count, out.removed.count)


def _for_disk(gallery: Gallery) -> Gallery:
    """The same gallery as a site without an address, and without what only servers and programs read."""
    about = gallery.about.model_copy(update={"address": None, "base": "./"})
    without = {"api": False, "previews": "none", "draw": False, "sky": False, "real": "", "offline": False}
    plain = gallery.bake.model_copy(update=without)
    here = gallery.store.model_copy(update={"media_url": None})
    return gallery.model_copy(update={"about": about, "bake": plain, "store": here})


def _offer(out: Outputs, path: str, body: bytes) -> None:
    out.offer(path, Rank.PAGE, digest(body), lambda: body)


def _offer_manifests(out: Outputs, gallery: Gallery, works: list[Work], address: str) -> int:
    count = 0
    for path, body in manifests(gallery, works, address):
        _offer(out, path, body)
        count += 1
    for collection in gallery.sections:
        _offer(out, *collection_of(gallery, collection, works, address))
    return count


def _offer_sums(out: Outputs, folder: Path, works: list[Work]) -> None:
    """The last file: it states the hash of every other."""
    body = sums(folder, works)
    target = folder / SUMS
    if not target.is_file() or target.read_bytes() != body:
        part = target.with_name(f"{SUMS}.part")
        part.write_bytes(body)
        part.replace(target)
        out.written.add(SUMS)
