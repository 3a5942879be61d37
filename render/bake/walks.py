"""The pages of a collection's walks: one loop large, the others as a filmstrip. There are few; each page shows all."""

from __future__ import annotations

from functools import partial
from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.facts import written
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.source import Medium, Row
from render.bake.texts import texts_of
from render.bake.words import class_name
from render.config import Gallery, Walk

CODECS = {"av1": 0, "h264": 1}  # browsers take the first that they can play: the smaller file first


def offer_walks(rows: list[Row], gallery: Gallery, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer a page for every walk, and the first one again as the folder's own page."""
    settings = gallery.walks_of(chrome.slug)
    described = repr([walk.model_dump() for walk in settings])
    key = digest(pages.key("walks.html"), chrome.key, described, *(row.digest for row in rows))
    for position, row in enumerate(rows):
        paths = [_page_of(chrome.slug, row.number)] + ([f"{chrome.slug}/walks/index.html"] if position == 0 else [])
        for path in paths:
            out.offer(
                path,
                Rank.INDEX if position == 0 else Rank.PAGE,
                digest(key, str(row.number), path),
                partial(_page, rows, position, settings, pages, chrome, path),
            )


def _page(rows: list[Row], position: int, settings: list[Walk], pages: Pages, chrome: Chrome, path: str) -> bytes:
    walks = [_view(row, settings, chrome.slug) for row in rows]
    context = chrome.context(base_of(path), f"{chrome.slug}/walks/", walk=walks[position], walks=walks)
    return pages.render("walks.html", **context)


def _page_of(slug: str, number: int) -> str:
    return f"{slug}/walks/{number}.html"


def _view(row: Row, settings: list[Walk], slug: str) -> dict[str, Any]:
    setting = _setting(row, settings)
    texts = texts_of(row)
    posters = [m for m in row.media if m.role == "poster"]
    poster = next((m for m in posters if m.format == "jpeg"), posters[0] if posters else None)
    title = (setting.title if setting else "") or texts.get("title") or _between(row)
    return {
        "href": _page_of(slug, row.number),
        "designation": views.walk_designation(row.number),
        "title": title,
        "alt": texts.get("alt") or f"A closed loop through generated pictures: {title}",
        "caption": texts.get("caption", ""),
        "language": texts.get("language", "en"),
        "written": written(texts),
        "width": poster.width if poster else 0,
        "height": poster.height if poster else 0,
        "poster": poster.key if poster else "",
        "videos": _videos(row),
        "gif": next(({"key": m.key} for m in row.media if m.role == "gif"), None),
        "downloads": views.downloads(row, slug),
        "facts": _facts(row),
    }


def _videos(row: Row) -> list[dict[str, str]]:
    videos = sorted((m for m in row.media if m.role == "video"), key=lambda m: (CODECS.get(m.format, 2), m.width))
    return [{"key": m.key, "type": _type(m)} for m in videos]


def _type(medium: Medium) -> str:
    base = views.MIME.get(medium.key.rpartition(".")[2], "video/mp4")
    return f"{base}; codecs=av01.0.04M.08" if medium.format == "av1" else base


def _setting(row: Row, settings: list[Walk]) -> Walk | None:
    """The table of ``gallery.toml`` that asked for this walk; None for one that is no longer asked for."""
    return next((walk for walk in settings if walk.slug == row.column("slug")), None)


def _between(row: Row) -> str:
    keyframes = row.json("recipe").get("walk", {}).get("keyframes", [])
    names = list(dict.fromkeys(class_name(one.get("class_name")) or "galaxy" for one in keyframes))
    if len(names) == 1:
        return f"From one {names[0]} to another, and back"
    return f"{', '.join(names[:-1])} and {names[-1]}, and back".capitalize()


def _facts(row: Row) -> str:
    walk = row.json("recipe").get("walk", {})
    path = {"great-circle": "great circle", "spline": "closed spline"}.get(walk.get("path", ""), "loop")
    parts = [f"{path} through {len(walk.get('keyframes', []))} latents", f"{walk.get('frames', 0)} frames"]
    if fps := row.json("display").get("fps"):
        parts.append(f"{fps} a second")
    return " · ".join(parts)
