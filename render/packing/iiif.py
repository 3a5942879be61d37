"""IIIF Presentation 3 (https://iiif.io/api/presentation/3.0/): a manifest for every exhibit, without tiles.

Viewers fetch manifests and pictures by whole addresses, so there are manifests only where ``gallery.address`` is set,
and the folder ``iiif/`` belongs beside the site's other folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from render.bake.api import picture_of
from render.bake.compositor import as_json
from render.bake.linked import ADDRESSES
from render.config import Collection, Folder, Gallery
from render.packing.works import Work

CONTEXT = "http://iiif.io/api/presentation/3/context.json"


def manifests(gallery: Gallery, works: list[Work], address: str) -> Iterator[tuple[str, bytes]]:
    """Every exhibit's manifest, with its path in the package."""
    for work in works:
        yield _path(work), as_json(_manifest(gallery, work, address))


def collection_of(gallery: Gallery, section: Collection | Folder, works: list[Work], address: str) -> tuple[str, bytes]:
    """The list of a collection's manifests."""
    path = f"iiif/{section.slug}/collection.json"
    items = [
        {"id": f"{address}{_path(work)}", "type": "Manifest", "label": _words(_label(work), "en")}
        for work in works
        if work.slug == section.slug
    ]
    label = f"{gallery.about.title}: {section.many}"
    return path, as_json(
        {
            "@context": CONTEXT,
            "id": f"{address}{path}",
            "type": "Collection",
            "label": _words(label, "en"),
            "homepage": [_homepage(f"{address}{section.slug}/", label)],
            "items": items,
        }
    )


def _manifest(gallery: Gallery, work: Work, address: str) -> dict[str, Any]:
    own = f"{address}{_path(work)}".removesuffix(".json")
    language = work.texts.get("language", "en")
    canvas = f"{own}/canvas"
    size = {"width": work.picture.width, "height": work.picture.height}
    picture = {"id": _picture(gallery, work, address), "type": "Image", "format": "image/jpeg", **size}
    painting = {
        "id": f"{own}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": picture,
        "target": canvas,
    }
    page = {"id": f"{own}/page", "type": "AnnotationPage", "items": [painting]}
    said = " ".join(part for part in (work.told.footnote, work.told.author) if part)
    manifest = {
        "@context": CONTEXT,
        "id": f"{own}.json",
        "type": "Manifest",
        "label": _words(_label(work), "en"),
        "summary": _words(work.view["image"]["alt"], language),
        "metadata": [_pair(name, value) for name, value in _facts(work)],
        "homepage": [_homepage(f"{address}{work.view['href']}", _label(work))],
        "thumbnail": [picture],
        "items": [{"id": canvas, "type": "Canvas", **size, "items": [page]}],
    }
    if said:
        manifest["requiredStatement"] = _pair("Attribution", said)
    if rights := ADDRESSES.get(work.told.licence):
        manifest["rights"] = rights.replace("https:", "http:")  # the form that the specification asks for
    return manifest


def _path(work: Work) -> str:
    return f"iiif/{work.slug}/{work.row.number}.json"


def _picture(gallery: Gallery, work: Work, address: str) -> str:
    """The address that is for ever, where the gallery has such addresses."""
    return f"{address}{picture_of(work.slug, work.row.number) if gallery.bake.api else f'media/{work.picture.key}'}"


def _label(work: Work) -> str:
    title, designation = work.view["title"], work.view["designation"]
    return str(designation if title == designation else f"{designation}: {title}")


def _facts(work: Work) -> Iterator[tuple[str, str]]:
    yield "Designation", work.view["designation"]
    if work.view["found"]:
        yield "Looks like", work.view["found"]
    if caption := work.texts.get("caption"):
        yield "Caption", caption
    if work.source_type:
        yield "Digital source type", work.source_type


def _pair(name: str, value: str) -> dict[str, Any]:
    return {"label": _words(name, "en"), "value": _words(value, "en")}


def _words(text: str, language: str) -> dict[str, list[str]]:
    """A language map. Viewers may take a value for HTML that begins with < and ends with >: ours is text."""
    return {language: [f" {text}" if text.startswith("<") else text]}


def _homepage(address: str, label: str) -> dict[str, Any]:
    return {"id": address, "type": "Text", "label": _words(label, "en"), "format": "text/html"}
