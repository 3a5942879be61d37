"""The maker's own words: Markdown to HTML in which nothing runs, and pages of the folder ``pages/``.

CommonMark by markdown-it-py, with raw HTML switched off: it stands on the page as text. Links lead to web and mail
addresses or into the site, whatever else they name stays text; pictures lie in ``pages/``, because a baked site loads
nothing from other hosts. Relative addresses are read as from ``pages/``, also in an exhibition's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from render.bake.chrome import Chrome
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.words import class_slug
from render.errors import NonesuchError

if TYPE_CHECKING:
    from markdown_it.token import Token

FOLDER = "pages"
SCHEMES = ("http", "https", "mailto")


class OwnPage(NamedTuple):
    """One file of the folder."""

    name: str  # of the file
    title: str
    href: str  # relative to the site's root
    text: str


class Prose:
    """The folder ``pages/`` beside ``gallery.toml``, which need not be there, and the rendering of all Markdown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._published: set[str] = set()
        files = sorted(path for path in folder.glob("*.md") if not path.name.startswith((".", "_")))
        self.pages = [_page(path) for path in files]
        hrefs = [page.href for page in self.pages]
        for page in self.pages:
            if hrefs.count(page.href) > 1:
                raise NonesuchError(f"two pages of {folder} have the address {page.href}: rename {page.name}.")

    @property
    def key(self) -> bytes:
        """Changes with anything in the folder that a page may show."""
        files = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        return digest(*(repr((path.name, *_state(path))) for path in files))

    @property
    def footer(self) -> list[dict[str, str]]:
        """What every page links at its foot."""
        return [{"title": page.title, "href": page.href} for page in self.pages]

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome) -> None:
        """Offer the pages, and the files of the folder that any text of the site named."""
        for page in self.pages:
            html = self.html(page.text, "", f"{FOLDER}/{page.name}")
            key = digest(pages.key("page.html"), chrome.key, page.title, html)
            context = chrome.context("../", page.href, heading=page.title, html=html)

            def render(context: dict[str, Any] = context) -> bytes:
                return pages.render("page.html", **context)

            out.offer(page.href, Rank.INDEX, key, render)
        for name in sorted(self._published):
            body = (self._folder / name).read_bytes()
            out.offer(f"{FOLDER}/{name}", Rank.NEW, digest(body), body.__bytes__)

    def html(self, text: str, prefix: str, where: str) -> str:
        """Markdown to HTML. prefix: the way from the page to ``pages/``; where: for complaints.

        Raises NonesuchError for a picture that is not in the folder.
        """
        if not text.strip():
            return ""
        markdown = _markdown()
        tokens = markdown.parse(text)
        for token in _inner(tokens):
            if token.type == "image":
                token.attrSet("src", prefix + self._file(str(token.attrGet("src")), where))
                token.attrSet("loading", "lazy")
            elif token.type == "link_open":
                self._link(token, prefix)
        return str(markdown.renderer.render(tokens, markdown.options, {}))

    def _link(self, token: Token, prefix: str) -> None:
        href = str(token.attrGet("href"))
        if urlsplit(href).scheme:
            token.attrSet("rel", "noreferrer")
            return
        path, hash_, rest = href.partition("#")
        page = next((one for one in self.pages if one.name == unquote(path)), None)
        if page is not None:
            token.attrSet("href", f"{prefix}{page.href.removeprefix(f'{FOLDER}/')}{hash_}{rest}")
        elif path:
            if self._lies_here(unquote(path)):
                self._published.add(unquote(path))
            token.attrSet("href", prefix + href)

    def _file(self, address: str, where: str) -> str:
        name = unquote(address)
        if not self._lies_here(name):
            raise NonesuchError(
                f"{where} shows the picture '{name}', which does not lie in {FOLDER}/: put it there and name it alone."
            )
        self._published.add(name)
        return address

    def _lies_here(self, name: str) -> bool:
        """Whether this is the name of a plain file right in the folder."""
        path = self._folder / name
        plain = bool(re.fullmatch(r"[^/\\:?#\0]+", name)) and not name.startswith((".", "_"))
        return plain and not name.endswith(".md") and path.is_file() and not path.is_symlink()


def _page(path: Path) -> OwnPage:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NonesuchError(f"the page {path} cannot be read ({type(error).__name__}): save it as UTF-8.") from None
    found = re.match(r"\s*# +(.+?)[ #]*$", text, re.MULTILINE)
    title = found[1] if found else path.stem.replace("_", " ").replace("-", " ").capitalize()
    rest = text[found.end() :] if found else text
    return OwnPage(path.name, title[:100], f"{FOLDER}/{class_slug(path.stem)}.html", rest)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _inner(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _inner(token.children or [])


def _markdown() -> Any:
    """Imported when there is something to render: most galleries have no page of their own."""
    from markdown_it import MarkdownIt

    class Careful(MarkdownIt):
        def validateLink(self, url: str) -> bool:
            return allowed(url)

    return Careful("commonmark", {"html": False})


def allowed(address: str) -> bool:
    """Whether a link may lead there: to the web, to a mail address, or into the site."""
    plain = re.sub(r"[\x00-\x20\x7f]", "", unquote(address))  # browsers drop such signs before they read a scheme
    try:
        parts = urlsplit(plain)
    except ValueError:
        return False
    return parts.scheme in SCHEMES or (not parts.scheme and not plain.startswith(("//", "\\", "/\\")))
