"""A session: one gallery, held for writing, with everything that its stages share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from render.catalogue import Catalogue
from render.config import Gallery, pin_weights
from render.engine.executor import Executor
from render.engine.ledger import Ledger
from render.engine.plan import Source, pinned, sources
from render.engine.stop import Stop
from render.media import Store
from render.stages.report import Report

MakeExecutor = Callable[[Gallery, Mapping[str, Path]], Executor]
"""From a gallery and its weights folders by sha256 to what renders them."""


@dataclass
class Session:
    """What the stages of one command share. aside: sentences about exhibits that this command set aside."""

    gallery: Gallery
    catalogue: Catalogue
    store: Store
    report: Report
    stop: Stop
    make_executor: MakeExecutor
    ledger: Ledger = field(default_factory=Ledger)
    aside: list[str] = field(default_factory=list)
    _run: int | None = None

    @property
    def run(self) -> int:
        """The run's number; it begins, and the weights are pinned, when a stage first has something to do."""
        if self._run is None:
            pin_weights(self.gallery.folder, pinned(self.sources))
            self._run = self.catalogue.begin_run()
        return self._run

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every collection's weights and card, read when first needed."""
        return sources(self.gallery)

    @property
    def run_folder(self) -> Path:
        """Where the frozen plan lies."""
        return self.gallery.runs / str(self.run)

    def end(self) -> None:
        """Keep the ledger, if anything was done."""
        if self._run is not None:
            self.catalogue.end_run(self._run, self.ledger.as_json())


@contextmanager
def session(
    gallery: Gallery, report: Report, make_executor: MakeExecutor, stop: Stop | None = None
) -> Iterator[Session]:
    """Opens a gallery for writing; whatever happens inside, the ledger is kept and the lock is given back."""
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        store = Store(gallery.store_path)
        store.sweep()
        opened = Session(gallery, catalogue, store, report, stop or Stop(), make_executor)
        try:
            yield opened
        finally:
            opened.end()


def stamp() -> str:
    """Now, in UTC, or the moment that SOURCE_DATE_EPOCH sets for builds that must be repeatable."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
