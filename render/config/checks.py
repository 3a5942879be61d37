"""What no single setting of a ``gallery.toml`` shows: settings that contradict each other, the weights or the disk.

Whatever would fail in the night and can be seen in the evening is seen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from render.config.alike import Cards, counts, loops
from render.config.problems import nearest
from render.config.settings import Gallery
from render.config.shown import Collection
from render.config.steering import prompting, sketches
from render.errors import NonesuchError
from render.generators import BUILT_IN, SAMPLERS, STRENGTHS
from render.weights import BROWSER, Card, find_weights, load_card, misfit, unfit

OBJECTS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9._-]+)*/?")
"""A bucket and a folder in it: no keys, no server."""


def problems(gallery: Gallery) -> list[str]:
    """Everything that is wrong, each with its key, what was expected and the nearest valid name."""
    cards = [_card(gallery, collection) for collection in gallery.collections]
    return [
        *_slugs(gallery),
        *_places(gallery),
        *sketches(gallery),
        *prompting(gallery, cards),
        *_walks(gallery),
        *loops(gallery, cards),
        *_weights(gallery, cards),
        *_students(gallery, cards),
        *_upscalers(gallery, cards),
        *_found(gallery, cards),
        *counts(gallery, cards),
        *_signing(gallery),
        *_captions(gallery),
    ]


def _slugs(gallery: Gallery) -> Iterator[str]:
    if not gallery.sections:
        yield "collection: is missing; a gallery shows at least one [[collection]], or one [[folder]] of pictures"
    seen: dict[str, str] = {}
    places = [f"collection {i}" for i in range(1, len(gallery.collections) + 1)]
    places += [f"folder {i}" for i in range(1, len(gallery.folders) + 1)]
    for place, section in zip(places, gallery.sections, strict=True):
        before = seen.setdefault(section.slug, place)
        if before != place:
            yield f"{place}, slug: '{section.slug}' is already the slug of {before}"
    for language in dict.fromkeys(gallery.about.languages):
        if gallery.about.languages.count(language) > 1:
            yield f"gallery, languages: '{language}' is there twice"
        if language in seen:
            yield f"{seen[language]}, slug: '{language}' is the folder of a language's pages; choose another"
    former = [slug for section in gallery.sections for slug in section.formerly]
    for slug in dict.fromkeys(former):
        if slug in seen or former.count(slug) > 1:
            other = f"the slug of {seen[slug]}" if slug in seen else "there twice"
            yield f"formerly: '{slug}' is {other}, and an address leads to one place; take it out"
    walks: dict[tuple[str, str], int] = {}
    for i, walk in enumerate(gallery.walks, 1):
        first = walks.setdefault((walk.collection, walk.slug), i)
        if first != i:
            yield f"walk {i}, slug: '{walk.slug}' is already the slug of walk {first}"


def _places(gallery: Gallery) -> Iterator[str]:
    """Masters, drawings and weights within reach of a bake, which deletes what no page of its folders names."""
    store = gallery.store.location
    if store.startswith("s3:"):
        if not OBJECTS.fullmatch(store):
            yield "store, location: expected s3://bucket or s3://bucket/folder, without keys in it"
    elif "://" in store or store.startswith("~"):
        yield f"store, location: expected the whole path of a folder, or one in the gallery's folder, not '{store}'"
    elif gallery.store_path.exists() and not gallery.store_path.is_dir():
        yield f"store, location: '{store}' is a file; expected a folder, such as 'store'"
    read = [("classify, weights", gallery.classify.weights)]
    read += [("evidence, weights", name) for name in gallery.evidence.judges]
    for i, collection in enumerate(gallery.collections, 1):
        read.append((f"collection {i}, weights", collection.weights))
        for key, name in (("student", collection.student), ("upscaler", collection.upscaler)):
            if name:
                read.append((f"collection {i}, {key}", name))
        if collection.sketches:
            read.append((f"collection {i}, sketches", collection.sketches))
    read += [(f"folder {i}, pictures", folder.pictures) for i, folder in enumerate(gallery.folders, 1)]
    for baked in (gallery.public, gallery.state):
        reason = f"and baking deletes what it did not put into {baked.name}/ itself; expected a folder outside of it"
        if _within(gallery.store_path, baked):
            yield f"store, location: '{store}' lies inside {baked.name}/, {reason}, such as 'store'"
        for key, place in read:
            if _within(gallery.folder / place, baked):
                yield f"{key}: '{place}' lies inside {baked.name}/, {reason}"
    if _within(gallery.public, gallery.store_path) and not _within(gallery.store_path, gallery.public):
        yield f"store, location: public/ lies inside '{store}'; expected a folder for media alone, such as 'store'"


def _within(inner: Path, outer: Path) -> bool:
    """Whether a path is another or below it, links followed; on some disks capital letters do not count."""
    one, other = (Path(str(path.resolve()).casefold()) for path in (inner, outer))
    return one.is_relative_to(other)


def _walks(gallery: Gallery) -> Iterator[str]:
    slugs = [collection.slug for collection in gallery.collections]
    for i, walk in enumerate(gallery.walks, 1):
        if walk.collection not in slugs:
            yield f"walk {i}, collection: there is no collection '{walk.collection}'; {nearest(walk.collection, slugs)}"


def _weights(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """Weights that draw nothing, and classes and sources that they do not know."""
    for i, (collection, card) in enumerate(zip(gallery.collections, cards, strict=True), 1):
        place = f"collection {i}"
        if card and card.sampling is None:
            yield f"{place}, weights: '{collection.weights}' ({card.family}) draw no pictures; expected a generator's"
        elif card and collection.sketches and card.family in BUILT_IN and card.family not in STRENGTHS:
            knowing = ", ".join(STRENGTHS)
            yield f"{place}, sketches: the family '{card.family}' follows no drawings; those that do are {knowing}"
        yield from _unsampled(collection, card, place)
        yield from _asymmetric(collection, card, place)
        yield from _styles(collection, card, place)
        if collection.classes == []:
            yield f'{place}, classes: the list is empty; name some, or write "all"'
        yield from _known(card, [] if collection.classes == "all" else collection.classes, [collection.source], place)


def _students(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """Students that no browser could draw with; where the collection's own weights are not here, they need not be."""
    for i, (collection, card) in enumerate(zip(gallery.collections, cards, strict=True), 1):
        if not collection.student or card is None:
            continue
        place = f"collection {i}, student"
        try:
            folder = find_weights(collection.student, gallery.folder)
            student = load_card(folder)
        except NonesuchError as error:
            yield f"{place}: {str(error).rstrip('.')}"
            continue
        if student.family != "flow":
            yield f"{place}: '{collection.student}' ({student.family}) draw nothing in a browser; expected a flow's"
        elif not (folder / BROWSER).is_file():
            yield f"{place}: no browser can load '{collection.student}' yet; run `nonesuch weights browser {folder}`"


def _upscalers(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """Upscalers that are none for these weights; where the collection's own are not here, they need not be."""
    for i, (collection, card) in enumerate(zip(gallery.collections, cards, strict=True), 1):
        if not collection.upscaler or card is None:
            continue
        try:
            reason = misfit(load_card(find_weights(collection.upscaler, gallery.folder)), card)
        except NonesuchError as error:
            reason = str(error).rstrip(".")
        if reason:
            yield f"collection {i}, upscaler: {reason}"


def _found(gallery: Gallery, cards: Cards) -> Iterator[str]:
    """Collections that keep only what is found as it was asked for, where nothing here could find it."""
    for i, (collection, card) in enumerate(zip(gallery.collections, cards, strict=True), 1):
        if collection.found == "any" or card is None:
            continue
        try:
            reason = unfit(load_card(find_weights(gallery.classify.weights, gallery.folder)), card)
        except NonesuchError:
            reason = f"there are no weights '{gallery.classify.weights}' to find classes with"
        if reason:
            yield f"collection {i}, found: {reason}; so nothing would be kept: leave the setting out"


def _unsampled(collection: Collection, card: Card | None, place: str) -> Iterator[str]:
    """Settings of a sampler for weights that make a picture in one pass, which would change ids and no picture; and
    samplers of another family.
    """
    if card and card.sampling and card.sampling.sampler == "none":
        for key in ("sampler", "steps", "guidance"):
            if getattr(collection, key) is not None:
                yield f"{place}, {key}: the weights '{card.name}' ({card.family}) draw in one pass; leave it out"
    elif card and collection.sampler and collection.sampler not in (names := SAMPLERS.get(card.family, ())) and names:
        hint = nearest(collection.sampler, list(names))
        yield f"{place}, sampler: the family '{card.family}' has no '{collection.sampler}'; {hint}"


def _asymmetric(collection: Collection, card: Card | None, place: str) -> Iterator[str]:
    """A symmetry that nothing would have."""
    if collection.symmetry is None:
        return
    if card and card.family != "flow":
        yield f"{place}, symmetry: the weights '{card.name}' ({card.family}) know of none; leave it out"
    elif collection.sketches:
        yield f"{place}, symmetry: what a drawing steers is as symmetric as the drawing; leave it out"


def _styles(collection: Collection, card: Card | None, place: str) -> Iterator[str]:
    """Settings that only StyleGAN2 understands, and layers that it does not have."""
    if collection.style_seed is not None and collection.style_from is None:
        yield f"{place}, style_seed: it says nothing without style_from, the layer from which its styles are taken"
    if card is None:
        return
    if card.family != "stylegan2":
        asked = {"truncation": collection.truncation, "style_from": collection.style_from}
        keys = [key for key, value in asked.items() if value is not None]
        for key in [*keys, *(["layer_noise"] if collection.layer_noise != "constant" else [])]:
            yield f"{place}, {key}: the weights '{card.name}' are {card.family}, and only stylegan2 has it; drop it"
    elif collection.style_from is not None:
        layers = 2 * len(card.network.get("channels", []))
        if collection.style_from >= layers:
            yield f"{place}, style_from: the weights '{card.name}' have the layers 0 to {layers - 1}; name one of them"


def _card(gallery: Gallery, collection: Collection) -> Card | None:
    try:
        return load_card(find_weights(collection.weights, gallery.folder))
    except NonesuchError:
        return None


def _known(card: Card | None, classes: list[str], sources: list[str | None], place: str) -> Iterator[str]:
    if card is None:
        return
    asked = [("class", name, card.classes) for name in dict.fromkeys(classes)]
    asked += [("source", name, card.sources) for name in dict.fromkeys(sources) if name is not None]
    for what, name, known in asked:
        if name not in known:
            hint = nearest(name, known) if known else "they know none: leave it out"
            yield f"{place}: the weights '{card.name}' know no {what} '{name}'; {hint}"


def _signing(gallery: Gallery) -> Iterator[str]:
    """Certificate and key come together, and lie where no bake and no publishing reaches them."""
    named = {"certificate": gallery.sign.certificate, "key": gallery.sign.key}
    for what, other in (("certificate", "key"), ("key", "certificate")):
        if named[what] and not named[other]:
            yield f"sign, {other}: is missing beside the {what}; name both, or neither"
    for what, place in named.items():
        if place is None:
            continue
        if not (gallery.folder / place).is_file():
            yield f"sign, {what}: there is no file '{place}'"
        for public in (gallery.public, gallery.store_path):
            if _within(gallery.folder / place, public):
                yield f"sign, {what}: '{place}' lies inside {public.name}/, which is published; move it out"


def _captions(gallery: Gallery) -> Iterator[str]:
    """A limit that nothing could be held against."""
    captions = gallery.captions
    if captions.budget is not None and captions.prices is None:
        yield (
            "captions, budget: what the model costs is not known; add prices = { input = …, output = … }, "
            "the money for a million tokens"
        )
