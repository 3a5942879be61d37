"""The stages that look at pictures: which class it is, and how near real ones lie. Both read the lossless master."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.catalogue import Exhibit
from render.catalogue.reading import Stage
from render.catalogue.rows import Json
from render.config import Gallery
from render.engine.sources import Source
from render.errors import NonesuchError
from render.stages.session import Session
from render.weights import Card, find_weights, load_card, unfit

if TYPE_CHECKING:
    from torch import Tensor

    from render.classify import Classification


def classify(session: Session) -> int:
    """Name the class of every image that has none; returns how many. Collections that keep only what is found as it was
    asked for leave the others out.
    """
    count = _classified(session)
    leave_out(session)
    return count


def leave_out(session: Session) -> None:
    """Give up what is of another class than was asked for, where the gallery says so; numbers that were given stay."""
    for slug, source in session.sources.items():
        if source.settings.found == "as asked" and (count := session.catalogue.other_class(slug)):
            session.report.say(f"classify: {count} of {slug} are of another class than was asked for, and left out.")
    session.catalogue.commit()


def _classified(session: Session) -> int:
    groups, waiting = _work(session, "classify", [session.gallery.classify.weights])
    if not groups:
        return 0
    ((folder, slugs),) = groups
    from render.classify import CLASSES, measure
    from render.classify.loading import load_classifier
    from render.classify.morphology import load, morphology

    if session.gallery.classify.morphology:
        load()  # before the first picture: what is missing is said at once
    with session.ledger.stage("classify") as account, session.report.bar("classify", waiting) as bar:
        classifier = load_classifier(folder)
        galaxies = set(classifier.card.classes) <= set(CLASSES)  # only these have a disc to measure
        for look in _looks(session, "classify", slugs):
            answer = classifier.classify(look.picture)[0]
            found = _told(answer)
            if galaxies and session.gallery.classify.morphology:
                shape = morphology(look.picture[0].numpy(), look.mapping).as_dict()
                found["morphology"] = {**shape, "size": look.picture.shape[-1]}
            measured = _finite(measure(look.picture[0].numpy(), look.mapping).as_dict()) if galaxies else {}
            session.catalogue.classified(look.exhibit.id, answer.found, found, measured)
            account.items += 1
            bar.advance()
            session.catalogue.tick()
        session.catalogue.commit()
        return account.items


def evidence(session: Session) -> int:
    """Compare every image with the real ones; near-copies are left out if the gallery says so. Returns how many."""
    groups, waiting = _work(session, "evidence", session.gallery.evidence.judges)
    if not groups:
        return 0
    with session.ledger.stage("evidence") as account, session.report.bar("evidence", waiting) as bar:
        for folder, slugs in groups:
            for _ in _compared(session, folder, slugs):
                account.items += 1
                bar.advance()
                session.catalogue.tick()
        session.catalogue.commit()
        return account.items


def _compared(session: Session, folder: Path, slugs: list[str]) -> Iterator[Exhibit]:
    """What a judge was asked about and answered, one exhibit after the other."""
    from render.evidence.judges import load_judge
    from render.media import neighbour_media

    keep = session.gallery.evidence.near_copies == "keep"
    detector = load_judge(folder)
    licences = {credit.name: credit.licence for credit in detector.card.training.credits}
    for look in _looks(session, "evidence", slugs):
        verdict = detector.check(look.picture)[0]
        pictures = [
            neighbour_media(
                session.store, detector.thumbnail(near.index), place, near.credit, licences.get(near.credit, "")
            )
            for place, near in enumerate(verdict.neighbours)
        ]
        reason = None
        if verdict.near_copy and not keep:
            reason = f"near-copy of the real picture {verdict.neighbours[0].file}"
        if reason and look.exhibit.number is not None:
            session.catalogue.removed(look.exhibit.id, reason)  # it was shown before these weights were here
        else:
            session.catalogue.checked(look.exhibit.id, verdict.json(), pictures, reason)
        yield look.exhibit


@dataclass(frozen=True)
class _Look:
    exhibit: Exhibit
    picture: Tensor  # (1, 3, h, w), data space
    mapping: Any


def _looks(session: Session, stage: Stage, slugs: list[str]) -> Iterator[_Look]:
    """What waits for a stage, with its pixels; ends early when a stop is asked for, or the deadline is near."""
    import torch

    from render.media import data_of_master

    cards = {source.sha256: source.card for source in session.sources.values()}
    early = session.stop.requested  # asked for while drawing: what was drawn is still looked at
    pending = (one for slug in slugs for one in session.catalogue.pending(stage, slug, "image"))
    for exhibit, media in pending:
        if (session.stop.requested and not early) or session.night.late:
            return
        card = cards.get(exhibit.recipe.weights) or next(iter(cards.values()))
        data = data_of_master(session.store, media, card)
        yield _Look(exhibit, torch.from_numpy(data)[None], card.mapping)


def looked_at(session: Session, stage: str) -> bool:
    """Whether a stage has weights that can judge one of the collections."""
    gallery = session.gallery
    here = judges_here(gallery, [gallery.classify.weights] if stage == "classify" else gallery.evidence.judges)
    return any(unfit(card, *source.cards) is None for _, card in here for source in session.sources.values())


Judges = list[tuple[Path, Card]]


def judges_here(gallery: Gallery, names: Sequence[str]) -> Judges:
    """The folders and cards of the weights that classify or compare, as far as they are here."""
    found: Judges = []
    for name in names:
        with suppress(NonesuchError):
            folder = find_weights(name, gallery.folder)
            found.append((folder, load_card(folder)))
    return found


def judge_of(here: Judges, source: Source) -> tuple[Path, Card] | None:
    """The first of some judges that knows what all that draws a collection learned from."""
    return next(((folder, card) for folder, card in here if unfit(card, *source.cards) is None), None)


def _work(session: Session, stage: Stage, names: Sequence[str]) -> tuple[list[tuple[Path, list[str]]], int]:
    """The weights that do a stage, each with the collections that it knows, and how many images wait there in all."""
    images = {slug: session.catalogue.waiting(stage, slug, "image") for slug in session.sources}
    slugs = [slug for slug, count in images.items() if count]
    if not slugs:
        return [], 0
    here = judges_here(session.gallery, names)
    if not here:
        told = " or ".join(f"'{name}'" for name in names)
        session.report.say(f'{stage}: there are no weights {told} here, so exhibits say "not checked".')
        return [], 0
    groups: dict[Path, list[str]] = {}
    for slug in slugs:
        source = session.sources[slug]
        found = judge_of(here, source)
        if found:
            groups.setdefault(found[0], []).append(slug)
        else:
            session.report.say(f'{stage}: {slug} says "not checked": {unfit(here[0][1], *source.cards)}.')
    return list(groups.items()), sum(images[slug] for some in groups.values() for slug in some)


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Without what could not be measured: a picture without colour has no colour index."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _told(answer: Classification) -> Json:
    """What the catalogue keeps of an answer beside the class."""
    told: Json = {"probabilities": _rounded(answer.probabilities), "attributes": _rounded(answer.attributes)}
    if answer.path:
        told |= {"stages": _rounded(answer.stages), "featured": round(answer.featured or 0.0, 6)}
        told["path"] = {name: [round(s.strength, 4), round(s.uncertainty, 4)] for name, s in answer.path.items()}
    return told


def _rounded(values: Mapping[Any, float]) -> dict[str, float]:
    return {str(name): round(value, 6) for name, value in values.items()}
