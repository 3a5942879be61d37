"""`generate`: pictures straight into a folder, for scripts and for whoever wants one planet.

No catalogue, no number, no page: each file says what it is and carries its recipe, from which `nonesuch inspect`
renders it again. Pictures are drawn in batches no larger than was asked for, so they may differ from those of a
gallery's night in the last bits.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from render.config import Gallery, check_weights
from render.config.problems import nearest
from render.engine.sources import Source, pinned
from render.errors import NonesuchError, UsageError
from render.provenance import Mark, generated
from render.recipe import LARGEST_SEED, Recipe

if TYPE_CHECKING:
    from render.display import Bytes, Floats
    from render.engine.executor import LocalExecutor
    from render.weights import Card

Format = Literal["png", "jpeg", "avif"]
Space = Literal["display", "data"]
SUFFIX: dict[Format, str] = {"png": "png", "jpeg": "jpg", "avif": "avif"}
GLOBE = 768
"""Pixels of a globe's side, which is computed from a map and can have any."""
BATCH = 8
SEEDS = 2**32
"""Random seeds are smaller than this: short enough to be read out."""


@dataclass(frozen=True)
class Asked:
    """What is wanted. seed: of the first picture, the next have the next; None: random ones. class_name: None for the
    collection's in turn. width: of the files; as the network draws them (a globe: 768) when left out. space: whether
    files hold pictures to look at, or what the network drew, as numbers.
    """

    collection: str
    count: int
    folder: Path
    seed: int | None = None
    class_name: str | None = None
    form: Format = "png"
    width: int | None = None
    space: Space = "display"


def generate(gallery: Gallery, asked: Asked) -> Iterator[dict[str, Any]]:
    """Draw and write the pictures; yields what is known of each, as plain JSON, when its files stand.

    Raises UsageError, before anything is drawn, for a collection or class that is not there.
    """
    if asked.space == "data" and asked.width is not None:
        raise UsageError("numbers are given as the network drew them: leave out --width.")
    source = _source(gallery, asked)
    recipes = list(_recipes(source, asked))
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{asked.folder} cannot be made ({error.strerror}): name another folder.") from None
    executor = _executor(gallery, source, asked.count)
    for start in range(0, len(recipes), executor.batch):
        some = recipes[start : start + executor.batch]
        for recipe, data in zip(some, _drawn(executor, some), strict=True):
            yield _given(recipe, data, source.card, gallery.about.licence, asked)


def _source(gallery: Gallery, asked: Asked) -> Source:
    slugs = [one.slug for one in gallery.collections]
    if asked.collection not in slugs:
        raise UsageError(f"there is no collection '{asked.collection}'; {nearest(asked.collection, slugs)}")
    source = Source.of(gallery, gallery.collection(asked.collection))
    check_weights(gallery.folder, pinned({asked.collection: source}))
    known = source.card.classes
    if asked.class_name is not None and asked.class_name not in known:
        hint = nearest(asked.class_name, known) if known else "they know none: leave it out"
        raise UsageError(f"the weights '{source.card.name}' know no class '{asked.class_name}'; {hint}")
    return source


def _recipes(source: Source, asked: Asked) -> Iterator[Recipe]:
    """A recipe for every seed, with what the collection's settings say beside it."""
    chosen = source.settings
    classes = list(source.card.classes if chosen.classes == "all" else chosen.classes)
    if asked.class_name is not None:
        classes = [asked.class_name]
    for seed in _seeds(asked):
        turn = [classes[seed % len(classes)]] if classes else "all"
        settings = chosen.model_copy(update={"seeds": str(seed), "classes": turn})
        recipe = replace(source, settings=settings, first=0).recipe(0)
        if recipe is not None:
            yield recipe


def _seeds(asked: Asked) -> Sequence[int]:
    if asked.seed is None:
        return random.SystemRandom().sample(range(SEEDS), asked.count)
    if asked.seed + asked.count - 1 > LARGEST_SEED:
        raise UsageError(f"there is no seed beyond {LARGEST_SEED}: begin with a smaller one.")
    return range(asked.seed, asked.seed + asked.count)


def _executor(gallery: Gallery, source: Source, count: int) -> LocalExecutor:
    from render.engine.executor import LocalExecutor, device_here
    from render.engine.sheets import drawings
    from render.stages.drawing import sketches

    chosen = gallery.render
    batch = min(count, chosen.batch or BATCH)
    device, drawn = device_here(chosen.device), drawings(sketches(gallery))
    return LocalExecutor(source.folders, device, chosen.precision, batch, drawn, lanes=1)


def _drawn(executor: LocalExecutor, recipes: Sequence[Recipe]) -> Floats:
    """(n, 3, h, w) in data space."""
    from render.engine.frames import frames_of

    shape = executor.noise_shape(recipes[0])
    return executor.pictures([next(frames_of(recipe, shape)) for recipe in recipes])


def _given(recipe: Recipe, data: Floats, card: Card, licence: str, asked: Asked) -> dict[str, Any]:
    mark = generated(recipe, card, licence)
    told: dict[str, Any] = {
        "id": recipe.id,
        "collection": asked.collection,
        "title": mark.title,
        "seed": recipe.seed,
        "class": recipe.class_name,
    }
    name = f"nonesuch-{asked.collection}-{recipe.id}"
    if asked.space == "data":
        told["map" if card.surface else "picture"] = _numbers(asked, name, data, recipe, mark)
    elif card.surface:
        from render.media.globe import Aspect, globe

        told["map"] = _write(asked, f"{name}-map", card.mapping.to_display(data), mark)
        told["globe"] = Aspect.of(recipe).as_json()
        data = globe(data, Aspect.of(recipe), recipe, asked.width or GLOBE)
    if asked.space == "display":
        told["picture"] = _write(asked, name, _sized(data, card, asked.width), mark)
    return told | {
        "recipe": recipe.as_json(),
        "weights": card.name,
        "licence": licence,
        "digital_source_type": mark.source_type,
        "credit": mark.credit,
    }


def _sized(data: Floats, card: Card, width: int | None) -> Bytes:
    from render.media.images import shown_at

    same = width is None or width == data.shape[2]
    return card.mapping.to_display(data) if same or width is None else shown_at(data, card.mapping, width)


def _numbers(asked: Asked, name: str, data: Floats, recipe: Recipe, mark: Mark) -> dict[str, Any]:
    """Write what the network drew: NumPy's .npz with `data`, (3, h, w) float32 in the card's data space, where -1 is
    the sky and +1 white, and beside it, as text, what every file of ours says of itself.
    """
    import numpy as np

    told = {"recipe": recipe.canonical().decode(), "digital_source_type": mark.source_type, "credit": mark.credit}
    body = io.BytesIO()
    held: dict[str, Any] = {"data": data.astype(np.float32), **told}  # texts become arrays of one text: no pickle
    np.savez_compressed(body, **held)
    return _put(asked.folder / f"{name}.npz", body.getvalue()) | {"width": data.shape[2], "height": data.shape[1]}


def _write(asked: Asked, name: str, picture: Bytes, mark: Mark) -> dict[str, Any]:
    """Write a picture, and describe the file."""
    from render.media.images import avif, jpeg, png

    data = {"png": png, "jpeg": jpeg, "avif": avif}[asked.form](picture, mark)
    size = {"width": picture.shape[1], "height": picture.shape[0]}
    return _put(asked.folder / f"{name}.{SUFFIX[asked.form]}", data) | size


def _put(path: Path, data: bytes) -> dict[str, Any]:
    """Write a file, whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise NonesuchError(f"{path} cannot be written: {error.strerror or error}.") from error
    return {"file": str(path), "bytes": len(data)}
