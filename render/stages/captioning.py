"""Words for exhibits: from the reviewed facts, or from a model with the facts standing in for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Literal

from render.captions import Captioner, Observation, captioner, facts_captioner
from render.catalogue import Catalogue, Exhibit, Medium
from render.config import Collection as Settings
from render.config import Gallery
from render.media import Store, film_frames, open_store
from render.recipe import Walk
from render.stages.session import Session


def caption(session: Session, again: bool = False) -> int:
    """Texts for every numbered exhibit that has none; then it is shown. Returns how many were written.

    Exhibits whose texts stand in for a model that did not answer yet are offered to it again; with `again`, all are.
    A stop ends the asking of a server: what is on the site already gets the facts' words, so that it never stands there
    without any; the others are left for the next run. However many there are, one is held at a time.
    """
    settings = session.gallery.captions
    waiting = session.catalogue.waiting("caption", numbered=True)
    late = _late(session.catalogue, again) if settings.model or again else []
    written = 0
    if waiting or late:
        writer = captioner(settings, session.gallery.folder)
        written = _write(session, writer, waiting, late)
        session.catalogue.commit()
        if summary := getattr(writer, "summary", lambda: None)():
            session.report.say(summary)
    session.catalogue.show([e.id for e, _ in session.catalogue.pending("show") if e.texts is not None])
    session.catalogue.commit()
    return written


def _late(catalogue: Catalogue, again: bool) -> list[str]:
    """The ids of what has texts that another run may better. Those of imported pictures are their makers'."""
    found = catalogue.exhibits(states=("rendered", "shown"))
    ours = (e for e, _ in found if e.number is not None and e.texts and e.texts.get("author") != "import")
    return [e.id for e in ours if again or (e.texts or {}).get("awaits")]


def _write(session: Session, writer: Captioner, waiting: int, late: Collection[str]) -> int:
    """Texts of all that wait, and of the late ones, as they come; returns how many were new."""
    catalogue, written, better = session.catalogue, 0, set(late)
    with session.ledger.stage("caption") as account, session.report.bar("caption", waiting + len(late)) as bar:
        asked = chain(catalogue.pending("caption", numbered=True), catalogue.these(late))
        observations = observe(session.gallery, session.store, asked)
        for observation, texts in writer.each(observations, lambda: session.stop.requested or session.night.late):
            before = next((e.texts for e, _ in catalogue.these([observation.id])), None) if better else None
            if texts.as_dict() != before:
                catalogue.captioned(observation.id, texts.as_dict())
                written += 1
                account.items += 1
            catalogue.tick()
            bar.advance()
        facts = facts_captioner(session.gallery.captions.language, session.gallery.captions.style)
        bare = catalogue.pending("caption", numbered=True)
        shown = ((e, media) for e, media in bare if e.state == "shown")
        for observation, texts in facts.each(observe(session.gallery, session.store, shown)):
            catalogue.captioned(observation.id, texts.as_dict() | {"awaits": "server"})
            written += 1
    if left := catalogue.waiting("caption", numbered=True):
        session.report.say(f"caption: {left} exhibits get their texts from the next run, and are shown then.")
    return written


def observe(gallery: Gallery, store: Store, exhibits: Iterable[tuple[Exhibit, list[Medium]]]) -> Iterator[Observation]:
    """What a captioner is told of each exhibit."""
    collections = {one.slug: one for one in gallery.collections}
    return (_observed(exhibit, media, collections.get(exhibit.collection), store) for exhibit, media in exhibits)


def _observed(exhibit: Exhibit, media: list[Medium], collection: Settings | None, store: Store) -> Observation:
    walk = exhibit.recipe.walk
    known = exhibit.classes or {}
    jpeg = next((m for m in media if m.format == "jpeg" and m.role in ("fallback", "poster")), None)
    return Observation(
        designation=f"{'Walk' if walk else 'NONESUCH'} {exhibit.number}",  # as its page has it
        id=exhibit.id,
        asked=exhibit.asked,
        found=exhibit.found,
        probabilities=known.get("probabilities", {}),
        attributes=known.get("attributes", {}),
        measurements=exhibit.measurements or {},
        keyframes=[key.class_name for key in walk.keyframes] if walk else (),
        frames=film_frames(exhibit.recipe) if walk else None,
        moves=_moves(walk) if walk else "walk",
        thing=collection.title if collection else "picture",
        picture=_read(store, jpeg.key) if jpeg else None,
    )


def _moves(walk: Walk) -> Literal["walk", "morph", "swirl", "plane"]:
    if walk.swirl:
        return "swirl"
    return walk.path if walk.path in ("morph", "plane") else "walk"


def _read(store: Store, key: str) -> Callable[[], bytes | None]:
    """A file's bytes when they are asked for; nothing where it is gone."""
    return lambda: store.read(key) if store.exists(key) else None


def estimate(gallery: Gallery, again: bool = False) -> list[str]:
    """What the model would be asked and about what that costs, in sentences; asks nobody and writes nothing."""
    settings = gallery.captions
    if not settings.model:
        return ["captions.model is not set: texts come from the reviewed facts, and cost nothing."]
    from render.captions.asking import forecast

    store = open_store(gallery.store.location, gallery.folder)
    with ExitStack() as opened:
        exhibits: Iterator[tuple[Exhibit, list[Medium]]] = iter(())
        if gallery.catalogue_path.is_file():
            catalogue = opened.enter_context(Catalogue(gallery.catalogue_path))
            exhibits = chain(catalogue.pending("caption"), catalogue.these(_late(catalogue, again)))
        told = forecast(settings, gallery.folder, observe(gallery, store, exhibits))
    return [*told, "Exhibits that are not drawn yet are not in this."]
