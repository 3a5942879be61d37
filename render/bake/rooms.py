"""The rooms of a collection beside its exhibits: the sky, the oddities, the question which one is real, the studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from render.bake.about import Cards
from render.bake.chrome import Assets, Chrome, exhibits_of
from render.bake.draw import Studio
from render.bake.guess import Guess
from render.bake.oddities import Oddities
from render.bake.outputs import Outputs
from render.bake.pages import Pages
from render.bake.sky import Sky
from render.bake.source import Source
from render.config import Collection, Folder, Gallery


class Rooms:
    """What visitors of a collection find beside its exhibits; each room opens where there is what it needs."""

    def __init__(
        self, gallery: Gallery, collection: Collection | Folder, assets: Assets, cards: Cards, source: Source
    ) -> None:
        tally = source.tally(collection.slug)
        self._shown = tally.shown
        self.sky = Sky(source, collection, gallery.bake.sky)
        self.oddities = Oddities(cards.classifier, tally, exhibits_of(collection, gallery))
        self.guess = Guess(gallery, collection, cards.of(collection), tally)
        self.studio = Studio(gallery, collection, assets)

    def open(self, walks: bool) -> Iterator[str]:
        """The folders of the rooms that are open, in the menu's order, by which they are also called."""
        rooms = {
            "sky": self.sky.open,
            "oddities": self.oddities.open,
            "guess": self.guess.open,
            "walks": walks,
            "draw": self.studio.open,
        }
        return (name for name, there in rooms.items() if there)

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome, read: Callable[[str], bytes]) -> None:
        """Offer their pages and files, once the collection's rows were gone over."""
        self.oddities.offer(out, pages, chrome)
        self.guess.offer(out, pages, chrome)
        self.sky.offer(out, pages, chrome, read, self._shown)
        self.studio.offer(out, pages, chrome)
