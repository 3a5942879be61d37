"""The render stage: plan, freeze, draw in turns, encode, write rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.catalogue import Exhibit, Known
from render.config import Gallery
from render.config.steering import unusable
from render.cores import encoder_threads
from render.credentials import Signer
from render.engine.batches import FILE as BATCHES
from render.engine.batches import Batches
from render.engine.encoding import encoder
from render.engine.frozen import compare, freeze, newest
from render.engine.plan import Item, Part, make_plan
from render.engine.retry import retried
from render.engine.sheets import drawings, sheet, sheets
from render.engine.split import LONG, Split, Splits
from render.engine.turns import in_turns
from render.engine.versions import versions
from render.media import Encoded, signed
from render.noise import Floats
from render.stages.films import films, reel, resumed
from render.stages.session import Session, stamp
from render.stages.sharing import share_of_plan
from render.stages.walks import move

if TYPE_CHECKING:
    from render.engine.cluster import Cluster
    from render.engine.executor import Executor
    from render.engine.loop import GivenUp, Made, SetAside


def local_executor(gallery: Gallery, folders: Mapping[str, Path]) -> Executor:
    """The executor that ``[render]`` asks for, on this machine."""
    from render.engine.executor import LocalExecutor, device_here

    chosen = gallery.render
    device = device_here(chosen.device)
    batches = Batches(gallery.state / BATCHES)
    drawn = drawings(sketches(gallery))
    return LocalExecutor(
        folders, device, chosen.precision, chosen.batch, drawn, batches=batches, compiled=chosen.compile
    )


def sketches(gallery: Gallery) -> dict[str, Path]:
    """The drawings and masks of the gallery's collections, by the sha256 of their files.

    Raises NonesuchError for one that cannot be read, before an exhibit is tried with it.
    """
    paths = [path for collection in gallery.collections for path in gallery.sketches_of(collection)]
    paths += [mask for collection in gallery.collections if (mask := gallery.mask_of(collection))]
    for path in paths:
        sheet(path, 1)
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}


def render(session: Session, turns: int | None = None) -> int:
    """Draw what is missing, or so many turns of it; returns how many were made."""
    from render.engine.cluster import Cluster

    known = list(session.catalogue.known())
    plan = [part for part in _plan(session, known) if len(part) and part.source.settings.slug not in session.given_up]
    if not plan:
        return 0
    session.store.probe()
    folders = {sha256: one for source in session.sources.values() for sha256, one in source.folders.items()}
    executor = session.make_executor(session.gallery, folders)  # a device that is not here is refused before anything
    if not isinstance(executor, Cluster):  # whose workers have no films in the making
        plan = resumed(session, plan, known)
    if session.wish.retry is None and session.wish.share is None:
        _compare(session, plan, known)
    freeze(plan, _plan_file(session))
    if turns is None:
        items, frames = in_turns(plan), sum(part.frames for part in plan)
    else:
        few = list(in_turns(plan, turns))
        items, frames = iter(few), sum(item.frames for item in few)
    with session.ledger.stage("render"):
        return _drawn(session, items, frames, executor)


def _plan(session: Session, known: list[Known]) -> list[Part]:
    """What is to be drawn; a whole gallery is tidied first: walks move, and what cannot be made again is given up."""
    if session.wish.share is not None:
        return share_of_plan(session, session.wish.share)
    if move(session):
        known[:] = session.catalogue.known()
    if session.wish.retry is not None:
        return _failed(session, session.wish.retry)
    plan = make_plan(session.gallery, session.wanted, known)
    _give_up(session, plan, known)
    return plan


def _give_up(session: Session, plan: Sequence[Part], known: Iterable[Known]) -> None:
    """Lost images that the settings no longer make get a tombstone, or go where they never had a number."""
    planned = {item.recipe.id for part in plan for item in part.items}
    left = {folder.slug for folder in session.gallery.folders}  # `nonesuch import` brings their files back
    left |= unusable(session.gallery).keys()  # of which nobody knows tonight what they make
    for one in known:
        if one.kind == "image" and one.lost and one.id not in planned and one.collection not in left:
            if one.number is None:
                session.catalogue.forget(one.id)
            else:
                session.catalogue.removed(one.id, "its files were lost, and gallery.toml no longer makes it")


def _failed(session: Session, cause: str) -> list[Part]:
    """What failed, to be tried again."""
    failed = (exhibit for exhibit, _ in session.catalogue.exhibits(states=("failed",)))
    plan = retried(session.gallery, session.sources, failed, cause)
    if not any(map(len, plan)):
        session.report.say(f"nothing has failed{f' for a cause that contains {cause!r}' if cause else ''}.")
    return plan


def _compare(session: Session, plan: Sequence[Part], known: Iterable[Known]) -> None:
    """Tell how ``gallery.toml`` stands to what the last run left unfinished; once, before this run's own plan."""
    last = next(iter(session.catalogue.runs()), None)
    if session.begun or last is None:
        return
    frozen = newest(session.gallery.runs / str(last.id))
    found = compare(frozen, plan, known) if frozen else None
    if found is not None:
        session.report.say(found.sentence(last.id))


def _plan_file(session: Session) -> Path:
    """``plan.json``, or ``plan-2.json`` and so on for the further seeds of later rounds."""
    earlier = len(list(session.run_folder.glob("plan*.json")))
    return session.run_folder / (f"plan-{earlier + 1}.json" if earlier else "plan.json")


def _drawn(session: Session, items: Iterable[Item], frames: int, executor: Executor | Cluster) -> int:
    from render.engine.cluster import Cluster, ClusterLoop
    from render.engine.loop import GivenUp, Loop, Made

    cards = {source.sha256: source.card for source in session.sources.values()}
    licence = session.gallery.about.licence
    signer = _signer(session.gallery)
    threads = encoder_threads()
    night = session.night
    night.waiting = sum(one.state == "rendered" for one in session.catalogue.known())
    night.hand = executor.lanes * executor.batch
    reels = films(session.gallery)
    encode_files = encoder(session.store, cards, sheets(sketches(session.gallery)), licence, reels)
    made = 0

    def finish(encoded: Encoded) -> Encoded:
        return signed(session.store, encoded, signer) if signer else encoded

    def encode(item: Item, pictures: Iterator[Floats]) -> Encoded:
        return finish(encode_files(item, pictures))

    def sink(event: Made[Encoded] | SetAside | GivenUp | None) -> None:
        nonlocal made
        if isinstance(event, Made):
            keep = session.catalogue.encoded_again if event.item.again else session.catalogue.rendered
            keep(_exhibit(session, event, executor), event.result.media)
            if event.item.recipe.walk and reels.is_dir():
                session.catalogue.commit()  # from here on nobody needs what the film was joined from
                reel(session.gallery, event.item).discard()
            session.report.made(event.item, event.seconds)
            made += 1
            night.waiting += 1
        elif isinstance(event, GivenUp):
            session.given_up[event.collection] = event.cause
            session.aside.append(f"no more of '{event.collection}' was drawn: {event.cause}")
        elif event is not None:
            item = event.item
            if not item.again:  # otherwise the earlier files stay
                failure = (event.cause, event.attempts, session.run, item.slug)
                session.catalogue.failed(item.recipe, item.collection, item.ordinal, *failure)
            session.report.aside(item, event.cause)
            session.aside.append(f"{item.collection} {item.recipe.kind} {item.ordinal} was set aside: {event.cause}")
        session.catalogue.tick()

    with session.report.bar("render", frames) as bar:

        def tick(done: int) -> None:
            bar.advance(done)
            session.ledger.stages["render"].items += done

        watched: dict[str, Any] = {"stop": night, "ledger": session.ledger, "tick": tick}
        try:
            if isinstance(executor, Cluster):
                ClusterLoop(executor, session.store, sink, hold=night.hold, finish=finish, **watched).run(items)
            else:
                splits = _splits(executor, threads, frames)
                Loop(executor, encode, sink, threads=threads, splits=splits, **watched).run(items)
        finally:
            told = {name: getattr(executor, name, None) for name in ("device", "precision", "batch")}
            session.machine = told
        session.catalogue.commit()
    return made


def _splits(executor: Executor, threads: int, frames: int) -> Splits | None:
    """For a CPU, whose cores both draw and encode."""
    from render.engine.executor import LocalExecutor

    if not isinstance(executor, LocalExecutor) or executor.kind != "cpu":
        return None
    return Splits(executor.batches, Split(executor.lanes, threads), trying=frames >= LONG)


def _signer(gallery: Gallery) -> Signer | None:
    """What signs files, where the gallery names a key; a key that cannot is found out before anything is drawn."""
    if not gallery.sign.certificate or not gallery.sign.key:
        return None
    return Signer.load(gallery.folder / gallery.sign.certificate, gallery.folder / gallery.sign.key)


def _exhibit(session: Session, made: Made[Encoded], executor: Executor | Cluster) -> Exhibit:
    recipe, encoded = made.item.recipe, made.result
    channels, height, width = executor.noise_shape(recipe)
    return Exhibit(
        recipe,
        made.item.collection,
        made.item.ordinal,
        run=session.run,
        made_at=stamp(),
        device=getattr(executor, "device", None),
        precision=getattr(executor, "precision", None),
        batch_shape=[made.batch, channels, height, width],
        versions={**versions()} | ({"compiled": "torch.compile"} if getattr(executor, "compiled", False) else {}),
        seconds=made.seconds,
        pixel_hash=encoded.pixel_hash,
        perceptual_hash=encoded.perceptual_hash,
        asked=recipe.class_name,
        display=encoded.display,
        slug=made.item.slug,
    )
