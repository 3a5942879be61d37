"""Walks follow ``gallery.toml``: a walk is known by its name there, and only what the file asks for is on the site."""

from __future__ import annotations

from collections.abc import Mapping

from render.catalogue import Known
from render.engine.plan import moved, unsound, wanted_walks
from render.stages.session import Session

OTHER = "gallery.toml asks for another version of this walk"
NONE = "gallery.toml no longer asks for this walk"


def move(session: Session) -> int:
    """Give walks whose table names another collection to that one, films and all; returns how many."""
    going = moved(session.gallery, session.sources, session.catalogue.known())
    for one in going.values():
        session.catalogue.moved(one.id, one.collection, one.ordinal, one.slug or "")
    return len(going)


def left_out(session: Session) -> list[str]:
    """A sentence for each walk of the file that cannot be drawn."""
    wrong = unsound(session.gallery, session.sources)
    return [f"walk '{name}' of '{slug}' was left out: {why}." for (slug, name), why in wrong.items()]


def follow(session: Session) -> int:
    """Give new versions the numbers of those before, and retire what is no longer asked for; returns how many changed.

    The version before stays on the site until the new one is made, and while its table cannot be drawn.
    """
    changed = move(session)
    unsound_ones = unsound(session.gallery, session.sources)
    known = list(session.catalogue.known())
    for slug, source in session.sources.items():
        wanted = {key: walk.slug for key, (walk, _) in wanted_walks(session.gallery, source, known).items()}
        mine = [one for one in known if (one.collection, one.kind) == (slug, "walk") and one.state != "removed"]
        for one in mine:
            if one.id in wanted and one.slug != wanted[one.id]:
                session.catalogue.named(one.id, wanted[one.id])
        made = {wanted[one.id]: one for one in mine if one.id in wanted and one.counts}
        waiting = set(wanted.values()) - made.keys() | {name for where, name in unsound_ones if where == slug}
        changed += _retire([one for one in mine if one.id not in wanted], made, waiting, session)
    session.catalogue.commit()
    return changed


def _retire(old: list[Known], made: Mapping[str, Known], waiting: set[str], session: Session) -> int:
    """old: versions that are not wanted; made: wanted ones by name; waiting: names whose version is to come."""
    heirs = {name: one.id for name, one in made.items() if one.number is None}
    retired = 0
    for one in sorted(old, key=lambda one: (one.state != "shown", one.number or 0)):
        name = one.slug or ""
        if one.number is not None and name in heirs:
            session.catalogue.succeeded(one.id, heirs.pop(name), OTHER)
        elif one.state != "retired" and not (one.number is not None and name in waiting):
            session.catalogue.retired(one.id, OTHER if name in made or name in waiting else NONE)
        else:
            continue
        retired += 1
    return retired
