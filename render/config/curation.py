"""``curation.toml``: what the maker decided in the morning. `nonesuch curate` writes it, and so may a person.

Decisions are kept by an exhibit's id, the hash of its recipe: they survive its being rendered again, and catalogue and
site being made anew. The file is no part of the catalogue, and the catalogue knows nothing of it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from render.config.problems import sentences
from render.config.values import Line, Slug, Strict, Text
from render.durable import write_whole
from render.errors import UsageError
from render.recipe import ID_LENGTH

CURATION = "curation.toml"
HEAD = """The maker's decisions, by the exhibits' ids: star, hidden, pin, title, note; and exhibitions, in their order.
`nonesuch curate` writes this file anew with each decision, so comments of your own are lost: write notes instead.
Notes are for you alone; nothing of them is published."""
ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


def _id(value: str) -> str:
    if not ID.fullmatch(value):
        raise ValueError(f"expected an exhibit's id, {ID_LENGTH} hexadecimal digits")
    return value


Id = Annotated[str, AfterValidator(_id)]


class Decision(Strict):
    """What was decided of one exhibit."""

    star: bool = False
    """The home page draws from the stars."""
    hidden: bool = False
    """Not on the site. Its number stays its own and says so."""
    pin: bool = False
    """The exhibit that its collection's first page begins with."""
    title: Annotated[Line, Field(max_length=200)] = ""
    """In place of the title that was written for it."""
    note: Annotated[str, Field(max_length=4000)] = ""
    """For the maker alone: it is not published."""


class Exhibition(Strict):
    """Exhibits that the maker hung together."""

    slug: Slug
    """Its name in its address, ``exhibitions/<slug>/``."""
    title: Annotated[Text, Field(max_length=200)]
    """Its heading."""
    text: Annotated[str, Field(max_length=20_000)] = ""
    """The maker's own words, in Markdown."""
    exhibits: list[Id] = Field(default_factory=list)
    """Ids, in the order in which they hang."""


class Curation(Strict):
    """The whole file."""

    exhibits: dict[Id, Decision] = Field(alias="exhibit", default_factory=dict)
    exhibitions: list[Exhibition] = Field(alias="exhibition", default_factory=list)

    def of(self, identity: str) -> Decision:
        """What was decided of an exhibit; nothing, mostly."""
        return self.exhibits.get(identity, NOTHING)

    @property
    def hidden(self) -> list[str]:
        """The ids of what is not on the site."""
        return [identity for identity, one in self.exhibits.items() if one.hidden]

    def with_decision(self, identity: str, decision: Decision) -> Curation:
        """The same with another decision about one exhibit; one that decides nothing leaves the file."""
        exhibits = {**self.exhibits, identity: decision}
        if decision == NOTHING:
            del exhibits[identity]
        return Curation(exhibit=exhibits, exhibition=self.exhibitions)

    def with_exhibition(self, slug: str, exhibition: Exhibition | None) -> Curation:
        """The same with another exhibition of that slug, a further one, or (None) without it."""
        known = [one.slug for one in self.exhibitions]
        if slug not in known:
            rest = [exhibition] if exhibition else []
            return Curation(exhibit=self.exhibits, exhibition=[*self.exhibitions, *rest])
        put = [one if one.slug != slug else exhibition for one in self.exhibitions]
        return Curation(exhibit=self.exhibits, exhibition=[one for one in put if one is not None])


NOTHING = Decision()


def read_curation(folder: Path) -> Curation:
    """The decisions of the gallery in a folder; none where there is no file.

    Raises UsageError, which lists every problem, for a file that cannot be understood.
    """
    path = folder / CURATION
    try:
        return parse_curation(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return Curation()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None


def parse_curation(text: str, path: Path) -> Curation:
    """Decisions from the text of a file."""
    try:
        curation = Curation.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        told = "; ".join(sentences(error, Curation))
        raise UsageError(f"{path}: {told}{'' if told.endswith('?') else '.'}") from None
    slugs = [one.slug for one in curation.exhibitions]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise UsageError(f"{path}: two exhibitions have the slug '{twice[0]}'; change one.")
    return curation


def write_curation(folder: Path, curation: Curation, names: Mapping[str, str]) -> None:
    """Put the decisions into their file, whole or not at all. names: what exhibits are called, for a person who reads
    the file, by id.
    """
    import tomlkit

    document = tomlkit.document()
    for line in HEAD.splitlines():
        document.add(tomlkit.comment(line))
    for identity, decision in curation.exhibits.items():
        table = tomlkit.table()
        for key, value in decision.model_dump(exclude_defaults=True).items():
            table.add(key, _written(value))
        if name := names.get(identity):
            table.comment(name)
        document.setdefault("exhibit", tomlkit.table(is_super_table=True)).add(identity, table)
    if curation.exhibitions:
        listed = tomlkit.aot()
        for exhibition in curation.exhibitions:
            listed.append(_exhibition(exhibition, names))
        document.add("exhibition", listed)
    write_whole(folder / CURATION, tomlkit.dumps(document))


def _exhibition(exhibition: Exhibition, names: Mapping[str, str]) -> object:
    import tomlkit

    table = tomlkit.table()
    table.add("slug", exhibition.slug)
    table.add("title", exhibition.title)
    if exhibition.text:
        table.add("text", _written(exhibition.text))
    hung = tomlkit.array()
    for identity in exhibition.exhibits:
        hung.add_line(identity, comment=names.get(identity))
    if exhibition.exhibits:
        hung.add_line(indent="")
    table.add("exhibits", hung)
    return table


def _written(value: object) -> object:
    """Text of several lines stands in several lines."""
    import tomlkit

    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return value
