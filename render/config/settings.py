"""``gallery.toml`` as types: one class a table, a docstring under each setting.

The docstrings are the documentation: `docs/settings.md` is generated from them, and an error quotes them when a setting
is missing. Everything is strict: no key is ignored, no text becomes a number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import Field, PrivateAttr, model_validator

from render.config.lab import Lab
from render.config.shown import Collection, Folder, Walk
from render.config.values import (
    Address,
    Base,
    Language,
    Line,
    Strict,
    Text,
)
from render.config.working import Bake, Captions, Classify, Evidence, Render, Sign
from render.errors import NonesuchError


def _english() -> list[Language]:
    return ["en"]


class About(Strict):
    """The site as a whole."""

    title: Text
    """What the site is called; it stands on every page."""
    author: Line = ""
    """Who made the gallery, for the about page. Left out when empty."""
    address: Address | None = None
    """The address at which the site will stand. `robots.txt`, the sitemap and previews in other programs need it;
    the pages do not."""
    base: Base = "/"
    """The path under which the site will stand: `/`, or `/repository/` on GitHub Pages. Only the 404 page needs it."""
    licence: Text = "CC0-1.0"
    """The licence of the generated pictures, as an SPDX name."""
    languages: list[Language] = Field(default_factory=_english, min_length=1)
    """The languages of the pages' own words: the first at the site's root, each other one in a folder of its name
    (`/pl/`). No native speaker has reviewed Polish, Czech and Korean, and their pages say so."""


class Store(Strict):
    """Where the media lie."""

    location: Text = "store"
    """A folder (a relative one is in the gallery's folder), never in `public/` or around it: baking deletes there. Or
    `"s3://bucket/folder"`, with the extra `nonesuch[s3]`; its keys come from the environment, never from this file."""
    media_url: Address | None = None
    """The address under which visitors reach the store's files, such as a CDN's: pages then point there, and `public/`
    holds no media but one JPEG for every number."""


class Gallery(Strict):
    """A gallery: its folder, and everything that ``gallery.toml`` says.

    Made by `render.config.load_gallery`, which also checks what no single setting shows.
    """

    about: About = Field(alias="gallery")
    """The site as a whole."""
    collections: list[Collection] = Field(alias="collection", default_factory=list)
    """One table a collection."""
    folders: list[Folder] = Field(alias="folder", default_factory=list)
    """One table a folder of pictures that others made."""
    walks: list[Walk] = Field(alias="walk", default_factory=list)
    """One table a walk."""
    store: Store = Field(default_factory=Store)
    """Where the media lie."""
    render: Render = Field(default_factory=Render)
    """The device that draws."""
    classify: Classify = Field(default_factory=Classify)
    """The network that names the classes."""
    evidence: Evidence = Field(default_factory=Evidence)
    """How exhibits are compared with real pictures."""
    sign: Sign = Field(default_factory=Sign)
    """Signatures in full pictures and films."""
    captions: Captions = Field(default_factory=Captions)
    """Who writes the texts."""
    bake: Bake = Field(default_factory=Bake)
    """The pages."""
    lab: Lab | None = None
    """Models compared; none when left out."""

    _folder: Path = PrivateAttr(default_factory=Path)
    _file: Path = PrivateAttr(default_factory=Path)
    _text: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _speaks(cls, tables: Any) -> Any:
        """Texts are in the site's first language unless they are to be in another."""
        told = tables.get("gallery", {}) if isinstance(tables, dict) else {}
        first = told["languages"][:1] if isinstance(told, dict) and isinstance(told.get("languages"), list) else []
        captions = tables.get("captions", {}) if first else None
        if not isinstance(captions, dict) or first[0] not in get_args(Language):
            return tables
        return {**tables, "captions": {"language": first[0], **captions}}

    @property
    def folder(self) -> Path:
        """The folder in which ``gallery.toml`` lies, absolute."""
        return self._folder

    @property
    def file(self) -> Path:
        """``gallery.toml`` itself, absolute."""
        return self._file

    def as_read(self) -> bool:
        """Whether the file still holds the text that these settings were read from."""
        try:
            return self._file.read_text(encoding="utf-8") == self._text
        except (OSError, UnicodeDecodeError):
            return False

    @property
    def title(self) -> str:
        return self.about.title

    @property
    def catalogue_path(self) -> Path:
        return self._folder / "catalogue.sqlite"

    @property
    def store_path(self) -> Path:
        return self._folder / self.store.location

    @property
    def runs(self) -> Path:
        return self._folder / "runs"

    @property
    def share(self) -> Path:
        """Where a folder says that it is one machine's share of a gallery; such a folder is not baked."""
        return self.runs / "share.json"

    @property
    def public(self) -> Path:
        """Where the site is baked to."""
        return self._folder / "public"

    @property
    def state(self) -> Path:
        """What a bake remembers for the next one; a cache."""
        return self._folder / ".nonesuch"

    @property
    def filled(self) -> list[Path]:
        """The folders that this program fills: the pictures in them are nobody's own."""
        return [self.public, self.state, self.runs, self.store_path, self._folder / "pack", self._folder / "lab"]

    @property
    def sections(self) -> list[Collection | Folder]:
        """What visitors see as collections: those that are rendered, then those that were imported."""
        return [*self.collections, *self.folders]

    def collection(self, slug: str) -> Collection:
        """The collection of that slug; KeyError when there is none."""
        return {one.slug: one for one in self.collections}[slug]

    def walks_of(self, slug: str) -> list[Walk]:
        """The walks of a collection, in the file's order."""
        return [walk for walk in self.walks if walk.collection == slug]

    def sketches_of(self, collection: Collection) -> list[Path]:
        """The drawings that steer a collection, by name; none when it has no folder of them."""
        if collection.sketches is None:
            return []
        found = (self._folder / collection.sketches).iterdir()
        return sorted(path for path in found if path.suffix.lower() in (".png", ".jpg", ".jpeg") and path.is_file())

    def mask_of(self, collection: Collection) -> Path | None:
        """The mask of a collection that fills masks."""
        return None if collection.mask is None else self._folder / collection.mask

    def prompts_of(self, collection: Collection) -> list[str]:
        """The prompts of a collection, in the file's order; none when it has no file of them.

        Raises NonesuchError for a file that cannot be read, or has a line without a prompt.
        """
        if collection.prompts is None:
            return []
        try:
            lines = (self._folder / collection.prompts).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise NonesuchError(
                f"the prompts '{collection.prompts}' cannot be read ({type(error).__name__})."
            ) from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                raise NonesuchError(
                    f"line {number} of '{collection.prompts}' is empty: write a prompt, or take it out."
                )
        if not lines:
            raise NonesuchError(f"'{collection.prompts}' holds no prompts: write one on every line.")
        return [line.strip() for line in lines]
