"""The stage that lays out the atlas: how every shown exhibit looks, and its place beside the others.

The chart of a collection is fitted once, and again only when the collection has doubled or a person asks for it;
exhibits that come in between are placed on the map that is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from render.catalogue.rows import Json, Look
from render.stages.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from render.atlas.chart import Chart, Floats

FIGURE = "atlas"
VERSION = 1
"""Of the looks and of the chart: another one is fitted anew."""
GROWTH = 2
SECONDS = 0.01
"""Of fitting, an exhibit, at most: a chart that cannot be fitted before a deadline is left to the next command."""


def atlas(session: Session, again: bool = False) -> int:
    """Look at what is new and give it its place; returns how many exhibits got one. again: fit every chart anew.

    A gallery without a sky (``bake.sky``) shows none of it, so nothing is done unless it is asked for.
    """
    if not session.gallery.bake.sky and not again:
        return 0
    done = 0
    for section in session.gallery.sections:
        if session.stop.requested or session.night.late:
            session.unfinished = True
            break
        looked = _look(session, section.slug)
        done += _chart(session, section.slug, again) if looked or again else 0
    session.catalogue.commit()
    return done


def _look(session: Session, slug: str) -> bool:
    """Describe what has no look yet; whether anything has no place on the map."""
    waiting = session.catalogue.unlooked(slug)
    if waiting:
        from render.atlas.look import look, read

        with session.ledger.stage("atlas") as account, session.report.bar("atlas", len(waiting)) as bar:
            for identity, key in waiting:
                if session.stop.requested or session.night.late:
                    session.unfinished = True
                    return False
                found = look(read(session.store.read(key)))
                session.catalogue.looked(identity, key, found.astype("<f4").tobytes())
                account.items += 1
                bar.advance()
                session.catalogue.tick()
    return session.catalogue.placeless(slug)


def _chart(session: Session, slug: str, again: bool) -> int:
    """Fit the chart, or place what is new on it; returns how many exhibits were given a place."""
    from render.atlas.chart import LEAST, Chart

    looks = session.catalogue.atlas(slug)
    shown = [one for one in looks if one.shown]
    told = session.catalogue.figures(slug).get(FIGURE, {})
    known = told.get("version") == VERSION
    if len(shown) < LEAST:
        return 0
    with session.ledger.stage("atlas"):
        if again or not known or len(shown) >= GROWTH * told["fitted"]:
            return _fit(session, slug, shown)
        chart = Chart.from_json(told)
        return _place(session, chart, looks, [one for one in shown if one.x is None])


def _fit(session: Session, slug: str, shown: list[Look]) -> int:
    from render.atlas.chart import fit

    deadline = session.night.deadline
    if deadline is not None and deadline.left < session.night.reserve() + SECONDS * len(shown):
        session.unfinished = True
        return 0
    features = _features(shown)
    chart, places = fit(features)
    told: Json = {"version": VERSION, "fitted": len(shown), **chart.as_json()}
    session.catalogue.figure(slug, FIGURE, told)
    session.catalogue.unplaced(slug)
    _write(session, shown, chart.index(features), places, fitted=True)
    return len(shown)


def _place(session: Session, chart: Chart, looks: list[Look], new: list[Look]) -> int:
    import numpy as np

    from render.atlas.chart import place

    anchors = [one for one in looks if one.fitted and one.x is not None and one.y is not None]
    places = np.array([(one.x, one.y) for one in anchors], dtype=np.float32)
    features = _features(new)
    found = place(chart, _features(anchors), places, features)
    _write(session, new, chart.index(features), found, fitted=False)
    return len(new)


def _write(session: Session, looks: Iterable[Look], index: NDArray[np.int8], places: Floats, fitted: bool) -> None:
    for one, row, (x, y) in zip(looks, index, places, strict=True):
        session.catalogue.placed(one.id, row.tobytes(), round(float(x), 5), round(float(y), 5), fitted)


def _features(looks: list[Look]) -> Floats:
    import numpy as np

    return np.stack([np.frombuffer(one.features, dtype="<f4") for one in looks]).astype(np.float32)
