"""The render stage: plan, freeze, draw, encode, write rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from render.catalogue import Exhibit
from render.config import Gallery
from render.cores import cores
from render.engine.plan import Item, freeze, make_plan
from render.errors import NonesuchError
from render.generators import Drawings
from render.media import Encoded, encode_image, encode_walk, sketch_media
from render.noise import Floats
from render.stages.session import Session, stamp
from render.stages.walks import move

if TYPE_CHECKING:
    from torch import Tensor

    from render.engine.executor import Executor
    from render.engine.loop import Made, SetAside


def local_executor(gallery: Gallery, folders: Mapping[str, Path]) -> Executor:
    """The executor that ``[render]`` asks for, on this machine."""
    from render.engine.executor import LocalExecutor, device_here

    chosen = gallery.render
    device = device_here(chosen.device)
    return LocalExecutor(folders, device, chosen.precision, chosen.batch, drawings(gallery))


def drawings(gallery: Gallery) -> Drawings:
    """From a sketch's sha256 to the drawing, among the sketches of the gallery's collections.

    Raises NonesuchError for one that cannot be read, before an exhibit is tried with it.
    """
    sheet = sheets(gallery)

    def drawing(sha256: str) -> Tensor:
        import torch

        return torch.from_numpy(sheet(sha256))[None]  # (1, h, w)

    return drawing


def sheets(gallery: Gallery) -> Callable[[str], Floats]:
    """The same as arrays, (h, w) in [0, 1]; the last few are kept, since a series draws one several times."""
    paths = [path for collection in gallery.collections for path in gallery.sketches_of(collection)]
    for path in paths:
        _grey(path)
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
    return lru_cache(maxsize=16)(lambda sha256: _grey(files[sha256]))


def _grey(path: Path) -> Floats:
    """(h, w), in [0, 1]."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NonesuchError(
            f"the sketch {path} cannot be read ({type(error).__name__}): draw it again, or take it out of its folder."
        ) from None


def render(session: Session) -> int:
    """Draw what is missing; returns how many exhibits were made."""
    move(session)
    plan = make_plan(session.gallery, session.sources, session.catalogue.known())
    _give_up(session, plan)
    if not plan:
        return 0
    folders = {source.sha256: source.folder for source in session.sources.values()}
    executor = session.make_executor(session.gallery, folders)  # a device that is not here is refused before anything
    freeze(plan, _plan_file(session))
    with session.ledger.stage("render"):
        return _drawn(session, plan, executor)


def _give_up(session: Session, plan: list[Item]) -> None:
    """Lost images that the settings no longer make get a tombstone, or go where they never had a number."""
    planned = {item.recipe.id for item in plan}
    for one in list(session.catalogue.known()):
        if one.kind == "image" and one.lost and one.id not in planned:
            if one.number is None:
                session.catalogue.forget(one.id)
            else:
                session.catalogue.removed(one.id, "its files were lost, and gallery.toml no longer makes it")


def _plan_file(session: Session) -> Path:
    """``plan.json``, or ``plan-2.json`` and so on for the further seeds of later rounds."""
    earlier = len(list(session.run_folder.glob("plan*.json")))
    return session.run_folder / (f"plan-{earlier + 1}.json" if earlier else "plan.json")


def _drawn(session: Session, plan: list[Item], executor: Executor) -> int:
    from render.engine.frames import frame_count
    from render.engine.loop import Loop, Made

    cards = {source.sha256: source.card for source in session.sources.values()}
    licence = session.gallery.about.licence
    sheet = sheets(session.gallery)
    made = 0

    def encode(item: Item, pictures: Iterator[Floats]) -> Encoded:
        card = cards[item.recipe.weights]
        if item.recipe.walk:
            return encode_walk(session.store, pictures, item.recipe, card, item.fps, licence)
        encoded = encode_image(session.store, next(pictures), item.recipe, card, licence)
        if item.recipe.sketch is None:
            return encoded
        return replace(encoded, media=[*encoded.media, sketch_media(session.store, sheet(item.recipe.sketch), licence)])

    def sink(event: Made[Encoded] | SetAside | None) -> None:
        nonlocal made
        if isinstance(event, Made):
            keep = session.catalogue.encoded_again if event.item.again else session.catalogue.rendered
            keep(_exhibit(session, event, executor), event.result.media)
            made += 1
        elif event is not None:
            item = event.item
            if not item.again:  # otherwise the earlier files stay
                failure = (event.cause, event.attempts, session.run, item.slug)
                session.catalogue.failed(item.recipe, item.collection, item.ordinal, *failure)
            session.aside.append(f"{item.collection} {item.recipe.kind} {item.ordinal} was set aside: {event.cause}")
        session.catalogue.tick()

    frames = sum(frame_count(item.recipe) for item in plan)
    with session.report.bar("render", frames) as bar:

        def tick(done: int) -> None:
            bar.advance(done)
            session.ledger.stages["render"].items += done

        threads = min(8, cores())
        loop = Loop(executor, encode, sink, stop=session.stop, ledger=session.ledger, tick=tick, threads=threads)
        loop.run(plan)
        session.catalogue.commit()
    return made


def _exhibit(session: Session, made: Made[Encoded], executor: Executor) -> Exhibit:
    recipe, encoded = made.item.recipe, made.result
    channels, height, width = executor.noise_shape(recipe.weights)
    return Exhibit(
        recipe,
        made.item.collection,
        made.item.ordinal,
        run=session.run,
        made_at=stamp(),
        device=getattr(executor, "device", None),
        precision=getattr(executor, "precision", None),
        batch_shape=[made.batch, channels, height, width],
        versions=versions(),
        seconds=made.seconds,
        pixel_hash=encoded.pixel_hash,
        perceptual_hash=encoded.perceptual_hash,
        asked=recipe.class_name,
        display=encoded.display,
        slug=made.item.slug,
    )


def versions() -> dict[str, str]:
    """Of what makes pixels."""
    found = {}
    for name in ("nonesuch", "torch", "diffusers", "numpy", "pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
