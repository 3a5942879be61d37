"""Is a baked site whole? Links that lead nowhere, pictures without words, broken HTML, and a host's limits."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from render.errors import NonesuchError
from render.hosts import Finding, Host, Survey, against, survey, walk

VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
})  # fmt: skip
OPTIONAL_END = frozenset({
    "li", "dt", "dd", "p", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "colgroup", "caption", "html", "head",
    "body",
})  # fmt: skip
"""Elements whose end tag HTML allows to be left out (WHATWG HTML, 13.1.2.4)."""
ADDRESSES = ("href", "src", "poster", "data-index")
MOST = 20
"""Findings of one kind that are told one by one."""


def validate(public: Path, base: str = "/", host: Host | None = None) -> tuple[Survey, list[Finding]]:
    """Look at a whole site. base: the path under which it will stand, at which the 404 page's links begin.

    Raises NonesuchError where there is none.
    """
    if not (public / "index.html").is_file():
        raise NonesuchError(f"there is no site in {public}: bake it first, with `nonesuch bake`.")
    found = survey(public)
    files = {path for path, _ in walk(public)}
    problems: list[Finding] = against(found, host) if host else []
    for path in sorted(files):
        if path.endswith(".html"):
            problems += (Finding(f"{path}: {text}") for text in page_problems(public, path, files, base))
    return found, shortened(problems)


def page_problems(public: Path, path: str, files: set[str], base: str) -> Iterator[str]:
    """What is wrong with one page."""
    page = Page()
    try:
        page.feed((public / path).read_text(encoding="utf-8"))
        page.close()
    except UnicodeDecodeError:
        yield "is not UTF-8."
        return
    yield from page.problems
    if page.open:
        yield f"<{page.open[-1]}> is never closed."
    for link in dict.fromkeys(page.links):
        if (target := inside(link, path, base)) is not None and not _there(target, files):
            yield f"the link {link} leads nowhere."


def inside(link: str, page: str, base: str) -> str | None:
    """Where a link of a page leads, relative to the site's root; None for what is not on this site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    address = unquote(parts.path)
    if address.startswith("/"):
        return address.removeprefix(base) if address.startswith(base) else f"/{address}"
    folder = page.rpartition("/")[0]
    target = normpath(f"{folder}/{address}" if folder else address)
    return f"{target}/" if address.endswith(("/", "/.", "/..")) or address in (".", "..") else target


def _there(target: str, files: set[str]) -> bool:
    if target in ("", "./", "."):
        return "index.html" in files
    return target in files or f"{target.rstrip('/')}/index.html" in files


def shortened(findings: list[Finding]) -> list[Finding]:
    """The first findings, and how many more there are."""
    if len(findings) <= MOST:
        return findings
    more = findings[MOST:]
    return [*findings[:MOST], Finding(f"And {len(more)} more.", grave=any(one.grave for one in more))]


class Page(HTMLParser):
    """Reads a page's links and notes what is wrong with its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.problems: list[str] = []
        self.open: list[str] = []
        self._ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)
        if tag not in VOID and tag not in OPTIONAL_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in OPTIONAL_END:
            return
        if not self.open or self.open[-1] != tag:
            expected = f", </{self.open[-1]}> was expected" if self.open else ""
            self.problems.append(f"line {self.getpos()[0]}: </{tag}> stands where it closes nothing{expected}.")
            if tag not in self.open:
                return
            while self.open[-1] != tag:
                self.open.pop()
        self.open.pop()

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        where = f"line {self.getpos()[0]}"
        if len(values) < len(attrs):
            self.problems.append(f"{where}: <{tag}> has an attribute twice.")
        if tag == "img" and "alt" not in values:
            self.problems.append(f"{where}: a picture without alt, which says in words what it shows.")
        if tag == "html" and not values.get("lang"):
            self.problems.append(f"{where}: the page does not say its language.")
        if identity := values.get("id"):
            if identity in self._ids:
                self.problems.append(f"{where}: two elements have the id '{identity}'.")
            self._ids.add(identity)
        self.links += (values[name] for name in ADDRESSES if values.get(name))
        self.links += (part.split()[0] for part in values.get("srcset", "").split(",") if part.strip())
