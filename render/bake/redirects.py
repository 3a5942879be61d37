"""Pages of collections that have another slug now: they lead on, without script and without a server."""

from __future__ import annotations

from posixpath import dirname, relpath

from render.bake.chrome import Chrome, home_of
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.places import API
from render.config import Gallery


def offer_redirects(former: str, chrome: Chrome, out: Outputs, pages: Pages) -> None:
    """For every page of a collection in the language of `chrome`, one under its former slug."""
    for target in out.offered_below(f"{chrome.place}/"):
        if not target.endswith(".html"):
            continue
        path = f"{chrome.home}{former}/{target.removeprefix(f'{chrome.place}/')}"
        way = relpath(target, dirname(path)).removesuffix("index.html")
        whole = f"{chrome.site['address']}{target.removesuffix('index.html')}" if chrome.site["address"] else ""
        key = digest(pages.key("redirect.html"), path, target, whole, chrome.site["policy"])

        def render(way: str = way, whole: str = whole) -> bytes:
            return pages.render("redirect.html", policy=chrome.site["policy"], href=way, canonical=whole)

        out.offer(path, Rank.PAGE, key, render)


def rules(gallery: Gallery) -> str:
    """``_redirects``, for hosts that read it: Netlify asks it where no file is, Cloudflare before any file."""
    base = gallery.about.base
    return "".join(
        f"{base}{place}{former}/* {base}{place}{section.slug}/:splat 301\n"
        for section in gallery.sections
        for former in section.formerly
        for place in ("", API, *(home_of(one, gallery) for one in gallery.about.languages[1:]))
    )
