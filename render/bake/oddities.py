"""The oddities: what is rarest in a collection by what was measured, beside how rare it is among real galaxies.

Real galaxies' figures come from the cards: of each measurement the classifier's card keeps the values beyond which one
real galaxy in twenty lies, and the evidence says of each exhibit how many in a hundred real ones lie nearer to their
own nearest. A trait that no card has figures for is not spoken of.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from render.bake import views
from render.bake.chrome import Chrome, base_of
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.source import Row, Tally
from render.bake.tongue import N_, _, decimal, number
from render.bake.words import percent
from render.evidence import authentic_share
from render.weights import Card

SHOWN = 6
FAR = 0.99
TAILS = (
    ("axis_ratio", "5", -1, N_("Flattest"), N_("flatter than an axis ratio of %(limit)s")),
    ("axis_ratio", "95", 1, N_("Roundest"), N_("rounder than an axis ratio of %(limit)s")),
    (
        "half_light_radius",
        "5",
        -1,
        N_("Smallest in their picture"),
        N_("smaller than %(limit)s of the picture’s width"),
    ),
    ("half_light_radius", "95", 1, N_("Largest in their picture"), N_("larger than %(limit)s of the picture’s width")),
    ("concentration", "5", -1, N_("Light spread most evenly"), N_("less concentrated than %(limit)s")),
    ("concentration", "95", 1, N_("Light most in the middle"), N_("more concentrated than %(limit)s")),
    ("colour", "5", -1, N_("Bluest"), N_("bluer than %(limit)s mag")),
    ("colour", "95", 1, N_("Reddest"), N_("redder than %(limit)s mag")),
)
"""Measurement, quantile of the real galaxies, side, and how it is called."""
ONE_IN_TWENTY = N_("Among real galaxies it is one in twenty.")
FARTHER = N_("farther from every real galaxy than 99 in a hundred of those are from their own nearest")
ONE_IN_A_HUNDRED = N_(
    "Among real galaxies it is one in a hundred, by what is counted. What is said of such a picture’s class is worth "
    "little."
)


@dataclass
class Kind:
    """One way to be odd. side: +1 where large values are odd; real: how many real galaxies are, in words."""

    title: str
    words: str
    limit: float
    side: int
    real: str
    of: int = 0
    found: int = 0
    best: list[tuple[float, int, dict[str, Any], bytes]] = field(default_factory=list)

    def see(self, row: Row, exhibits: str, value: Any) -> None:
        if not isinstance(value, int | float):
            return
        self.of += 1
        far = self.side * value
        if far <= self.side * self.limit:
            return
        self.found += 1
        if len(self.best) < SHOWN:
            heapq.heappush(self.best, (far, -row.number, views.tile(row, exhibits), row.digest))
        elif far > self.best[0][0]:
            heapq.heapreplace(self.best, (far, -row.number, views.tile(row, exhibits), row.digest))

    @property
    def sentence(self) -> str:
        """How often it is found here, within what chance allows, and among real galaxies."""
        share = authentic_share(self.found, self.of)
        low, high = (percent(value) for value in share["interval"])
        told = _("%(found)s of %(of)s here are %(words)s: %(share)s (95\u202f%% interval %(low)s to %(high)s).") % {
            "found": number(self.found),
            "of": number(self.of),
            "words": self.words,
            "share": percent(share["authentic"]),
            "low": low,
            "high": high,
        }
        return f"{told} {self.real}"

    def view(self) -> dict[str, Any]:
        """What the page shows, the oddest first."""
        tiles = [one[2] for one in sorted(self.best, key=lambda one: one[:2], reverse=True)]
        return {"title": self.title, "sentence": self.sentence, "tiles": tiles}


class Oddities:
    """A collection's oddities, gathered while the bake goes over its rows."""

    def __init__(self, classifier: Card | None, tally: Tally, exhibits: str) -> None:
        """exhibits: where their pages are."""
        measured = classifier.quality.get("measured", {}) if classifier else {}
        self._exhibits = exhibits
        self._real = int(measured.get("n", 0))
        self._kinds = _kinds(measured) if any(tally.classes) else {}
        self._far = Kind(_("Farthest from every real galaxy"), _(FARTHER), FAR, 1, _(ONE_IN_A_HUNDRED))

    @property
    def open(self) -> bool:
        """Whether there is such a page."""
        return bool(self._kinds)

    def row(self, row: Row) -> None:
        """The next row of the collection."""
        if not self.open or not row.shown:
            return
        measured = row.json("measurements")
        for name, kinds in self._kinds.items() if measured.get("detected", True) else ():
            for kind in kinds:
                kind.see(row, self._exhibits, measured.get(name))
        self._far.see(row, self._exhibits, row.json("evidence").get("percentile"))

    def close(self) -> None:
        """There are no more rows."""

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome) -> None:
        """Offer the page, the rarest first."""
        if not self.open:
            return
        kinds = [kind for kind in chain(*self._kinds.values(), [self._far]) if kind.of]
        rare = sorted((kind for kind in kinds if kind.found), key=lambda kind: (kind.found / kind.of, kind.title))
        none = [kind.words for kind in kinds if not kind.found]
        path = f"{chrome.place}/oddities/index.html"
        said = repr([(kind.title, kind.sentence) for kind in kinds])
        key = digest(pages.key("oddities.html"), chrome.key, said, *(one[3] for kind in rare for one in kind.best))

        def page() -> bytes:
            more = {"kinds": [kind.view() for kind in rare], "none": none, "real": self._real}
            return pages.render(
                "oddities.html", **chrome.context(base_of(path), f"{chrome.place}/oddities/", path, **more)
            )

        out.offer(path, Rank.INDEX, key, page)


def _kinds(measured: dict[str, Any]) -> dict[str, list[Kind]]:
    """By measurement; those that the card has figures for."""
    found: dict[str, list[Kind]] = {}
    for name, quantile, side, title, words in TAILS:
        if quantile in measured.get(name, {}):
            limit = float(measured[name][quantile])
            said = _(words) % {"limit": decimal(limit, 2).replace("-", "\u2212")}
            found.setdefault(name, []).append(Kind(_(title), said, limit, side, _(ONE_IN_TWENTY)))
    return found
