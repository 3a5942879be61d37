"""``collection.csv``, a line for each exhibit, and ``data-dictionary.csv``, which says what its columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from render.packing.works import Work


class Column(NamedTuple):
    """One column: its name, the type and unit of its values, what they mean, and how to find them."""

    name: str
    kind: str
    unit: str
    meaning: str
    value: Callable[[Work], Any]


def _measured(name: str) -> Callable[[Work], Any]:
    return lambda work: work.row.json("measurements").get(name)


def _evidence(name: str) -> Callable[[Work], Any]:
    return lambda work: work.row.json("evidence").get(name)


def _recipe(name: str) -> Callable[[Work], Any]:
    return lambda work: work.row.json("recipe").get(name)


def _sum(work: Work) -> str:
    return next(sum_ for medium, sum_ in work.files if medium.key == work.picture.key)


def _checked(work: Work) -> bool:
    return bool(work.row.json("evidence").get("checked"))


NEARER = "Share of real pictures that lie nearer to their own nearest than this one to any"
AUTHENTIC = "Whether it is farther from the nearest real picture than that one from its own nearest"
COLUMNS = (
    Column("collection", "text", "", "The collection's name in addresses", lambda w: w.slug),
    Column("number", "integer", "", "Its number in the collection; given once, for ever", lambda w: w.row.number),
    Column("designation", "text", "", "What visitors read", lambda w: w.view["designation"]),
    Column("title", "text", "", "Its title", lambda w: w.view["title"]),
    Column("alt", "text", "", "The picture in words, for who does not see it", lambda w: w.view["image"]["alt"]),
    Column("caption", "text", "", "What stands beside it", lambda w: w.texts.get("caption")),
    Column("language", "text", "", "Of the texts, BCP 47", lambda w: w.texts.get("language", "en")),
    Column("asked", "text", "", "The class that was asked for", lambda w: w.row.column("asked")),
    Column("found", "text", "", "The class that a classifier found", lambda w: w.row.column("found")),
    Column("probability", "number", "", "Of the class that was found, from 0 to 1", lambda w: w.view["share"]),
    Column("axis_ratio", "number", "", "Of the light: 1 is round, 0 a line", _measured("axis_ratio")),
    Column("half_light_radius", "number", "picture widths", "Holds half of the light", _measured("half_light_radius")),
    Column("concentration", "number", "", "Larger: more light in the middle", _measured("concentration")),
    Column("colour", "number", "", "Red less blue; larger: redder", _measured("colour")),
    Column("evidence_checked", "boolean", "", "Whether it was compared with real pictures", _checked),
    Column("evidence_percentile", "number", "", NEARER, _evidence("percentile")),
    Column("authentic", "boolean", "", AUTHENTIC, _evidence("authentic")),
    Column("id", "text", "", "Hash of the recipe, or of an imported file", lambda w: w.row.id),
    Column("seed", "integer", "", "Of the noise that it was drawn from", _recipe("seed")),
    Column("weights", "text", "", "sha256 of the model's weights", _recipe("weights")),
    Column("made_at", "date-time", "UTC", "When it was made, ISO 8601", lambda w: w.row.column("made_at")),
    Column("source_type", "address", "", "IPTC's term for how it came about; empty: not said", lambda w: w.source_type),
    Column("licence", "text", "", "Of the picture, as an SPDX name", lambda w: w.told.licence),
    Column("credit", "text", "", "Who is to be named", lambda w: w.told.author),
    Column("page", "path", "", "Its page in this package", lambda w: f"site/{w.view['href']}"),
    Column("picture", "path", "", "Its JPEG in this package", lambda w: f"site/media/{w.picture.key}"),
    Column("width", "integer", "pixels", "Of that JPEG", lambda w: w.picture.width),
    Column("height", "integer", "pixels", "Of that JPEG", lambda w: w.picture.height),
    Column("sha256", "text", "", "Of that JPEG", _sum),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOTE = "Text that begins with =, +, - or @ has an apostrophe before it, so that no spreadsheet takes it for a formula"


def table(works: Iterable[Work]) -> bytes:
    """UTF-8, a header, commas (RFC 4180); what is not known is empty."""
    return _csv([column.name for column in COLUMNS], (_line(work) for work in works))


def dictionary() -> bytes:
    """A line for each column of the table."""
    lines = [(column.name, column.kind, column.unit, column.meaning) for column in COLUMNS]
    return _csv(["column", "type", "unit", "meaning"], [*lines, ("(every text)", "", "", NOTE)])


def _line(work: Work) -> list[Any]:
    return [_cell(column.value(work), column.kind) for column in COLUMNS]


def _cell(value: Any, kind: str) -> Any:
    if isinstance(value, bool) or kind == "boolean":
        return "" if value is None else str(bool(value)).lower()
    if kind == "text" and isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _csv(header: list[str], lines: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue().encode()
