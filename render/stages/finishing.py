"""Numbers and pages: with the words of `captioning`, what makes a drawn exhibit a shown one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from render.stages.session import Session


def number(session: Session) -> int:
    """Numbers in order of ordinal, for what passed the evidence stage; returns how many were given."""
    from render.stages.looking import judge_of, judges_here, leave_out

    here = judges_here(session.gallery, session.gallery.evidence.judges)
    given = 0
    leave_out(session)
    for collection in session.gallery.collections:
        if collection.slug not in session.sources:  # left out tonight
            continue
        unchecked = judge_of(here, session.sources[collection.slug]) is None
        unnamed = collection.found == "any"
        given += session.catalogue.give_numbers(collection.slug, "image", unchecked, unnamed)
        given += session.catalogue.give_numbers(collection.slug, "walk", unchecked=True)
    session.catalogue.commit()
    return given


def bake(session: Session, after: Sequence[str] = ()) -> tuple[str, bool]:
    """Bring ``public/`` up to date; returns a sentence about it, and whether anything there changed.

    after: the stages that this command has done.
    """
    from render.bake import bake as bake_pages

    @contextmanager
    def opened(exhibits: int) -> Iterator[Callable[[int], None]]:
        with session.report.bar("bake", exhibits) as bar:
            yield bar.advance

    session.catalogue.commit()
    with session.ledger.stage("bake") as account:
        report = bake_pages(session.gallery, bar=opened)
        account.items = report.files
    session.baked(after)
    if report.chosen:
        session.report.say(f"bake: {report.chosen}.")
    if not report.changed:
        return "public/ is up to date", False
    written = f"{report.files} pages and {report.media} media files written"
    return f"public/: {written}, {report.gone} removed, {report.kept} kept", True
