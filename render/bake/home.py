"""A collection's first page: the exhibit that it begins with, and the one that it leads to.

What the maker pinned comes first, then the finest of the stars; where there are neither, the finest of the first
hundred.
"""

from __future__ import annotations

from hashlib import sha256

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.previews import Previews
from render.bake.source import Row, Tally
from render.config import Curation

FIRST = 100
"""Without stars the exhibit to begin with is one of so many, so that it stays when others come."""


class Home:
    """Looks at the rows as they pass by, and offers the page when all have."""

    def __init__(
        self, out: Outputs, pages: Pages, chrome: Chrome, previews: Previews, curation: Curation, tally: Tally
    ) -> None:
        self.first: Row | None = None  # the exhibit that stands on the page
        self.stars: list[int] = []
        self._out = out
        self._pages = pages
        self._chrome = chrome
        self._previews = previews
        self._curation = curation
        self._tally = tally
        self._rank = (-1, -1.0)

    def consider(self, row: Row) -> None:
        """Whether this shown exhibit is the one to begin with."""
        decided = self._curation.of(row.id)
        if decided.star:
            self.stars.append(row.number)
        favour = 2 if decided.pin else int(decided.star)
        if not favour and row.number > FIRST and self.first is not None:
            return
        if (rank := (favour, views.splendour(row))) > self._rank:
            self._rank, self.first = rank, row

    def offer(self, root: bool) -> None:
        """Offer the page; root: also as that of the whole site."""
        if self.first:
            self._previews.offer(self.first, home=True)
        for path in [f"{self._chrome.home}index.html", f"{self._chrome.place}/index.html"][0 if root else 1 :]:
            self._offer(path)

    def _offer(self, path: str) -> None:
        row, other = self.first, self._another()
        key = digest(
            self._pages.key("home.html"),
            self._chrome.key,
            row.digest if row else b"",
            f"{other} {self._previews.which}",
            base_of(path),
        )

        def render() -> bytes:
            return self._pages.render(
                "home.html",
                **self._chrome.context(
                    base_of(path),
                    f"{self._chrome.place}/",
                    path,
                    exhibit=row and views.tile(row, self._chrome.exhibits),
                    another={"href": views.page_of(self._chrome.exhibits, other)},
                    preview=row and self._previews.view(row, home=True),
                    here=path.removesuffix("index.html"),
                ),
            )

        self._out.offer(path, Rank.INDEX, key, render)

    def _another(self) -> int:
        """Where "another" leads without script: to a star, else to an exhibit far from the first one; the same for
        every bake.
        """
        gone, here = set(self._tally.gone), self.first.number if self.first else 0
        some = range(1, min(self._tally.last, FIRST) + 1)
        stars = [number for number in self.stars if number != here]
        shown = stars or [number for number in some if number not in gone and number != here]
        return shown[int(sha256(self._chrome.slug.encode()).hexdigest(), 16) % len(shown)] if shown else here
