"""What a ``gallery.toml`` says of drawings, prompts and masks, compared with the disk and with what weights can do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from render.config.settings import Gallery
from render.config.shown import Collection
from render.errors import NonesuchError
from render.generators import PROMPTED
from render.weights import Card


def sketches(gallery: Gallery) -> Iterator[str]:
    """Folders of drawings that are not there, and strengths without drawings."""
    for i, collection in enumerate(gallery.collections, 1):
        if collection.sketches is None:
            if collection.strength is not None:
                yield f"collection {i}, strength: there are no drawings; name their folder, sketches = 'drawings'"
            continue
        if (series := collection.strengths) != list(dict.fromkeys(series)) or collection.strength == []:
            yield f"collection {i}, strength: expected one number from 0 to 1, or a list of different ones"
        folder = gallery.folder / collection.sketches
        if not folder.is_dir():
            siblings = sorted(p.name for p in folder.parent.iterdir() if p.is_dir()) if folder.parent.is_dir() else []
            close = difflib.get_close_matches(folder.name, siblings, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "make it, or leave the setting out"
            yield f"collection {i}, sketches: there is no folder '{collection.sketches}'; {hint}"
        elif not gallery.sketches_of(collection):
            yield f"collection {i}, sketches: the folder '{collection.sketches}' holds no PNG or JPEG file"


def prompting(gallery: Gallery, cards: Sequence[Card | None]) -> Iterator[str]:
    """Prompts, masks and variations, for weights that know what to do with them."""
    for i, (collection, card) in enumerate(zip(gallery.collections, cards, strict=True), 1):
        place = f"collection {i}"
        for key in ("prompts", "negative", "mask"):
            if getattr(collection, key) is not None and card and card.family not in PROMPTED:
                yield f"{place}, {key}: the family '{card.family}' reads none; those that do are {', '.join(PROMPTED)}"
        if collection.mask is not None and collection.sketches is None:
            yield f"{place}, mask: there are no pictures to draw into; name their folder, sketches = 'pictures'"
        elif (mask := gallery.mask_of(collection)) and not mask.is_file():
            yield f"{place}, mask: there is no file '{collection.mask}'"
        if collection.variations > 1 and not (collection.prompts or collection.sketches):
            yield f"{place}, variations: there are neither prompts nor sketches to vary; leave it out"
        if collection.prompts is not None and not (gallery.folder / collection.prompts).is_file():
            yield f"{place}, prompts: there is no file '{collection.prompts}'"


def unusable(gallery: Gallery) -> dict[str, str]:
    """Why a collection cannot be drawn from what lies in its files, by slug: it is left out, and the others go on."""
    found = {}
    for collection in gallery.collections:
        try:
            gallery.prompts_of(collection)
        except NonesuchError as error:
            found[collection.slug] = str(error)
    return found


def prompts(gallery: Gallery, collection: Collection) -> list[str]:
    """The prompts of a collection; none where its file is wrong (`unusable`)."""
    try:
        return gallery.prompts_of(collection)
    except NonesuchError:
        return []
