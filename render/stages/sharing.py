"""A night that several machines split by hand: each draws its share, then `merging` joins what they made.

All begin with the same gallery. What a share is must not change while it is drawn, so it is dealt from the exhibits
that were there when it began: a note beside the frozen plans says which those are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from render.catalogue import Known
from render.config import Gallery
from render.durable import write_whole
from render.engine.ledger import seconds_for
from render.engine.plan import Part, make_plan, moved
from render.engine.shares import Share, deal
from render.engine.sources import Source
from render.errors import NonesuchError, UsageError
from render.stages.session import Session, counting
from render.stages.status import state

STAGES = ("render", "classify", "evidence")
"""What a machine does of its share. Numbers, texts and pages are for the gallery that all come together in."""


@dataclass(frozen=True)
class Lot:
    """What one machine draws. exhibits: by collection and kind; seconds: at the pace of earlier runs, or None."""

    share: Share
    exhibits: dict[tuple[str, str], int]
    frames: int
    seconds: float | None


def lots(gallery: Gallery, machines: int, count: int | None = None) -> list[Lot]:
    """What each of so many machines would do now. Reads only."""
    found = state(gallery)
    wanted = found.sources if count is None else {s: counting(one, count) for s, one in found.sources.items()}
    known, ledgers = found.known, found.ledgers
    dealt = deal(_new(make_plan(gallery, wanted, known)), machines)
    return [_lot(Share(number, machines), parts, ledgers) for number, parts in enumerate(dealt, 1)]


def _lot(share: Share, parts: list[Part], ledgers: list[Mapping[str, object]]) -> Lot:
    exhibits: Counter[tuple[str, str]] = Counter()
    for part in parts:
        exhibits[part.source.settings.slug, part.kind] += len(part)
    frames, images = sum(part.frames for part in parts), sum(len(part) for part in parts if part.kind == "image")
    work = {"render": frames, "classify": images, "evidence": images}
    return Lot(share, dict(exhibits), frames, seconds_for(work, ledgers) if frames else 0.0)


def share_of_plan(session: Session, share: Share) -> list[Part]:
    """What is left of this machine's share."""
    after = _pinned(session, share)
    later = session.catalogue.since(after)
    known = list(session.catalogue.known())
    before = _where_wanted(session.gallery, session.sources, [one for one in known if one.id not in later])
    mine = deal(_new(make_plan(session.gallery, session.sources, before)), share.of)[share.number - 1]
    done = {one.id for one in known if one.id in later and not one.lost}
    return [part for part in (_without(part, done) for part in mine) if len(part)]


def left_of_share(session: Session, share: Share) -> dict[str, int]:
    """By collection, how many exhibits of the share are neither made nor set aside."""
    left: Counter[str] = Counter()
    for part in share_of_plan(session, share):
        left[part.source.settings.slug] += len(part)
    return dict(left)


def end_share(gallery: Gallery) -> None:
    """The gallery is a whole one from here on."""
    gallery.share.unlink(missing_ok=True)


def refuse_share(gallery: Gallery) -> None:
    """Raises UsageError where a folder holds one machine's share: numbers given there would be others elsewhere."""
    found = _noted(gallery.share)
    if found is not None:
        raise UsageError(
            f"{gallery.folder} holds share {found[0]} of a gallery: go on with `nonesuch make --shard {found[0]}`, or "
            "join it into the gallery with `nonesuch merge`."
        )


def _pinned(session: Session, share: Share) -> int:
    """The last run before the share began; noted when it begins, durably."""
    path = session.gallery.share
    found = _noted(path)
    if found is not None:
        if found[0] != str(share):
            raise UsageError(
                f"{session.gallery.folder} holds share {found[0]} already: go on with that one, or draw {share} in a "
                "copy of the gallery."
            )
        return found[1]
    after = max((run.id for run in session.catalogue.runs()), default=0)
    write_whole(path, json.dumps({"share": str(share), "after": after}))
    return after


def _noted(path: Path) -> tuple[str, int] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return str(told["share"]), int(told["after"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise NonesuchError(f"{path} cannot be read: delete it where this folder is to be a whole gallery.") from None


def _where_wanted(gallery: Gallery, sources: Mapping[str, Source], known: Iterable[Known]) -> list[Known]:
    """Walks where their tables have them now; the rows themselves move when the gallery is whole again."""
    have = list(known)
    there = moved(gallery, sources, have)
    return [there.get(one.id, one) for one in have]


def _new(plan: Iterable[Part]) -> list[Part]:
    """Less films that are there and only encoded anew: their rows are the whole gallery's to change."""
    return [replace(part, items=tuple(item for item in part.items if not item.again)) for part in plan]


def _without(part: Part, done: set[str]) -> Part:
    ordinals = part.ordinals[:0]
    ordinals.extend(ordinal for ordinal in part.ordinals if part.source.id_at(ordinal) not in done)
    return Part(part.source, part.kind, tuple(item for item in part.items if item.recipe.id not in done), ordinals)
