"""What every page carries: titles, the menu, the security policy, the names of style and script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from render.bake.outputs import digest
from render.bake.places import API, EXHIBITIONS, SEARCH, SHEET, feeds_of
from render.bake.tongue import N_, NAMES, UNREVIEWED, _, speaking, spoken, voice, words_key
from render.bake.words import MARK, called, licence_sentence
from render.captions.texts import Language
from render.config import Collection, Folder, Gallery
from render.errors import NonesuchError

POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
POLICY_OF_DRAWING = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
PRELOADED = ("serif.woff2", "sans.woff2", "mono.woff2")


HEADER = f"{POLICY_OF_DRAWING}; frame-ancestors 'none'"
"""As a header: one for all files, workers among them, of which one runs WebAssembly. Pages that run none forbid it by
their own policy, and the stricter holds."""
PLAIN = (".css", ".woff2", ".svg", ".txt")
"""What of the built site needs no server."""


def policy(gallery: Gallery, drawing: bool = False) -> str:
    """The policy of this gallery's pages: pictures, films and maps may also come from where its media are."""
    rules = POLICY_OF_DRAWING if drawing else POLICY
    if gallery.store.media_url is None:
        return rules
    there = urlsplit(gallery.store.media_url)
    origin = f"{there.scheme}://{there.netloc}"
    for rule in ("img-src 'self'", "media-src 'self'", "connect-src 'self'"):
        rules = rules.replace(rule, f"{rule} {origin}")
    return rules


def header(gallery: Gallery) -> str:
    """`HEADER` for this gallery."""
    return HEADER.replace(POLICY_OF_DRAWING, policy(gallery, drawing=True))


def _folder(address: str) -> str:
    return f"{address.rstrip('/')}/"


class Assets:
    """The built browser side: plain names and the hashed ones under which the files travel."""

    def __init__(self, folder: Path, own_style: str = "", scripts: bool = True) -> None:
        """scripts: whether a server is there to load them; browsers refuse modules and preloaded fonts of a disk."""
        self.folder = folder
        self.scripts = scripts
        self.own_style = own_style  # of the gallery's theme
        try:
            self.names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            raise NonesuchError(f"{folder} has no manifest.json: build the site's style and script again.") from None
        if not scripts:
            self.names = {plain: name for plain, name in self.names.items() if Path(name).suffix in PLAIN}

    @property
    def key(self) -> bytes:
        """Changes with the contents of any file: their hashes are in their names."""
        return digest(json.dumps(self.names, sort_keys=True))

    def name(self, plain: str) -> str:
        """The hashed name; empty when this build has no such file, and then the page does without."""
        return self.names.get(plain, "")


class There(NamedTuple):
    """What a collection's visitors find beside its exhibits.

    rooms: its folders that are open, named as they are called; sky: what scripts read of its sky; drawn: what browsers
    draw with (`Studio.told`). pages: of the maker's own, for the foot of every page. judge: the kind of what compared
    its pictures. words: what the classifier's card keeps of Galaxy10's words. prints: whether pictures fill their
    frames, instead of lying on black.
    """

    rooms: Sequence[str] = ()
    sky: str = ""
    drawn: Mapping[str, str] = MappingProxyType({})
    exhibitions: bool = False
    pages: Sequence[dict[str, str]] = ()
    lab: bool = False
    judge: str = ""
    words: Mapping[str, Any] = MappingProxyType({})
    prints: bool = False


ROOMS = (
    *(N_("gallery"), N_("sky"), N_("oddities"), N_("guess"), N_("walks"), N_("draw")),
    *(N_("exhibitions"), N_("lab"), N_("search"), N_("about")),
)
"""The menu's words."""


class Chrome:
    """The surroundings of the pages of one collection in the language that is spoken when it is made, and the hash of
    everything in them.

    home: the folder of that language's pages, empty for the first language; place: the collection's folder in it;
    exhibits: where the pages of exhibits are that these pages lead to.
    """

    def __init__(self, gallery: Gallery, collection: Collection | Folder, assets: Assets, there: There) -> None:
        about = gallery.about
        told = told_of(collection, gallery)
        self.language = spoken()
        self.sheets = voice().sheets
        self._languages = gallery.about.languages
        self.home = home_of(self.language, gallery)
        self.slug = collection.slug
        self.place = f"{self.home}{collection.slug}"
        self.exhibits = exhibits_of(collection, gallery)
        self.complete = self.exhibits == self.place  # whether exhibits have pages in this language
        self.data = f"{self.home}data/{collection.slug}"
        self.everywhere = gallery.bake.exhibit_languages  # whether they have one in all
        self.code = digest(code_key(), words_key(self.language))
        words = called(collection)
        self.site: dict[str, Any] = {
            "title": about.title,
            "description": told.description,
            "language": self.language,  # of the interface; texts of exhibits say which language they are in
            "home": self.home,
            "sheet": SHEET if self.sheets else 0,
            "exhibits": self.exhibits if self.home and self.complete else "",
            "unreviewed": UNREVIEWED.get(self.language, ""),
            "author": told.author,
            "address": f"{about.address.rstrip('/')}/" if about.address else "",
            "licence": licence_sentence(told.licence),
            "terms": told.licence,
            "footnote": told.footnote,
            "policy": policy(gallery),
            "media": _folder(gallery.store.media_url) if gallery.store.media_url else "",
            "css": assets.name("style.css"),
            "own_css": assets.own_style,
            "js": assets.name("app.js"),
            "theme": assets.name("theme.js"),
            "fonts": [name for plain in PRELOADED if assets.scripts and (name := assets.name(plain))],
            "icon": assets.name("icon.svg"),
            "licences": assets.name("licences.txt"),
            "offline": gallery.bake.offline and bool(assets.name("sw.js")),
            "feeds": list(feeds_of(collection.slug).items()),
            "api": API if gallery.bake.api else "",
            "menu": _menu(gallery, collection, there),
            "prints": there.prints,
            "pages": list(there.pages),
        }
        self.drawn = dict(there.drawn)
        self.judge = there.judge
        self.words = dict(there.words)
        self.collection: dict[str, Any] = {
            "slug": collection.slug,
            "title": words.title,
            "many": words.many,
            "sentence": words.sentence,
            "sky": there.sky,
        }
        languages = self._elsewhere("")
        said = [self.site, self.collection, self.drawn, languages, self.judge, self.words, self.everywhere]
        self.key = digest(self.ways, json.dumps(said, sort_keys=True))

    def voice(self) -> AbstractContextManager[None]:
        """Meanwhile, words are as these pages say them: files are made later, and by other processes."""
        return speaking(self.language, bool(self.home), self.sheets)

    def context(self, base: str, current: str = "", path: str = "", **more: Any) -> dict[str, Any]:
        """A page's variables; `base` leads from it to the root of the site. path: its own, where it stands in every
        language.
        """
        mine: dict[str, Any] = {"site": self.site, "collection": self.collection, "base": base, "current": current}
        mine |= {"elsewhere": self._elsewhere(path) if len(self._languages) > 1 else (), "same": bool(path)}
        return {**mine, "media": self.site["media"] or f"{base}media/", **more}

    def _elsewhere(self, path: str) -> list[dict[str, str]]:
        """The same page in every language, in the gallery's order; without a path, the collection's first page."""
        here = path.removeprefix(self.home).removesuffix("index.html") if path else f"{self.slug}/"
        return [
            {"language": one, "name": NAMES[one], "href": f"{folder_of(one, self._languages)}{here}"}
            for one in self._languages
        ]

    @property
    def ways(self) -> bytes:
        """Changes when the pages of exhibits are elsewhere, for files that hold nothing else of what surrounds them."""
        return digest(self.code, self.exhibits, repr(self.sheets))

    @property
    def media(self) -> str:
        """Where media lie, from the root of the site: ``media/``, or the whole address of somewhere else."""
        return self.site["media"] or "media/"

    def at(self, key: str) -> str:
        """The whole address of a medium, where the site's own is known; else the way to it from the root."""
        return f"{self.site['media'] or self.site['address'] + 'media/'}{key}"


@cache
def code_key() -> bytes:
    """Hash of this package's own code: another version of nonesuch may make other pages of the same rows."""
    return digest(*(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))


def folder_of(language: Language, languages: Sequence[Language]) -> str:
    """The folder of a language's pages, relative to the site's root; empty for the first, which stands there."""
    return "" if language == languages[0] else f"{language}/"


def home_of(language: Language, gallery: Gallery) -> str:
    """`folder_of` for a gallery's languages."""
    return folder_of(language, gallery.about.languages)


def exhibits_of(collection: Collection | Folder, gallery: Gallery) -> str:
    """Where the pages of exhibits are that pages in the spoken language lead to, relative to the site's root."""
    return f"{home_of(spoken(), gallery) if gallery.bake.exhibit_languages else ''}{collection.slug}"


def base_of(path: str) -> str:
    """The way from a file of the site to its root: ``./`` or ``../`` as often as it lies deep."""
    return "../" * path.count("/") or "./"


class Told(NamedTuple):
    """What every page of a collection says of its pictures."""

    description: str
    footnote: str
    author: str
    licence: str


def told_of(collection: Collection | Folder, gallery: Gallery) -> Told:
    """Of rendered pictures we know how they came about; of imported ones, what the maker said."""
    many = called(collection).many.capitalize()
    if isinstance(collection, Collection):
        description = _("%(many)s that do not exist, drawn by a network from random numbers.") % {"many": many}
        return Told(description, _(MARK), gallery.about.author, gallery.about.licence)
    made = {"model": _("Made by a model, not observed."), "camera": _("Photographed."), "unknown": ""}
    footnote = made[collection.made]
    return Told(f"{many}.", footnote, collection.credit, collection.licence)


def _menu(gallery: Gallery, here: Collection | Folder, there: There) -> list[dict[str, str]]:
    home = home_of(spoken(), gallery)
    several = gallery.sections if len(gallery.sections) > 1 else []
    menu = [{"title": called(one).many, "href": f"{home}{one.slug}/"} for one in several]
    menu += [{"title": _(room), "href": f"{home}{here.slug}/{room}/"} for room in ("gallery", *there.rooms)]
    if there.exhibitions:
        menu.append({"title": _("exhibitions"), "href": f"{home}{EXHIBITIONS}"})
    if there.lab:
        menu.append({"title": _("lab"), "href": "lab/"})  # it is in English only
    if gallery.bake.search:
        menu.append({"title": _("search"), "href": f"{home}{SEARCH}"})
    menu.append({"title": _("about"), "href": f"{home}about/"})
    return menu
