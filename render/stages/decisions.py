"""Joining what people decided and what was paid for: `merge` brings it along with the exhibits.

Decisions are compared before anything is written. Two that differ about one thing are refused: which of them holds is
for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from render.captions.paid import FILE as PAID
from render.captions.paid import Paid
from render.config import CURATION, Curation, Decision, Exhibition, Gallery, read_curation
from render.errors import UsageError


def joined_decisions(galleries: Sequence[Gallery], collections: Mapping[str, str]) -> Curation:
    """The decisions of all galleries. collections: the collection of every exhibit, by id.

    Raises UsageError for decisions that contradict each other.
    """
    exhibits: dict[str, tuple[Decision, Gallery]] = {}
    hung: dict[str, tuple[Exhibition, Gallery]] = {}
    for gallery in galleries:
        curation = read_curation(gallery.folder)
        for identity, decision in curation.exhibits.items():
            known = exhibits.get(identity)
            what = f"exhibit {identity} of '{collections.get(identity, 'no collection')}'"
            exhibits[identity] = (_both(known, decision, gallery, what), known[1] if known else gallery)
        for one in curation.exhibitions:
            hung[one.slug] = (_hung(hung.get(one.slug), one, gallery), gallery)
    pins: dict[str, Gallery] = {}
    for identity, (decision, gallery) in exhibits.items():
        slug = collections.get(identity, "")
        if decision.pin and pins.setdefault(slug, gallery) is not gallery:
            raise UsageError(
                f"'{slug}' begins with one exhibit in {pins[slug].folder} and with another in {gallery.folder}: take "
                f"one of the pins out of {CURATION}."
            )
    return Curation(
        exhibit={identity: decision for identity, (decision, _) in exhibits.items()},
        exhibition=[one for one, _ in hung.values()],
    )


def _both(known: tuple[Decision, Gallery] | None, decision: Decision, gallery: Gallery, what: str) -> Decision:
    """What two galleries decided of one exhibit."""
    if known is None:
        return decision
    mine, whose = known
    told = mine.model_dump(exclude_defaults=True)
    for name, value in decision.model_dump(exclude_defaults=True).items():
        if told.setdefault(name, value) != value:
            raise UsageError(
                f"{what} has another {name} in {gallery.folder} than in {whose.folder}: make them one in {CURATION}."
            )
    if told.get("hidden") and told.get("star") and not (mine.hidden and mine.star):
        raise UsageError(
            f"{what} has a star in one of {whose.folder} and {gallery.folder}, and is hidden in the other: make them "
            f"one in {CURATION}."
        )
    return Decision(**told)


def _hung(known: tuple[Exhibition, Gallery] | None, one: Exhibition, gallery: Gallery) -> Exhibition:
    """An exhibition of two galleries: the same words, and one of the two orders must begin with the other."""
    if known is None:
        return one
    mine, whose = known
    longer, shorter = sorted((mine, one), key=lambda each: len(each.exhibits), reverse=True)
    same = (mine.title, mine.text) == (one.title, one.text)
    if not same or longer.exhibits[: len(shorter.exhibits)] != shorter.exhibits:
        raise UsageError(
            f"the exhibition '{one.slug}' of {gallery.folder} is not that of {whose.folder}: make them one in "
            f"{CURATION}, or give one another slug."
        )
    return longer


def refuse_open_batches(others: Iterable[Gallery]) -> None:
    """Raises UsageError while a server still owes a gallery answers: only that gallery can take them up."""
    for other, paid in _paid(others):
        if paid.open_batches():
            raise UsageError(
                f"a batch of questions is under way in {other.folder}: take its answers up there first, with "
                "`nonesuch caption`."
            )


def join_paid(gallery: Gallery, others: Iterable[Gallery]) -> int:
    """Bring the answers that other galleries paid for; returns how many were new."""
    there = [other for other in others if (other.folder / PAID).is_file()]
    if not there:
        return 0
    with closing(Paid(gallery.folder / PAID)) as mine:
        return sum(mine.join(paid) for _, paid in _paid(there))


def _paid(galleries: Iterable[Gallery]) -> Iterator[tuple[Gallery, Paid]]:
    for gallery in galleries:
        path: Path = gallery.folder / PAID
        if path.is_file():
            with closing(Paid(path, read_only=True)) as paid:
                yield gallery, paid
