"""Joining galleries: what several machines drew of one gallery comes together in one of them.

Everything is compared before anything is written, and contradictions are refused: a place with two recipes, a recipe at
two places or with two numbers, two pictures of one recipe. What the first gallery has stays as it is. Files come before
their row, as always, so a merge that was killed is simply run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from render.catalogue import Catalogue, Known
from render.catalogue.rows import Exhibit, Medium
from render.config import Gallery, read_curation, read_lock, write_curation
from render.errors import NonesuchError, UsageError
from render.media import Store, open_store
from render.stages.decisions import join_paid, joined_decisions, refuse_open_batches
from render.stages.live import running
from render.stages.sharing import end_share

FAR = 12
"""Bits of 64 by which perceptual hashes of one recipe's pictures may differ. Rounding on another device changes one or
two; unrelated pictures differ in about half of all bits."""
Place = tuple[str, str, int]


@dataclass
class Joined:
    """What came from one gallery. twice: exhibits that were here already."""

    folder: Path
    new: int = 0
    twice: int = 0


@dataclass(frozen=True)
class Merged:
    """What came of a merge. decisions: whether ``curation.toml`` has more than before; answers: of a language model,
    that were paid for elsewhere.
    """

    galleries: list[Joined]
    decisions: bool = False
    answers: int = 0


def merge(gallery: Gallery, others: Sequence[Gallery]) -> Merged:
    """Bring the exhibits of other galleries into the first, what was decided about them, and the answers that were paid
    for. Raises UsageError for contradictions; nothing is written
    then.
    """
    for number, other in enumerate(others):
        if other.folder in [gallery.folder, *(one.folder for one in others[:number])]:
            raise UsageError(f"{other.folder} is named twice: a gallery is not joined with itself.")
        if running(other) is not None:
            raise NonesuchError(f"a run is at work on {other.folder}: wait until it has finished, or stop it.")
        _same_weights(gallery, other)
    with ExitStack() as opened:
        catalogues = [opened.enter_context(Catalogue(other.catalogue_path)) for other in others]
        mine = opened.enter_context(Catalogue(gallery.catalogue_path, write=True))
        exhibits = _compare(gallery, mine, list(zip(others, catalogues, strict=True)))
        decided = joined_decisions([gallery, *others], {key: one.collection for key, one in exhibits.items()})
        refuse_open_batches(others)
        store = open_store(gallery.store.location, gallery.folder)
        done = [_join(mine, store, other, theirs) for other, theirs in zip(others, catalogues, strict=True)]
        answers = join_paid(gallery, others)
        decisions = decided != read_curation(gallery.folder)
        if decisions:
            write_curation(gallery.folder, decided, {key: _called(one) for key, one in exhibits.items()})
    end_share(gallery)
    return Merged(done, decisions, answers)


def _same_weights(gallery: Gallery, other: Gallery) -> None:
    here, there = read_lock(gallery.folder).weights, read_lock(other.folder).weights
    for name in here.keys() & there.keys():
        if here[name] != there[name]:
            raise UsageError(
                f"the weights '{name}' of {other.folder} are not those of {gallery.folder} "
                f"({there[name][:12]}…, not {here[name][:12]}…): they cannot be one gallery."
            )


def _compare(gallery: Gallery, mine: Catalogue, others: Sequence[tuple[Gallery, Catalogue]]) -> dict[str, Known]:
    """All exhibits by id. Raises UsageError at the first contradiction between any two of the galleries."""
    exhibits: dict[str, tuple[Known, Gallery]] = {}
    places: dict[Place, tuple[str, Gallery]] = {}
    numbers: dict[Place, tuple[str, Gallery]] = {}
    looks: dict[str, str] = {}
    for home, catalogue in [(gallery, mine), *others]:
        hashes = catalogue.looks()
        for one in catalogue.known():
            here = (one.collection, one.kind, one.ordinal)
            known, whose = exhibits.setdefault(one.id, (one, home))
            _agree(known, whose, one, home)
            _alone(places, here, "place", one.id, home)
            if one.number is not None:
                _alone(numbers, (one.collection, one.kind, one.number), "number", one.id, home)
            look = hashes.get(one.id)
            if look is not None and _apart(looks.setdefault(one.id, look), look) > FAR:
                raise UsageError(
                    f"{_named(one)} is another picture in {home.folder} than in {whose.folder}, though it has the same "
                    "recipe: `nonesuch inspect` says which of them is what its recipe makes."
                )
    return {key: one for key, (one, _) in exhibits.items()}


def _agree(known: Known, whose: Gallery, one: Known, home: Gallery) -> None:
    """The same recipe in two galleries must be the same exhibit."""
    if (known.collection, known.ordinal) != (one.collection, one.ordinal):
        raise UsageError(
            f"{_named(one)} of {home.folder} is {_named(known)} in {whose.folder}: one recipe, two places."
        )
    if one.number is not None and one.number != known.number:
        has = f"number {known.number}" if known.number is not None else "no number"
        raise UsageError(
            f"{_named(one)} has number {one.number} in {home.folder} and {has} in {whose.folder}: numbers are given "
            "once, in the gallery that all others are joined to."
        )
    if one.state == "removed" and known.counts:
        raise UsageError(
            f"{_named(one)} was taken off in {home.folder} and is there in {whose.folder}: take it off there too, "
            "with `nonesuch rm`."
        )


def _alone(taken: dict[Place, tuple[str, Gallery]], place: Place, word: str, identity: str, home: Gallery) -> None:
    """A place, and a number, belongs to one recipe."""
    other, whose = taken.setdefault(place, (identity, home))
    if other != identity:
        slug, kind, position = place
        raise UsageError(
            f"{slug} {kind}, {word} {position}: {home.folder} has exhibit {identity}, {whose.folder} has {other}: "
            "their settings, or the galleries that they began with, are not the same."
        )


def _named(one: Known) -> str:
    return f"{one.collection} {one.kind} {one.ordinal}"


def _called(one: Known) -> str:
    """As `nonesuch curate` notes it beside a decision."""
    return _named(one) if one.number is None else f"{one.collection} {one.number}"


def _apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _join(mine: Catalogue, store: Store, other: Gallery, theirs: Catalogue) -> Joined:
    done = Joined(other.folder)
    here = {one.id: one for one in mine.known()}
    shelf = open_store(other.store.location, other.folder)
    runs = {run.id: run for run in theirs.runs()}
    numbers: dict[int, int] = {}
    for exhibit, media in theirs.exhibits():
        known = here.get(exhibit.id)
        if not _better(known, exhibit, media):
            done.twice += 1
            continue
        _carry(media, shelf, store)
        run = exhibit.run
        if run is not None and run in runs and run not in numbers:
            numbers[run] = mine.joined_run(runs[run])
        mine.joined(replace(exhibit, run=None if run is None else numbers.get(run)), media)
        mine.tick()
        done.new += 1
    return done


def _better(known: Known | None, exhibit: Exhibit, media: Sequence[Medium]) -> bool:
    """Whether to take the other's row: for what is not here, and what failed or was lost here."""
    if known is None:
        return True
    return bool(media) and exhibit.state in ("rendered", "shown") and (known.state == "failed" or known.lost)


def _carry(media: Iterable[Medium], source: Store, target: Store) -> None:
    for medium in media:
        if target.exists(medium.key):
            continue
        data = source.read(medium.key)
        if hashlib.sha256(data).hexdigest() != medium.sha256:
            raise NonesuchError(
                f"{medium.key} of {source} is damaged: run `nonesuch check --mend` and "
                "`nonesuch make` in its gallery, then merge again; what was joined so far is safe."
            )
        target.put(data, medium.key.rpartition(".")[2])
