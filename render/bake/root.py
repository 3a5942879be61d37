"""The files of the site's root: 404, what hosts and crawlers read, and the built browser side."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from render.bake import views
from render.bake.about import Cards, about_context
from render.bake.chrome import Assets, Chrome, base_of, header, home_of
from render.bake.draw import PAGES
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.redirects import rules
from render.bake.source import Row, Tally
from render.config import Gallery

SITEMAP = 10_000
PAGES_MAP = "sitemap.txt"


def offer_about(
    gallery: Gallery,
    cards: Cards,
    authentic: tuple[int, int],
    whole: dict[str, dict[str, Any]],
    out: Outputs,
    pages: Pages,
    chrome: Chrome,
) -> None:
    """Offer ``about/index.html``, in the language that is spoken. whole: by collection, what a stage found out about
    it as a whole.
    """
    variables: dict[str, Any] = about_context(gallery, cards, chrome.site["licence"], authentic, whole)
    key = digest(pages.key("about.html"), chrome.key, repr(variables))

    def render() -> bytes:
        return pages.render("about.html", **chrome.context(base_of(path), f"{chrome.home}about/", path, **variables))

    path = f"{chrome.home}about/index.html"
    out.offer(path, Rank.INDEX, key, render)


def offer_missing(gallery: Gallery, first: Row | None, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer ``404.html``: hosts send it for any address, so its links start at the configured base."""
    base = gallery.about.base
    key = digest(pages.key("404.html"), chrome.key, base, first.digest if first else b"")

    def render() -> bytes:
        return pages.render("404.html", **chrome.context(base, exhibit=first and views.tile(first, chrome.slug)))

    out.offer("404.html", Rank.INDEX, key, render)


def offer_plain(
    gallery: Gallery, chrome: Chrome, tallies: dict[str, Tally], out: Outputs, drawn: list[str], pages: list[str]
) -> None:
    """Offer ``_headers``, ``.nojekyll``, and, where the site's address is known, ``robots.txt`` and the sitemaps.

    drawn: folders of collections that visitors draw in; pages: the addresses of all pages that are no exhibit's and no
    later page of a gallery.
    """
    _offer(out, ".nojekyll", "")
    _offer(out, "_headers", _headers(gallery, drawn))
    if moved := rules(gallery):
        _offer(out, "_redirects", moved)
    if address := chrome.site["address"]:
        homes = [home_of(one, gallery) for one in gallery.about.languages] if gallery.bake.exhibit_languages else [""]
        maps = [
            name
            for home in homes
            for slug, tally in tallies.items()
            for name in _sitemaps(address, f"{home}{slug}", tally, out)
        ]
        _offer(out, PAGES_MAP, "".join(f"{address}{page}\n" for page in dict.fromkeys(pages)))
        maps.append(PAGES_MAP)
        lines = ["User-agent: *", "Allow: /", *(f"Sitemap: {address}{name}" for name in maps)]
        _offer(out, "robots.txt", "\n".join(lines) + "\n")


def _sitemaps(address: str, place: str, tally: Tally, out: Outputs) -> Iterator[str]:
    """Plain-text sitemaps, filled from the oldest number like everything else."""
    gone = set(tally.gone)
    for start in range(1, tally.last + 1, SITEMAP):
        numbers = [n for n in range(start, min(start + SITEMAP, tally.last + 1)) if n not in gone]
        name = f"sitemap-{place.replace('/', '-')}-{start}.txt"
        there = dict.fromkeys(views.page_of(place, n).partition("#")[0] for n in numbers)
        _offer(out, name, "".join(f"{address}{page}\n" for page in there))
        yield name


def offer_assets(assets: Assets, out: Outputs, without: Collection[str] = ()) -> None:
    """Offer the built style, script, fonts and icons under their hashed names, but for those whose plain name is in
    `without`.
    """
    for name in sorted(name for plain, name in assets.names.items() if plain not in without):
        out.offer(f"assets/{name}", Rank.NEW, digest(name), (assets.folder / name).read_bytes)


def _offer(out: Outputs, path: str, text: str) -> None:
    out.offer(path, Rank.INDEX, digest(text), text.encode)


def _headers(gallery: Gallery, drawn: list[str]) -> str:
    """Whatever has its content's hash in its name never changes. For the rest the hosts' own rule holds, which asks
    again each time: a rule of ours would be joined to that of the hashed names, not give way to it. Programs on other
    sites may read everything; GitHub Pages says the same of every site.
    """
    base = gallery.about.base
    # where a page is isolated from others, its browser may compute on several threads
    isolated = "  Cross-Origin-Opener-Policy: same-origin\n  Cross-Origin-Embedder-Policy: require-corp\n"
    immutable = "  Cache-Control: public, max-age=31536000, immutable\n"
    return (
        f"{base}*\n"
        f"  Content-Security-Policy: {header(gallery)}\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Referrer-Policy: no-referrer\n"
        "  Access-Control-Allow-Origin: *\n"
        f"{base}media/*\n{immutable}"
        f"{base}assets/*\n{immutable}  Cross-Origin-Embedder-Policy: require-corp\n"
        + "".join(f"{base}{slug}/{name}/*\n{isolated}" for slug in drawn for name in PAGES)
    )
