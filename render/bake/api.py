"""The static API below ``api/v1/``, and every picture under its number: what other programs read of a gallery.

A number is given once and for ever, so a program may fetch ``<collection>/4127.jpg`` by arithmetic. That promise
outlives the exhibit: when it is taken off, its record says so, and the picture of the nearest shown number below it
(above it, at the beginning) stands under its address. Pictures are hard links to the media: one more name, no bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, code_key
from render.bake.compositor import as_json
from render.bake.evidence import UNCHECKED, sentence
from render.bake.facts import origin_of
from render.bake.galaxy10 import derived
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.places import API
from render.bake.records import (
    Brief,
    ClassRecord,
    CollectionRecord,
    Compared,
    ExhibitRecord,
    File,
    Galaxy10,
    GoneRecord,
    Listed,
    Record,
    ShardRecord,
    SiteRecord,
    schema,
)
from render.bake.source import Medium, Row, Tally
from render.bake.texts import texts_of
from render.bake.tongue import _
from render.bake.windows import Window, Windows
from render.bake.words import class_slug
from render.provenance import TRAINED

SHARD = 100


def picture_of(slug: str, number: int) -> str:
    """The address of a number's picture, relative to the site's root."""
    return f"{slug}/{number}.jpg"


def record_of(slug: str, number: int) -> str:
    """The address of a number's record."""
    return f"{API}{slug}/{number}.json"


class CollectionApi:
    """Offers one collection's records and numbered pictures, row by row in the order of their numbers."""

    def __init__(
        self, chrome: Chrome, tally: Tally, out: Outputs, media: Path, read: Callable[[str], bytes], at: str = ""
    ) -> None:
        """media: the site's folder of media; read: what the store's file of a key holds, where media lie elsewhere;
        at: a former slug, under which the same files stand once more.
        """
        self._chrome = chrome
        self._slug = chrome.slug
        self._at = at or chrome.slug
        self._tally = tally
        self._out = out
        self._media, self._read = media, read
        self._next = 1  # the first number that has no record yet
        self._stand_in: tuple[int, Medium] | None = None
        self._numbers: dict[str, list[int]] = {}
        self._shard_next = 0  # the first shard that was not offered yet
        self._shards = Windows(SHARD, self._shard, empty=True)

    def row(self, row: Row) -> None:
        """The next row: an exhibit or a tombstone."""
        self._shards.by_number(row)
        if not row.shown or (picture := row.fallback) is None:
            return
        before, self._stand_in = self._stand_in, (row.number, picture)
        self._gone(row.number, before or self._stand_in)
        self._next = row.number + 1
        if found := row.column("found"):
            self._numbers.setdefault(found, []).append(row.number)
        self._picture(row.number, picture)
        key = digest(self._chrome.key, row.digest)
        self._out.order(record_of(self._at, row.number), Rank.PAGE, key, partial(exhibit_json, row, self._chrome))

    def close(self) -> None:
        """What is known when all rows were seen."""
        self._gone(self._tally.last + 1, self._stand_in)
        self._shards.close()
        for name, numbers in self._numbers.items():
            record = ClassRecord(collection=self._slug, class_name=name, count=len(numbers), numbers=numbers)
            self._offer_made(self._class_file(name, self._at), Rank.INDEX, record)
        self._offer_made(f"{API}{self._at}/index.json", Rank.INDEX, self._index())

    def _gone(self, end: int, stand_in: tuple[int, Medium] | None) -> None:
        """The numbers before `end` that show no exhibit."""
        for number in range(self._next, end):
            other = stand_in[0] if stand_in else None
            record = GoneRecord(collection=self._slug, number=number, stands_in=other)
            self._offer_made(record_of(self._at, number), Rank.PAGE, record)
            if stand_in:
                self._picture(number, stand_in[1])

    def _picture(self, number: int, picture: Medium) -> None:
        path, key = picture_of(self._at, number), f"link {picture.key}".encode()
        if self._chrome.site["media"]:  # nothing here to link: a copy, so that every number has its picture for ever
            self._out.offer(path, Rank.NEW, key, lambda: self._read(picture.key))
            return
        self._out.offer_link(path, Rank.NEW, key, f"{self._media}/{picture.key}")

    def _offer_made(self, path: str, rank: Rank, record: Record) -> None:
        self._out.offer(path, rank, digest(code_key(), repr(record)), record.as_json)

    def _shard(self, window: Window) -> None:
        for index in range(self._shard_next, window.index):
            self._offer_made(
                self._shard_file(index), Rank.INDEX, ShardRecord(collection=self._slug, index=index, exhibits=[])
            )
        self._shard_next = window.index + 1
        key = digest(self._chrome.ways, self._slug, *(row.digest for row in window.rows))
        work = partial(shard_json, window.index, window.rows, self._chrome)
        self._out.order(self._shard_file(window.index), Rank.INDEX, key, work)

    def _shard_file(self, index: int) -> str:
        return f"{API}{self._at}/shards/{index}.json"

    def _class_file(self, name: str, at: str) -> str:
        return f"{API}{at}/classes/{class_slug(name)}.json"

    def _index(self) -> CollectionRecord:
        collection = self._chrome.collection
        return CollectionRecord(
            slug=self._slug,
            title=collection["title"],
            plural=collection["many"],
            count=self._tally.shown,
            last=self._tally.last,
            gone=self._tally.gone,
            picture=f"{self._slug}/{{number}}.jpg",
            exhibit=f"{API}{self._slug}/{{number}}.json",
            shard=SHARD,
            shards=-(-self._tally.last // SHARD),
            classes={name: len(numbers) for name, numbers in sorted(self._numbers.items())},
            class_files={name: self._class_file(name, self._slug) for name in sorted(self._numbers)},
        )


def offer_site_record(site: dict[str, Any], tallies: dict[str, Tally], out: Outputs) -> None:
    """Offer ``api/v1/index.json`` and the schema beside it."""
    listed = [
        Listed(slug=slug, count=tally.shown, last=tally.last, index=f"{API}{slug}/index.json")
        for slug, tally in tallies.items()
    ]
    record = SiteRecord(
        title=site["title"],
        root=site["address"] or None,
        collections=listed,
    )
    out.offer(f"{API}index.json", Rank.INDEX, digest(code_key(), repr(record)), record.as_json)
    out.offer(f"{API}schema.json", Rank.PAGE, digest(code_key()), lambda: as_json(schema()))


def exhibit_json(row: Row, chrome: Chrome, pages: Pages) -> bytes:
    """An exhibit's record."""
    with chrome.voice():
        return _exhibit(row, chrome).as_json()


def shard_json(index: int, rows: list[Row], chrome: Chrome, pages: Pages) -> bytes:
    """The exhibits of a stretch of numbers, in brief."""
    with chrome.voice():
        exhibits = [_brief(row, chrome.slug) for row in rows]
    return ShardRecord(collection=chrome.slug, index=index, exhibits=exhibits).as_json()


def _exhibit(row: Row, chrome: Chrome) -> ExhibitRecord:
    site, slug = chrome.site, chrome.slug
    picture = row.fallback
    if picture is None:
        raise ValueError(f"exhibit {row.number} has no picture to stand under its number")
    view = views.tile(row, slug)
    texts = texts_of(row)
    measured = row.json("measurements")
    evidence = row.json("evidence")
    origin = origin_of(row)
    return ExhibitRecord(
        title=view["title"],
        url=f"{site['address']}{picture_of(slug, row.number)}",
        width=picture.width,
        height=picture.height,
        author_name=site["author"] or None,
        provider_name=site["title"],
        provider_url=site["address"] or None,
        collection=slug,
        number=row.number,
        id=row.id,
        designation=view["designation"],
        page=view["href"],
        picture=picture_of(slug, row.number),
        files=list(_files(row, chrome.media)),
        alt=view["image"]["alt"],
        caption=texts.get("caption") or None,
        description=texts.get("description") or None,
        colour=view["image"]["colour"],
        asked=row.column("asked"),
        found=row.column("found"),
        probabilities=row.json("classes").get("probabilities"),
        galaxy10=Galaxy10(name=name) if (name := derived(row, chrome.words)[1]) else None,
        measurements={name: value for name, value in measured.items() if type(value) in (int, float)} or None,
        evidence=Compared(
            checked=bool(evidence.get("checked")),
            line=None if origin else sentence(evidence, chrome.judge) if evidence.get("checked") else _(UNCHECKED),
            **{name: evidence.get(name) for name in ("distance", "percentile", "authentic")},
        ),
        recipe=None if origin else row.json("recipe"),
        origin=origin or None,
        made_at=row.column("made_at"),
        licence=site["terms"] or None,
        digital_source_type=(origin["source_type"] if origin else TRAINED) or None,
    )


def _brief(row: Row, slug: str) -> Brief:
    view = views.tile(row, slug)
    return Brief(
        number=row.number,
        id=row.id,
        title=view["title"],
        alt=view["image"]["alt"],
        found=row.column("found"),
        share=view["share"],
        colour=view["image"]["colour"],
    )


def _files(row: Row, media: str) -> Iterator[File]:
    for medium in row.media:
        if medium.role in ("image", "fallback"):
            yield File(
                path=f"{media}{medium.key}",
                type=views.MIME.get(medium.format, f"image/{medium.format}"),
                width=medium.width,
                height=medium.height,
                bytes=medium.bytes,
            )
