"""The collections' shares of a site, in one language: what each offers, and what follows its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from render.bake.about import Cards
from render.bake.api import CollectionApi
from render.bake.chrome import Assets, Chrome, There
from render.bake.comparing import kind_of
from render.bake.exhibitions import Exhibitions
from render.bake.exhibits import CollectionPages, Follower
from render.bake.facts import Facts
from render.bake.feeds import Feeds
from render.bake.galaxy10 import words_of
from render.bake.lab import Laboratory
from render.bake.outputs import Outputs
from render.bake.pages import Pages
from render.bake.previews import Previews
from render.bake.prose import Prose
from render.bake.rooms import Rooms
from render.bake.source import Row, Source
from render.bake.stored import reading
from render.bake.walks import walk_pages
from render.config import Collection, Folder, Gallery
from render.display import PLAIN
from render.weights import Card


@dataclass(frozen=True)
class Bench:
    """What a bake works with, the same for all its languages and collections."""

    gallery: Gallery
    source: Source
    out: Outputs
    pages: Pages
    assets: Assets
    cards: Cards
    prose: Prose
    laboratory: Laboratory


class Part(NamedTuple):
    """One collection's share of the site."""

    chrome: Chrome
    pages: CollectionPages
    walks: list[Row]
    followers: list[Follower]
    rooms: Rooms
    formerly: list[str]

    @property
    def exhibits(self) -> int:
        return self.pages.tally.shown + len(self.walks)


def listed(parts: list[Part], exhibitions: Exhibitions) -> list[str]:
    """The addresses of a language's pages, exhibits' and later ones of galleries left out."""
    listed = [parts[0].chrome.home, *(f"{part.chrome.place}/" for part in parts)]
    listed += [entry["href"] for part in parts for entry in part.chrome.site["menu"]]
    listed += [href for part in parts for href in walk_pages(part.walks, part.chrome)]
    return [*listed, *exhibitions.hrefs]


def printed(collection: Collection | Folder, card: Card | None) -> bool:
    """Whether a collection's pictures fill their frames: imported ones, and those that were learned as they are shown.
    Galaxies, globes and silhouettes lie on black.
    """
    if isinstance(collection, Folder):
        return True
    return card is not None and card.surface is None and card.mapping.name == PLAIN


def parts_of(bench: Bench, exhibitions: Exhibitions) -> list[Part]:
    """Every collection's share, in the language that is spoken."""
    gallery, source, out, cards, assets = bench.gallery, bench.source, bench.out, bench.cards, bench.assets
    found = []
    for position, collection in enumerate(gallery.sections):
        walks = [row for row in source.rows(collection.slug, "walk") if row.shown]
        rooms = Rooms(gallery, collection, assets, cards, source)
        open_rooms, told = tuple(rooms.open(bool(walks))), rooms.studio.told
        detector = cards.detector_of(collection)
        seen = (bool(exhibitions.all), bench.prose.footer, bench.laboratory.open)
        prints = printed(collection, cards.of(collection))
        there = There(open_rooms, rooms.sky.data, told, *seen, kind_of(detector), words_of(cards.classifier), prints)
        chrome = Chrome(gallery, collection, assets, there)
        judges = (cards.classifier, detector)
        facts = Facts(cards.of(collection), *judges, chrome.site["licence"], chrome.site["author"])
        previews = Previews(chrome, assets, out, reading(gallery, out.public.parent), gallery.bake.previews)
        size = gallery.bake.page_size
        one = CollectionPages(source, out, bench.pages, chrome, facts, previews, exhibitions, size, position == 0)
        followers: list[Follower] = [exhibitions.gather(chrome.exhibits), rooms.oddities]
        for at in ("", *collection.formerly) if not chrome.home else ():
            followers += _followers(gallery, chrome, one, out, at)
        found.append(Part(chrome, one, walks, followers, rooms, collection.formerly))
    return found


def _followers(gallery: Gallery, chrome: Chrome, pages: CollectionPages, out: Outputs, at: str) -> list[Follower]:
    followers: list[Follower] = []
    if gallery.bake.api:
        read = reading(gallery, out.public.parent)
        followers.append(CollectionApi(chrome, pages.tally, out, out.public / "media", read, at))
    if chrome.site["address"]:
        followers.append(Feeds(chrome, out, at))
    return followers
