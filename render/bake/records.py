"""What the static API says, as types; the JSON Schema that lies beside it is made from these.

Addresses are relative to the site's root, three folders above ``api/v1/``, except those members that oEmbed
(https://oembed.com) and feeds want whole: they are whole where ``gallery.address`` is set.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from render.docstrings import meanings


class Record(BaseModel):
    """Nothing is published that the schema does not name."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    def as_json(self) -> bytes:
        """Compact JSON, without what is not known."""
        return self.model_dump_json(exclude_none=True).encode()


class File(Record):
    """One file of a picture."""

    path: str
    """Relative to the site's root. Named by its content: it never changes."""
    type: str
    """Media type."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    bytes: int


class Compared(Record):
    """What is known about an exhibit's not existing. Evidence, never proof."""

    checked: bool
    """Whether it was compared with the pictures that the generator learned from."""
    distance: float | None = None
    """From the nearest of them, in the copy detector's features."""
    percentile: float | None = None
    """Where that lies among the distances between real pictures, from 0 to 1."""
    line: str | None = None
    """The same in one sentence, as the page says it; absent of imported pictures."""
    authentic: bool | None = None
    """Whether it is farther from the nearest real picture than that one is from its own nearest."""


class Galaxy10(Record):
    """The class of Galaxy10 DECaLS that the classifier's answers come to by rule."""

    name: str
    """One of that set's classes; never "disturbed" or "merging", which these answers cannot tell."""
    derived: Literal[True] = True
    """No classifier was asked for it, and it was never compared with that set's own labels."""


class ExhibitRecord(Record):
    """``<collection>/<number>.json``: one exhibit. It is a photo response of oEmbed 1.0 with further members."""

    type: Literal["photo"] = "photo"
    version: Literal["1.0"] = "1.0"
    title: str
    url: str
    """oEmbed's: the picture."""
    width: int
    """Of that picture, in pixels."""
    height: int
    """Of that picture, in pixels."""
    author_name: str | None = None
    provider_name: str
    provider_url: str | None = None
    state: Literal["shown"] = "shown"
    collection: str
    """The collection's slug."""
    number: int
    """Given once, for ever."""
    id: str
    """Hash of the recipe."""
    designation: str
    page: str
    """The permalink."""
    picture: str
    """The picture under its number."""
    files: list[File]
    """The same picture in every size and format."""
    alt: str
    caption: str | None = None
    description: str | None = None
    colour: str
    """Mean colour of its light, as #rrggbb."""
    asked: str | None = None
    """The class that was asked for."""
    found: str | None = None
    """The class that was found."""
    probabilities: dict[str, float] | None = None
    """Of every class."""
    galaxy10: Galaxy10 | None = None
    """Absent where the answers come to none of its classes."""
    measurements: dict[str, float] | None = None
    evidence: Compared
    recipe: dict[str, Any] | None = None
    """What the picture was made from; not known of imported ones."""
    origin: dict[str, Any] | None = None
    """What an imported picture's file says of itself."""
    made_at: str | None = None
    """UTC, ISO 8601."""
    licence: str | None = None
    """Of the picture, as an SPDX name."""
    digital_source_type: str | None = None
    """IPTC's term for how it came about; absent where nobody said."""


class GoneRecord(Record):
    """``<collection>/<number>.json`` of a number that shows no exhibit (any more)."""

    state: Literal["gone"] = "gone"
    collection: str
    number: int
    stands_in: int | None = None
    """The number of the exhibit whose picture stands under this one."""


class Brief(Record):
    """An exhibit in a shard."""

    number: int
    id: str
    title: str
    alt: str
    found: str | None = None
    share: float | None = None
    """Probability of that class, calibrated on real pictures."""
    colour: str


class ShardRecord(Record):
    """``<collection>/shards/<index>.json``: the exhibits of a hundred numbers, from ``100 * index + 1`` on."""

    collection: str
    index: int
    exhibits: list[Brief]


class ClassRecord(Record):
    """``<collection>/classes/<class>.json``: the numbers of all exhibits in which a class was found."""

    collection: str
    class_name: str
    count: int
    numbers: list[int]


class CollectionRecord(Record):
    """``<collection>/index.json``: how a collection stands."""

    slug: str
    title: str
    """One of its things."""
    plural: str
    """Several of them."""
    count: int
    """Exhibits that are shown."""
    last: int
    """The largest number. Every number from 1 to it has a picture and a record, for ever."""
    gone: list[int]
    """Numbers up to the last one that show no exhibit; another one's picture stands in."""
    picture: str
    """Where a number's picture is."""
    exhibit: str
    """Where a number's record is."""
    shard: int
    """Numbers in a shard."""
    shards: int
    """How many shards there are, the first being 0."""
    classes: dict[str, int]
    """Shown exhibits by the class that was found."""
    class_files: dict[str, str]
    """Where the numbers of a class are."""


class Listed(Record):
    """A collection in the list of all."""

    slug: str
    count: int
    last: int
    index: str
    """Where its record is."""


class SiteRecord(Record):
    """``index.json``: where to begin."""

    version: Literal[1] = 1
    title: str
    root: str | None = None
    """The site's address, where the maker has said it."""
    collections: list[Listed]


PUBLISHED = (SiteRecord, CollectionRecord, ShardRecord, ClassRecord, ExhibitRecord, GoneRecord)


@cache
def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every file below ``api/v1/``."""
    from pydantic.json_schema import models_json_schema  # a bake that writes no schema does without

    _, made = models_json_schema([(one, "serialization") for one in PUBLISHED], ref_template="#/$defs/{model}")
    for model in Record.__subclasses__():
        for name, meaning in meanings(model).items():
            told = made["$defs"][model.__name__]["properties"]
            told[name] = dict(sorted((told[name] | {"description": meaning}).items()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The static API of a gallery made with nonesuch, version 1",
        "oneOf": [{"$ref": f"#/$defs/{one.__name__}"} for one in PUBLISHED],
        "$defs": made["$defs"],
    }
