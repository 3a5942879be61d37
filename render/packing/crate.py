"""RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), checksums, and CITATION.cff 1.2.0: what an archive reads first."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from render import __version__
from render.bake.linked import ADDRESSES
from render.bake.views import MIME
from render.bake.words import licence_sentence
from render.config import Gallery
from render.packing.works import Work, day_of

CRATE = "ro-crate-metadata.json"
SUMS = "checksums.sha256"
PROFILE = "https://w3id.org/ro/crate/1.1"
SHA256 = "https://w3id.org/ro/terms/workflow-run#sha256"  # schema.org has no word for it that crates use
PLAIN = {
    "collection.csv": ("Every exhibit, a line each", "text/csv"),
    "data-dictionary.csv": ("What the columns of collection.csv mean", "text/csv"),
    "CITATION.cff": ("How to cite the gallery", "text/yaml"),
}


def crate(gallery: Gallery, works: list[Work], folder: Path, iiif: bool) -> bytes:
    """The crate's metadata. Hashes of the media are the catalogue's; those of the tables are taken here."""
    licence = _licence(gallery.about.licence)
    parts = [_plain(name, folder) for name in PLAIN]
    parts.append(_folder("site/", "The gallery as a website that is read from this folder"))
    if iiif:
        parts.append(_folder("iiif/", "IIIF Presentation 3 manifests; they belong beside the website's folders"))
    parts += _pictures(gallery, works)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": gallery.about.title,
        "description": _description(gallery, works),
        "datePublished": day_of(works),
        "license": {"@id": licence["@id"]},
        "publisher": {"@id": "#gallery"},
        "hasPart": [{"@id": part["@id"]} for part in parts],
    }
    if gallery.about.author:
        root["creditText"] = gallery.about.author
    about = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": PROFILE},
        "about": {"@id": "./"},
    }
    publisher = {"@id": "#gallery", "@type": "Organization", "name": gallery.about.author or gallery.about.title}
    if gallery.about.address:
        publisher["url"] = gallery.about.address
    others = {one.told.licence for one in works} - {gallery.about.licence}
    graph = [about, root, *parts, publisher, licence, *(_licence(other) for other in sorted(others))]
    value = {"@context": [f"{PROFILE}/context", {"sha256": SHA256}], "@graph": graph}
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def sums(folder: Path, works: list[Work]) -> bytes:
    """What ``sha256sum -c`` reads. Media are named by their hash and were checked when they were stored: only other
    files are read.
    """
    known = {f"site/media/{medium.key}": sum_ for work in works for medium, sum_ in work.files}
    paths = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != SUMS
    )
    return "".join(f"{known.get(path) or _sha256(folder / path)}  {path}\n" for path in paths).encode()


def citation(gallery: Gallery, works: list[Work]) -> bytes:
    """CITATION.cff (https://citation-file-format.github.io). Strings are JSON's, which YAML reads as its own."""
    about = gallery.about
    lines = {
        "cff-version": "1.2.0",
        "message": "If you use these pictures, please cite the gallery.",
        "type": "dataset",
        "title": about.title,
        "abstract": _description(gallery, works),
        "date-released": day_of(works),
    }
    if about.licence in ADDRESSES:
        lines["license"] = about.licence
    if about.address:
        lines["url"] = about.address
    text = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in lines.items())
    return f"{text}authors:\n  - name: {json.dumps(about.author or about.title, ensure_ascii=False)}\n".encode()


def _description(gallery: Gallery, works: list[Work]) -> str:
    names = ", ".join(section.many for section in gallery.sections)
    notes = " ".join(sorted({work.told.footnote for work in works if work.told.footnote}))
    return f"{len(works):,} pictures: {names}. {notes} Packed by nonesuch {__version__}.".replace("  ", " ")


def _plain(name: str, folder: Path) -> dict[str, Any]:
    title, kind = PLAIN[name]
    return {"@id": name, "@type": "File", "name": title, "encodingFormat": kind}


def _folder(name: str, title: str) -> dict[str, Any]:
    return {"@id": name, "@type": "Dataset", "name": title}


def _pictures(gallery: Gallery, works: list[Work]) -> list[dict[str, Any]]:
    """Every published file of every exhibit, each once."""
    found: dict[str, dict[str, Any]] = {}
    for work in works:
        for medium, sum_ in work.files:
            own = {} if work.told.licence == gallery.about.licence else {"license": _licence(work.told.licence)["@id"]}
            found[medium.key] = {
                "@id": f"site/media/{medium.key}",
                "@type": ["File", "ImageObject"],
                "name": f"{work.view['designation']}, {medium.width}\u202f×\u202f{medium.height}\u202fpx",
                "description": work.view["image"]["alt"],
                "encodingFormat": MIME.get(medium.format, f"image/{medium.format}"),
                "contentSize": str(medium.bytes),
                "sha256": sum_,
                **({"license": {"@id": own["license"]}} if own else {}),
            }
    return list(found.values())


def _licence(name: str) -> dict[str, Any]:
    address = ADDRESSES.get(name, f"#licence-{name}" if name else "#licence-unknown")
    return {
        "@id": address.replace(" ", "-"),
        "@type": "CreativeWork",
        "name": name or "not stated",
        "description": licence_sentence(name),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
