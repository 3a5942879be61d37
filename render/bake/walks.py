"""The pages of a collection's walks: one large, the others as a filmstrip. There are few; each page shows all."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.facts import written
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.source import Medium, Row
from render.bake.texts import texts_of
from render.bake.tongue import N_, _, ngettext, spoken
from render.bake.words import class_name
from render.config import Gallery, Walk

CODECS = {"av1": 0, "h264": 1}  # browsers take the first that they can play: the smaller file first
SMALL_AV1 = 768
"""The widest square film of AV1's level 3.0; wider ones are of level 4.0 (AV1 specification, annex A)."""
KINDS = {
    "great-circle": (
        N_("Great circle"),
        N_(
            "The noise goes once around a circle through both pictures; their opposites, as good noise as any, lie on "
            "it."
        ),
    ),
    "spline": (N_("Closed spline"), N_("The noise goes along a smooth closed curve through all pictures.")),
    "w-spline": (
        N_("Closed spline in W"),
        N_("The styles, not the noise, go along a smooth closed curve through those of all pictures."),
    ),
    "morph": (
        N_("Morph"),
        N_("The noise is the same in every frame; what the network was asked for changes, and changes back."),
    ),
    "plane": (
        N_("Plane"),
        N_(
            "Four pictures stand in the corners of a square. Between them the noise goes along great circles, across "
            "and down, and the network drew what lies there. From one picture to the next, your browser fades."
        ),
    ),
}
"""What a walk's path is called, and what moves on it."""


def offer_walks(rows: list[Row], gallery: Gallery, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer a page for every walk, and the first one again as the folder's own page."""
    settings = gallery.walks_of(chrome.slug)
    described = repr([walk.model_dump() for walk in settings])
    key = digest(pages.key("walks.html"), chrome.key, described, *(row.digest for row in rows))
    for position, row in enumerate(rows):
        paths = [_page_of(chrome.place, row.number)] + ([f"{chrome.place}/walks/index.html"] if position == 0 else [])
        for path in paths:
            out.offer(
                path,
                Rank.INDEX if position == 0 else Rank.PAGE,
                digest(key, str(row.number), path),
                partial(_page, rows, position, settings, pages, chrome, path),
            )


def walk_pages(rows: list[Row], chrome: Chrome) -> list[str]:
    """The addresses of these walks."""
    return [_page_of(chrome.place, row.number) for row in rows]


def _page(rows: list[Row], position: int, settings: list[Walk], pages: Pages, chrome: Chrome, path: str) -> bytes:
    walks = [_view(row, settings, chrome) for row in rows]
    context = chrome.context(base_of(path), f"{chrome.place}/walks/", path, walk=walks[position], walks=walks)
    return pages.render("walks.html", **context)


def _page_of(place: str, number: int) -> str:
    return f"{place}/walks/{number}.html"


def _view(row: Row, settings: list[Walk], chrome: Chrome) -> dict[str, Any]:
    setting = _setting(row, settings)
    texts = texts_of(row)
    posters = [m for m in row.media if m.role == "poster"]
    poster = next((m for m in posters if m.format == "jpeg"), posters[0] if posters else None)
    title = (setting.title if setting else "") or texts.get("title") or _between(row, chrome.collection["title"])
    return {
        "href": _page_of(chrome.place, row.number),
        "designation": views.walk_designation(row.number),
        "title": title,
        "alt": texts.get("alt") or _("Generated pictures, one changing into another: %(title)s") % {"title": title},
        "caption": texts.get("caption", ""),
        "language": texts.get("language", "en") if texts.get("title") or texts.get("caption") else spoken(),
        "written": written(texts),
        "width": poster.width if poster else 0,
        "height": poster.height if poster else 0,
        "poster": poster.key if poster else "",
        "videos": _videos(row),
        "plane": _plane(row),
        "gif": next(({"key": m.key} for m in row.media if m.role == "gif"), None),
        "downloads": views.downloads(row, chrome.slug),
        "kind": _kind(row),
        "moves": _moves(row),
        "facts": _facts(row),
        "recipe": views.recipe(row),
        "frames": row.json("display").get("frames") or 0,
        "fps": row.json("display").get("fps") or 0,
    }


def _plane(row: Row) -> dict[str, Any] | None:
    """The sheet of a plane's pictures, and how many stand side by side on it; None for a film."""
    walk = row.json("recipe").get("walk", {})
    sheets = {medium.format: medium for medium in row.media if medium.role in ("image", "fallback")}
    if walk.get("path") != "plane" or "jpeg" not in sheets:
        return None
    jpeg, avif = sheets["jpeg"], sheets.get("avif")
    return {
        "side": math.isqrt(walk["frames"]),
        "jpeg": jpeg.key,
        "avif": avif.key if avif else "",
        "width": jpeg.width,
    }


def _videos(row: Row) -> list[dict[str, str]]:
    videos = sorted((m for m in row.media if m.role == "video"), key=lambda m: (CODECS.get(m.format, 2), m.width))
    return [{"key": m.key, "type": _type(m)} for m in videos]


def _type(medium: Medium) -> str:
    base = views.MIME.get(medium.key.rpartition(".")[2], "video/mp4")
    level = "04" if medium.width <= SMALL_AV1 else "08"
    return f"{base}; codecs=av01.0.{level}M.08" if medium.format == "av1" else base


def _setting(row: Row, settings: list[Walk]) -> Walk | None:
    """The table of ``gallery.toml`` that asked for this walk; None for one that is no longer asked for."""
    return next((walk for walk in settings if walk.slug == row.column("slug")), None)


def _between(row: Row, thing: str) -> str:
    keyframes = row.json("recipe").get("walk", {}).get("keyframes", [])
    names = list(dict.fromkeys(class_name(one.get("class_name")) or thing for one in keyframes))
    if row.json("recipe").get("walk", {}).get("path") == "plane":
        return _("Between four: %(names)s") % {"names": ", ".join(names)}
    if len(names) == 1:
        return _("From one %(name)s to another, and back") % {"name": names[0]}
    told = _("%(others)s and %(last)s, and back") % {"others": ", ".join(names[:-1]), "last": names[-1]}
    return told.capitalize()


def _kind(row: Row) -> str:
    """What moves, in two or three words."""
    walk = row.json("recipe").get("walk", {})
    name = _(KINDS.get(walk.get("path", ""), (N_("Loop"), ""))[0])
    return _("Swirl over a %(path)s") % {"path": f"{name[0].lower()}{name[1:]}"} if walk.get("swirl") else name


def _moves(row: Row) -> str:
    """The same in sentences, for people who have never heard of latents."""
    walk = row.json("recipe").get("walk", {})
    path = KINDS.get(walk.get("path", ""))
    moves, swirl = [_(path[1])] if path else [], walk.get("swirl")
    if swirl and swirl["mirrors"]:
        moves.append(_(MIRRORED) % {"mirrors": swirl["mirrors"]})
    elif swirl:
        moves.append(_(DRIFTING))
    return " ".join(moves)


DRIFTING = N_("The pictures drift on computed currents, come slowly nearer: that is ours, not the network's.")
MIRRORED = N_(
    "The pictures drift on computed currents, come slowly nearer, and stand between %(mirrors)s mirrors: that is ours, "
    "not the network's."
)


def _facts(row: Row) -> str:
    walk, display = row.json("recipe").get("walk", {}), row.json("display")
    pictures = walk.get("frames", 0)
    keyframes = len(walk.get("keyframes", []))
    if walk.get("path") == "plane":
        told = _("between %(corners)s keyframes · %(pictures)s pictures")
        return told % {"corners": keyframes, "pictures": pictures}
    parts = [
        ngettext("through %(n)s keyframe", "through %(n)s keyframes", keyframes) % {"n": keyframes},
        ngettext("%(n)s picture", "%(n)s pictures", pictures) % {"n": pictures},
    ]
    frames, fps = display.get("frames", pictures), display.get("fps")
    if frames != pictures:
        parts.append(ngettext("%(n)s frame", "%(n)s frames", frames) % {"n": frames})
    if fps:
        parts += [_("%(n)s a second") % {"n": fps}, views.lasting(frames / fps)]
    return " · ".join(parts)
