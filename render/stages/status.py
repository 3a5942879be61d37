"""How far a gallery is: what is wanted, done, set aside and left. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from render.catalogue import Catalogue, Exhibit, Known, Run
from render.config import Gallery
from render.engine.ledger import seconds_for
from render.engine.plan import Part, make_plan, moved, unsound, wanted_walks
from render.engine.sources import Source, sources
from render.stages.live import Night, running
from render.stages.looking import judges_here
from render.weights import unfit


@dataclass
class State:
    """What gallery and catalogue say together. known: with walks where their tables now want them; aside: failed and
    near-copies; waiting: by stage and collection; sizes: bytes of an exhibit's files on the mean, by collection and
    kind; night: the run that is at work.
    """

    gallery: Gallery
    sources: Mapping[str, Source]
    known: list[Known] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    aside: list[Exhibit] = field(default_factory=list)
    waiting: Counter[tuple[str, str]] = field(default_factory=Counter)
    sizes: dict[tuple[str, str], float] = field(default_factory=dict)
    night: Night | None = None

    @property
    def ledgers(self) -> list[Mapping[str, Any]]:
        """Of the run that is at work and of earlier ones, the newest first."""
        earlier = [run.ledger for run in self.runs if run.ledger]
        return [self.night.ledger, *earlier] if self.night else [*earlier]

    def left(self, plan: Sequence[Part]) -> dict[str, int]:
        """How many exhibits each step has yet to see, those of the plan included."""
        again = sum(item.again for part in plan for item in part.items)
        images = Counter({part.source.settings.slug: len(part) for part in plan if part.kind == "image"})
        judges = {"classify": [self.gallery.classify.weights], "evidence": self.gallery.evidence.judges}
        drawn = sum(map(len, plan))
        left = {"render": drawn}
        for stage, names in judges.items():
            slugs = _judged(self.gallery, self.sources, names)
            left[stage] = sum(self.waiting[stage, slug] + images[slug] for slug in slugs)
        left["caption"] = drawn - again + sum(self.waiting["caption", slug] for slug in self.sources)
        drawn_before = sum(
            one.state == "rendered" and one.counts and one.collection in self.sources for one in self.known
        )
        return left | {"show": drawn - again + drawn_before}

    def seconds(self, plan: Sequence[Part]) -> float | None:
        """How long all that is left takes at the pace of earlier runs; None when a step was never timed."""
        work = self.left(plan) | {"render": sum(part.frames for part in plan), "show": 0}
        return seconds_for(work, self.ledgers)


def state(gallery: Gallery) -> State:
    """Read everything; writes nothing, and needs no catalogue yet."""
    found = State(gallery, sources(gallery), night=running(gallery))
    if gallery.catalogue_path.is_file():
        with Catalogue(gallery.catalogue_path) as catalogue:
            found.known = list(catalogue.known())
            found.runs = catalogue.runs()
            found.aside = [exhibit for exhibit, _ in catalogue.exhibits(states=("failed", "near-copy"))]
            found.sizes = catalogue.sizes()
            for slug in found.sources:
                found.waiting["classify", slug] = catalogue.waiting("classify", slug, "image")
                found.waiting["evidence", slug] = catalogue.waiting("evidence", slug, "image")
                found.waiting["caption", slug] = catalogue.waiting("caption", slug)
    there = moved(gallery, found.sources, found.known)
    found.known = [there.get(one.id, one) for one in found.known]
    return found


@dataclass(frozen=True)
class Status:
    """How far a gallery is.

    left: how many exhibits each step has yet to see, those that are not drawn yet included. seconds: an estimate for
    that from earlier runs, or None when a step was never timed.
    """

    rows: list[tuple[str, str, int, int, int, int]]  # collection, kind, wanted, shown, left out, failed
    left: dict[str, int]
    seconds: float | None
    reasons: list[str]


def status(gallery: Gallery) -> Status:
    """Wanted, done and set aside; writes nothing."""
    found = state(gallery)
    plan = make_plan(gallery, found.sources, found.known)
    reasons = [f"{e.collection} {e.kind} {e.ordinal}: {e.reason}" for e in found.aside]
    reasons += [f"{slug} walk '{name}': {why}" for (slug, name), why in unsound(gallery, found.sources).items()]
    rows = _rows(gallery, found.sources, found.known)
    return Status(rows, found.left(plan), found.seconds(plan), reasons)


def _judged(gallery: Gallery, found: Mapping[str, Source], names: Sequence[str]) -> list[str]:
    """The collections that one of these classifiers or judges knows; none where their weights are not here."""
    cards = judges_here(gallery, names)
    return [slug for slug, source in found.items() if any(unfit(card, *source.cards) is None for _, card in cards)]


def _rows(
    gallery: Gallery, found: Mapping[str, Source], known: list[Known]
) -> list[tuple[str, str, int, int, int, int]]:
    tally = Counter((one.collection, one.kind, one.state) for one in known)
    rows = []
    for slug, source in found.items():
        wanted = {"image": source.settings.count, "walk": len(wanted_walks(gallery, source, known))}
        for kind, count in wanted.items():
            shown, near, other, failed = (
                tally[slug, kind, state] for state in ("shown", "near-copy", "other-class", "failed")
            )
            rows.append((slug, kind, count, shown, near + other, failed))
    return rows
