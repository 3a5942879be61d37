"""The plausibility report of weights or of a collection: which pictures, against which, and where it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from render.catalogue import Catalogue, State
from render.config import GALLERY, load_gallery
from render.engine.sources import Source
from render.errors import NonesuchError, UsageError
from render.media import Store, data_of_master, open_store
from render.weights import Card, find_weights, load_card, save_card

if TYPE_CHECKING:
    from render.plausibility.pictures import Make, Pictures
    from render.plausibility.report import Report
    from render.training.dataset import TrainingSet

Progress = Callable[[str, int, int], None]
STATES: tuple[State, ...] = ("shown", "rendered")
SEEN = "It is the very set that the generator learned from, by its hash, and nothing is trained on fold 1 of a set."
UNKNOWN = (
    "It is not the set that the generator learned from (its hash is another), so that pictures of fold 1 may have been "
    "among those."
)
STORED, DRAWN = "eight bits, from the store's masters", "as a file holds them, before the display mapping"


@dataclass(frozen=True)
class Target:
    """What is reported on. made, available: see `render.plausibility.pictures.gather`; stored: in a gallery."""

    name: str
    folder: Path
    card: Card
    made: Make
    available: dict[str, int] | None
    stored: bool


def plausibility(
    what: str,
    training_set: Path,
    gallery: Path,
    *,
    n: int,
    splits: int,
    detector: str | None,
    network: bool,
    progress: Progress = lambda what, done, of: None,
) -> tuple[Target, Report]:
    """Compare a collection of the gallery, or weights, with fold 1 of a set; writes nothing."""
    from render.plausibility.copied import copied
    from render.plausibility.pictures import gather
    from render.plausibility.report import report
    from render.plausibility.twosample import need_sklearn
    from render.training.dataset import TrainingSet

    need_sklearn()
    pictures = TrainingSet.open(training_set)
    folder = find_weights(detector) if detector else None
    target = _target(what, gallery, n, progress)
    sample = gather(target.card, pictures, n, target.made, target.available, target.stored)
    found = report(sample, target.card.mapping, folder, splits, network=network, progress=progress)
    if folder and (copies := copied(folder, target.card, sample.generated, sample.real, progress)):
        found.figures["copies"] = copies
    asked = target.card.quality.get("class_agreement")
    if asked and not target.stored:  # a collection may keep some classes alone
        found.figures["class_agreement"] = asked
    found.figures.update(
        {
            "set": training_set.name,
            "classes": sample.classes,
            "pixels": STORED if target.stored else DRAWN,
            "unseen": _unseen(target.card, pictures),
        }
    )
    return target, found


def keep(target: Target, report: Report) -> None:
    """Write the figures into the card of the weights, under ``quality.plausibility``."""
    card = load_card(target.folder)
    told = report.figures | ({"collection": target.name} if target.stored else {})
    try:
        save_card(target.folder, card.model_copy(update={"quality": card.quality | {"plausibility": told}}))
    except OSError as error:
        raise NonesuchError(f"the card in {target.folder} cannot be written: {error.strerror}.") from None


def _unseen(card: Card, pictures: TrainingSet) -> str:
    return SEEN if card.training.pictures_sha256 == pictures.identity() else UNKNOWN


def _target(what: str, place: Path, n: int, progress: Progress) -> Target:
    home = place if place.name == GALLERY else place / GALLERY
    slugs: list[str] = []
    if home.is_file():
        gallery = load_gallery(place)
        slugs = [one.slug for one in gallery.collections]
        if what in slugs:
            source = Source.of(gallery, next(one for one in gallery.collections if one.slug == what))
            return _collection(source, gallery.catalogue_path, open_store(gallery.store.location, gallery.folder))
    try:
        folder = find_weights(what)
    except NonesuchError as error:
        known = f"this gallery has the collections {', '.join(slugs)}; " if slugs else ""
        raise UsageError(f"'{what}' is neither a collection nor weights: {known}{error}") from None
    return _weights(folder, n, progress)


def _weights(folder: Path, n: int, progress: Progress) -> Target:
    """Pictures that are drawn now."""
    from render.plausibility.pictures import maker

    drawn = 0

    def more(count: int) -> None:
        nonlocal drawn
        drawn += count
        progress("drawing", drawn, n)

    card = load_card(folder)
    return Target(card.name, folder, card, maker(folder, more), None, stored=False)


def _collection(source: Source, catalogue: Path, store: Store) -> Target:
    """Pictures that lie in a gallery's store, of these weights, by the class that was asked for."""
    with Catalogue(catalogue) as opened:
        rows = [
            (exhibit.asked or "picture", media)
            for exhibit, media in opened.exhibits(source.settings.slug, "image", STATES)
            if media and exhibit.recipe.networks == source.networks
        ]

    def made(name: str, count: int) -> Iterable[Pictures]:
        mine = [media for asked, media in rows if asked == name or len(source.card.classes) <= 1]
        for media in mine[:count]:
            yield data_of_master(store, media, source.card)

    names = Counter(asked for asked, _ in rows)
    if len(source.card.classes) <= 1:
        names = Counter({source.card.classes[0] if source.card.classes else "picture": len(rows)})
    return Target(source.settings.slug, source.folder, source.card, made, dict(names), stored=True)
