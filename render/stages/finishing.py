"""Numbers, words and pages: what makes a drawn exhibit a shown one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from render.captions import Observation
from render.catalogue import Exhibit
from render.stages.looking import judge
from render.stages.session import Session
from render.weights import unfit


def number(session: Session) -> int:
    """Numbers in order of ordinal, for what passed the evidence stage; returns how many were given."""
    detector = judge(session, session.gallery.evidence.weights)
    given = 0
    for collection in session.gallery.collections:
        generator = session.sources[collection.slug].card
        unchecked = detector is None or unfit(detector, generator) is not None
        given += session.catalogue.give_numbers(collection.slug, "image", unchecked)
        given += session.catalogue.give_numbers(collection.slug, "walk", unchecked=True)
    session.catalogue.commit()
    return given


def caption(session: Session) -> int:
    """Texts for every numbered exhibit that has none; then it is shown. Returns how many were written.

    A stop ends the asking of a server: what is on the site already gets the facts' words, so that it never stands there
    without any; the others are left for the next run.
    """
    waiting = [e for e, _ in session.catalogue.pending("caption") if e.number is not None]
    written = left = 0
    if waiting:
        from render.captions import captioner, facts_captioner

        writer = captioner(session.gallery.captions)
        with session.ledger.stage("caption") as account, session.report.bar("caption", len(waiting)) as bar:
            for exhibit in waiting:
                stopped = writer.remote and (session.stop.requested or session.night.late)
                if stopped and exhibit.state != "shown":
                    left += 1
                    continue
                (texts,) = (facts_captioner() if stopped else writer).write([_observed(exhibit)])
                session.catalogue.captioned(exhibit.id, texts.as_dict())
                session.catalogue.tick()
                bar.advance()
                written += 1
                account.items += 1
    if left:
        session.report.say(f"caption: {left} exhibits get their texts from the next run, and are shown then.")
    session.catalogue.show([e.id for e, _ in session.catalogue.pending("show") if e.texts is not None])
    session.catalogue.commit()
    return written


def _observed(exhibit: Exhibit) -> Observation:
    walk = exhibit.recipe.walk
    known = exhibit.classes or {}
    return Observation(
        designation=f"NONESUCH {exhibit.number}",
        id=exhibit.id,
        asked=exhibit.asked,
        found=exhibit.found,
        probabilities=known.get("probabilities", {}),
        attributes=known.get("attributes", {}),
        measurements=exhibit.measurements or {},
        keyframes=[key.class_name for key in walk.keyframes] if walk else (),
        frames=walk.frames if walk else None,
    )


def bake(session: Session) -> tuple[str, bool]:
    """Bring ``public/`` up to date; returns a sentence about it, and whether anything there changed."""
    from render.bake import bake as bake_pages

    @contextmanager
    def opened(exhibits: int) -> Iterator[Callable[[int], None]]:
        with session.report.bar("bake", exhibits) as bar:
            yield bar.advance

    session.catalogue.commit()
    with session.ledger.stage("bake") as account:
        report = bake_pages(session.gallery, bar=opened)
        account.items = len(report.written)
    if not report.changed:
        return "public/ is up to date", False
    written = f"{len(report.written)} pages and {report.media} media files written"
    return f"public/: {written}, {len(report.removed)} removed, {report.kept} kept", True
