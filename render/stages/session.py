"""A session: one gallery, held for writing, with everything that its stages share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.catalogue import Catalogue
from render.config import Gallery, pin_weights
from render.engine.ledger import Ledger
from render.engine.sources import Source, pinned, sources
from render.engine.stop import Stop
from render.media import Store, open_store
from render.stages.night import Night
from render.stages.report import Report
from render.stages.sweeping import enlist, shared
from render.stages.wish import Wish
from render.still import at_rest

if TYPE_CHECKING:
    from render.engine.cluster import Cluster
    from render.engine.executor import Executor

MakeExecutor = Callable[[Gallery, Mapping[str, Path]], "Executor | Cluster"]
"""From a gallery and its weights folders by sha256 to what renders them."""

DAY = 86400.0
"""Seconds after which a half-written file in a shared store is a killed run's, not another gallery's at work."""


@dataclass
class Session:
    """What the stages of one command share. aside: sentences about exhibits that this command set aside; given_up:
    collections that it draws no more of, because too much failed there; beyond: the counts that an endless night has
    come to; machine: device, precision and batch that drew; unfinished: whether a stage left something for the same
    command to do again, though nothing else change.
    """

    gallery: Gallery
    catalogue: Catalogue
    store: Store
    report: Report
    stop: Stop
    make_executor: MakeExecutor
    wish: Wish = field(default_factory=Wish)
    ledger: Ledger = field(default_factory=Ledger)
    aside: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    unfinished: bool = False
    _run: int | None = None
    _baked: tuple[int, tuple[str, ...]] | None = None

    @cached_property
    def night(self) -> Night:
        """The brake of this command's drawing."""
        earlier = [run.ledger for run in self.catalogue.runs() if run.ledger] if self.wish.deadline else []
        return Night(self.stop, self.ledger, self.wish.deadline, earlier=earlier)

    @property
    def run(self) -> int:
        """The run's number; it begins, and the weights are pinned, when a stage first has something to do."""
        if self._run is None:
            pin_weights(self.gallery.folder, pinned(self.sources))
            self._run = self.catalogue.begin_run()
        return self._run

    @property
    def begun(self) -> bool:
        """Whether this command has begun a run."""
        return self._run is not None

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every collection's weights and card, read when first needed; the count is tonight's."""
        found = sources(self.gallery)
        count = self.wish.count
        return found if count is None else {slug: counting(source, count) for slug, source in found.items()}

    @property
    def wanted(self) -> dict[str, Source]:
        """The sources with the counts that are to be drawn now."""
        return {
            slug: counting(source, self.beyond.get(slug, source.settings.count))
            for slug, source in self.sources.items()
        }

    @property
    def run_folder(self) -> Path:
        """Where the frozen plan lies."""
        return self.gallery.runs / str(self.run)

    def baked(self, stages: Iterable[str]) -> None:
        """The site shows all that the catalogue holds now, after these stages."""
        self._baked = self.catalogue.db.total_changes, tuple(stages)

    def end(self) -> None:
        """Keep the ledger, if anything was done. Where no exhibit changed after the bake, the next command is told so,
        as soon as the catalogue is closed.
        """
        changes = self.catalogue.db.total_changes
        if self._run is not None:
            self.catalogue.end_run(self._run, self.ledger.as_json())
        if self._baked is not None and self._baked[0] == changes and not self.unfinished:
            told = self.catalogue.shown(), (*self._baked[1], "bake")
            self.catalogue.when_closed(lambda: self._rest(*told))

    def _rest(self, shown: int, stages: Sequence[str]) -> None:
        from render.bake.record import rest

        state = at_rest(str(self.gallery.catalogue_path))
        if state is not None:
            rest(self.gallery.state, state, shown, stages)


@contextmanager
def session(
    gallery: Gallery,
    report: Report,
    make_executor: MakeExecutor,
    stop: Stop | None = None,
    wish: Wish | None = None,
) -> Iterator[Session]:
    """Opens a gallery for writing; whatever happens inside, the ledger is kept and the lock is given back."""
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        store = open_store(gallery.store.location, gallery.folder)
        enlist(gallery, store)
        if store.local:  # otherwise `check --mend` and `gc` do
            store.sweep(older=DAY if shared(gallery) else 0)
        opened = Session(gallery, catalogue, store, report, stop or Stop(), make_executor, wish or Wish())
        try:
            yield opened
        finally:
            opened.end()


def counting(source: Source, count: int) -> Source:
    """The same source with another number of exhibits to show."""
    if source.settings.count == count:
        return source
    return replace(source, settings=source.settings.model_copy(update={"count": count}))


def stamp() -> str:
    """Now, in UTC, or the moment that SOURCE_DATE_EPOCH sets for builds that must be repeatable."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
