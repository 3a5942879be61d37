"""The about page: what the cards of the weights say, in words for a museum's wall."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from render.bake.comparing import HOW, kind_of, words_of
from render.bake.judged import calibrated, judged
from render.bake.outputs import digest
from render.bake.tongue import N_, _, number, per_cent
from render.bake.words import called, class_name, licence_sentence, percent
from render.captions.kinds import theme_of
from render.config import Collection, Folder, Gallery
from render.errors import NonesuchError
from render.evidence.authentic import authentic_share
from render.weights import UPSCALER, Card, Credit, find_weights, load_card, unfit

ROLES = {
    "classifier": N_("Names the class of a picture, with probabilities calibrated on real pictures."),
    UPSCALER: N_("Enlarges what another network draws, and adds the grain that only larger pictures have."),
    "copydetector": N_("Looks for a picture's nearest real galaxies, and for copies."),
    "outlines": N_("Holds the originals, upon each of which a silhouette is laid. No network."),
    "bodies": N_("Holds the originals, beside each of which a map is held. No network."),
}


class Cards:
    """The cards that a gallery's weights carry. Weights that are not here are left out: bake needs no weights."""

    def __init__(self, gallery: Gallery) -> None:
        names = dict.fromkeys(collection.weights for collection in gallery.collections)
        self._made_by = {name: card for name in names if (card := _card(name, gallery))}
        self.generators = list(self._made_by.values())
        larger = dict.fromkeys(one.upscaler for one in gallery.collections if one.upscaler)
        self._ended_by = {name: card for name in larger if (card := _card(name, gallery))}
        taught = dict.fromkeys(one.student for one in gallery.collections if one.student and gallery.bake.draw)
        self.students = [card for name in taught if name not in names and (card := _card(name, gallery))]
        self.classifier = self._judge(gallery.classify.weights, gallery)
        self.detectors = [card for name in gallery.evidence.judges if (card := self._judge(name, gallery))]

    def _judge(self, name: str, gallery: Gallery) -> Card | None:
        """A classifier's or copy detector's card, unless it was meant for none of the generators here."""
        if not gallery.collections:
            return None  # nothing was rendered, so nothing was judged
        card = _card(name, gallery)
        fits = not self.generators or any(card and unfit(card, generator) is None for generator in self.generators)
        return card if fits else None

    def of(self, collection: Collection | Folder) -> Card | None:
        """The card of a collection's weights, where they are here; imported pictures have none."""
        return self._made_by.get(collection.weights) if isinstance(collection, Collection) else None

    def makers_of(self, collection: Collection | Folder) -> list[Card]:
        """The cards of all that draws a collection, as far as they are here."""
        if not isinstance(collection, Collection) or collection.weights not in self._made_by:
            return []
        last = self._ended_by.get(collection.upscaler or "")
        return [self._made_by[collection.weights], *([last] if last else [])]

    def detector_of(self, collection: Collection | Folder) -> Card | None:
        """The judge that compares a collection's pictures: the first that knows what its generator learned from. Where
        the generator is not here, any may have been it.
        """
        makers = self.makers_of(collection)
        return next((card for card in self.detectors if unfit(card, *makers) is None), None)

    def strangers(self, judges: list[Card], gallery: Gallery) -> list[str]:
        """The collections that judges of others can say nothing about: no page may claim that they did."""
        made = [(one, self.makers_of(one)) for one in gallery.collections]
        return [
            _heading(one, gallery) for one, cards in made if judges and cards and all(unfit(j, *cards) for j in judges)
        ]

    @property
    def key(self) -> bytes:
        """Changes when anything does that a card says."""
        return digest(*(card.model_dump_json() for card in self.all()))

    def all(self) -> list[Card]:
        """Every card, each once, the generators first."""
        drawing = [*self.generators, *self._ended_by.values(), *self.students]
        return [*drawing, *([self.classifier] if self.classifier else []), *self.detectors]


def about_context(
    gallery: Gallery, cards: Cards, licence: str, authentic: tuple[int, int], whole: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """The variables of ``about.html``. whole: by collection, what a stage found out about it as a whole."""
    *others, last = [called(collection).many for collection in gallery.collections] or [""]
    many = _("%(others)s and %(last)s") % {"others": ", ".join(others), "last": last} if others else last
    imported = ", ".join(called(folder).many for folder in gallery.folders)
    shows = (
        _("%(title)s shows %(many)s that were never observed, and says how it knows.")
        if many
        else _("%(title)s shows %(many)s.")
    )
    lead = shows % {"title": gallery.about.title, "many": many or imported}
    by = _("Made by %(author)s.") % {"author": gallery.about.author} if gallery.about.author else ""
    return {
        "lead": " ".join(part for part in (lead, by) if part),
        "rendered": bool(many),
        "folders": [_folder(folder) for folder in gallery.folders],
        "models": _models(cards),
        "figures": figures(cards, authentic, _together(gallery, cards, whole)),
        "credits": credits(cards.all()),
        "licence": licence,
        "galaxies": all(theme_of(*card.classes) == "galaxies" for card in cards.generators),
        "classified": cards.classifier is not None,
        "unclassified": ", ".join(cards.strangers([cards.classifier] if cards.classifier else [], gallery)),
        "judged": judged(cards.classifier),
        "calibrated": calibrated(cards.classifier),
        "compared": bool(cards.detectors),
        "detector": any(card.family not in HOW for card in cards.detectors),
        "every": len(cards.detectors) == 1 and not cards.strangers(cards.detectors, gallery),
        "otherwise": [_(HOW[card.family]) for card in cards.detectors if card.family in HOW],
        "uncompared": ", ".join(cards.strangers(cards.detectors, gallery)),
        "copies_left_out": gallery.evidence.near_copies == "leave out",
    }


TWINS = N_("Pairs of exhibits that are nearly the same picture")


def _together(gallery: Gallery, cards: Cards, whole: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Twins, and then the share of authentic exhibits with its bootstrap interval, of each collection looked at.

    The shares come last: the same share of real galaxies follows them.
    """
    shares, pairs = [], []
    for collection in gallery.collections:
        told = whole.get(collection.slug, {}).get("evidence")
        if not told:
            continue
        of = f" ({_heading(collection, gallery)})" if len(gallery.collections) > 1 else ""
        detector = cards.detector_of(collection)
        words = words_of(kind_of(detector))
        shares.append(_share(told.get("authentic"), "authentic", _(words.authentic) + of))
        if "twins" in told:
            pairs.append((_(TWINS) + of, str(len(told["twins"]))))
    return [*pairs, *(line for line in shares if line)]


def figures(
    cards: Cards, authentic: tuple[int, int], together: list[tuple[str, str]] | None = None
) -> list[tuple[str, str]]:
    """What was measured of the networks on real galaxies that they never saw, and of the exhibits beside them.

    authentic: how many exhibits were checked, and how many of them are authentic (Alaa et al. 2022); together: the
    lines that take that one's place where a stage has looked at the collections as a whole.
    """
    test = cards.classifier.quality.get("test", {}) if cards.classifier else {}
    lines = [line for card in cards.generators for line in _drawn(card)]
    lines += [
        _share(test.get("seven", {}), "accuracy", _("Classifier, seven classes, on real galaxies of the test fold")),
        _share(test.get("seven", {}), "balanced_accuracy", _("The same, every class counted alike")),
        _share(test.get("four", {}), "accuracy", _("Classifier, four classes, on uncontaminated real galaxies")),
    ]
    for card in cards.detectors:
        of = _of(card, cards)
        caught = card.quality.get("caught", {}).get("everything", {})
        lines.append(_share(caught, "caught", _("Planted copies that were caught") + of))
        lines.append(_share(card.quality, "false_alarms", _(words_of(kind_of(card)).alarms) + of))
    checked, good = authentic
    lines += together or [_share(authentic_share(good, checked), "authentic", _(words_of("").authentic))]
    for card in cards.detectors:
        same = _(words_of(kind_of(card)).same) + _of(card, cards)
        lines.append(_share(card.quality.get("authentic", {}), "authentic", same))
    return [line for line in lines if line]


def _of(card: Card, cards: Cards) -> str:
    return f" ({card.name})" if len(cards.detectors) > 1 else ""


def _drawn(card: Card) -> list[tuple[str, str] | None]:
    """What was measured of a generator's pictures, as far as its card says."""
    agreed, blind = card.quality.get("class_agreement", {}), card.quality.get("blind_sheet", {})
    trees = card.quality.get("plausibility", {}).get("trees", {})
    return [
        _share(agreed, "generated", _("Pictures drawn for a class in which the classifier finds that class")),
        _share(agreed, "real", _("The same of real galaxies of the test fold")),
        _share(
            blind,
            "right",
            _("Right answers of someone shown real and generated galaxies mixed; guessing gives 50\u202f%"),
        ),
        _share(trees, "right", _("The same of decision trees that were taught to tell them apart by measurements")),
    ]


def _share(values: Any, key: str, label: str) -> tuple[str, str] | None:
    """A figure and, where the card has it, its 95 % interval."""
    if not isinstance(values, dict) or not isinstance(value := values.get(key), int | float):
        return None
    interval = values.get(f"{key}_interval_95") or (values.get("interval") if key == "authentic" else None)
    between = _("%(low)s to %(high)s") % {"low": percent(interval[0]), "high": percent(interval[1])} if interval else ""
    return label, f"{percent(value)} ({between})" if between else percent(value)


def credits(cards: list[Card]) -> list[dict[str, str]]:
    """Whose pictures the networks learned from; someone named by several cards is named once, with what each says."""
    named: dict[str, list[Credit]] = {}
    for card in cards:
        for credit in card.training.credits:
            named.setdefault(credit.name, []).append(credit)
    return [_credit(name, found) for name, found in named.items()]


def _credit(name: str, found: list[Credit]) -> dict[str, str]:
    url = next((one.url for one in found if web(one.url)), "")
    return {
        "name": name,
        "text": "; ".join(dict.fromkeys(one.text for one in found if one.text not in ("", name))),
        "licence": "; ".join(dict.fromkeys(one.licence for one in found if one.licence)),
        "url": url,
        "host": urlsplit(url).netloc,
    }


def web(url: str) -> str:
    """The address if it is one that a page may link to; a card from elsewhere could name any scheme."""
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _models(cards: Cards) -> list[dict[str, Any]]:
    """Every card under its title, or under its name where others bear the title too."""
    titles = Counter(card.title for card in cards.all())
    named = {card.name: card.title if titles[card.title] == 1 and card.title else card.name for card in cards.all()}
    return [_model(card, named[card.name], card in cards.students) for card in cards.all()]


def _model(card: Card, title: str, student: bool) -> dict[str, Any]:
    training = card.training
    facts = [(_("Parameters"), number(card.parameters))] if card.parameters else []
    facts += [(_("Size"), f"{card.size}\u202f×\u202f{card.size}\u202fpx")]
    if after_arms := _after_arms(card):
        facts.append((_("Drawn after spiral arms that chance laid out"), after_arms))
    if training.data:
        facts.append((_("Trained on"), training.data))
    if training.pictures:
        facts.append((_("Real pictures"), number(training.pictures)))
    if training.seconds:
        where = f" on {training.device}" if training.device else ""
        facts.append((_("Training"), _duration(training.seconds) + where))
    facts.append((_("Licence of the weights"), card.licence))
    return {
        "title": title,
        "role": _("Draws for visitors, in their own browser.") if student else _role(card),
        "facts": facts,
    }


def _after_arms(card: Card) -> str:
    """Of which classes how many galaxies are: `render.generators.arms`."""
    shares = zip(card.classes, card.network.get("arms", []), strict=False)
    return ", ".join(f"{class_name(name)} {per_cent(share)}" for name, share in shares if share)


def _role(card: Card) -> str:
    if card.family == "classifier" and not calibrated(card):
        return _("Names the class of a picture; somebody else trained it, and its probabilities are its own.")
    if card.family in ROLES:
        return _(ROLES[card.family])
    return _("Draws the pictures, from random numbers and a class (%(family)s).") % {"family": card.family}


def _folder(folder: Folder) -> dict[str, str]:
    """Pictures that others made: what the maker of the gallery said of them, and no more."""
    said = {
        "model": _("The maker of this gallery says that models made these pictures."),
        "camera": _("The maker of this gallery says that these are photographs."),
        "unknown": _(
            "Nobody said how these pictures came about. Where a file itself names a program that draws, its page "
            "repeats that."
        ),
    }
    licence = licence_sentence(folder.licence)
    return {"name": called(folder).many, "said": said[folder.made], "credit": folder.credit, "licence": licence}


def _heading(collection: Collection, gallery: Gallery) -> str:
    """A collection's heading, with its slug where another has the same."""
    shared = sum(one.many == collection.many for one in gallery.collections) > 1
    many = called(collection).many
    return f"{many} ({collection.slug})" if shared else many


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


def _card(reference: str, gallery: Gallery) -> Card | None:
    try:
        return load_card(find_weights(reference, gallery.folder))
    except NonesuchError:
        return None
