"""Looking after a gallery: how far it is, what is wrong with it, taking exhibits off, and sweeping up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from render.catalogue import Catalogue, Known
from render.config import Gallery
from render.engine.frames import frame_count
from render.engine.ledger import seconds_for
from render.engine.plan import Item, Source, make_plan, moved, sources, wanted_walks
from render.errors import NonesuchError, UsageError
from render.media import Store
from render.publish import half_baked
from render.recipe import Kind
from render.weights import find_weights, load_card, unfit


@dataclass(frozen=True)
class Status:
    """How far a gallery is.

    left: how many exhibits each step has yet to see, those that are not drawn yet included. seconds: an estimate for
    that from earlier runs, or None when a step was never timed.
    """

    rows: list[tuple[str, str, int, int, int, int]]  # collection, kind, wanted, shown, near-copies, failed
    left: dict[str, int]
    seconds: float | None
    reasons: list[str]


def status(gallery: Gallery) -> Status:
    """Wanted, done and set aside; writes nothing."""
    found = sources(gallery)
    known: list[Known] = []
    ledgers, reasons, waiting = [], [], Counter[tuple[str, str]]()
    if gallery.catalogue_path.is_file():
        with Catalogue(gallery.catalogue_path) as catalogue:
            known = list(catalogue.known())
            ledgers = [run.ledger for run in catalogue.runs() if run.ledger]
            aside = catalogue.exhibits(states=("failed", "near-copy"))
            reasons = [f"{e.collection} {e.kind} {e.ordinal}: {e.reason}" for e, _ in aside]
            for slug in found:
                waiting["classify", slug] = catalogue.waiting("classify", slug, "image")
                waiting["evidence", slug] = catalogue.waiting("evidence", slug, "image")
                waiting["caption", slug] = catalogue.waiting("caption", slug)
    there = moved(gallery, found, known)
    known = [there.get(one.id, one) for one in known]
    plan = make_plan(gallery, found, known)
    left = _left(gallery, found, plan, waiting)
    left["show"] += sum(one.state == "rendered" and one.counts and one.collection in found for one in known)
    work = left | {"render": sum(frame_count(item.recipe) for item in plan), "show": 0}
    return Status(_rows(gallery, found, known), left, seconds_for(work, ledgers), reasons)


def _left(
    gallery: Gallery, found: Mapping[str, Source], plan: list[Item], waiting: Counter[tuple[str, str]]
) -> dict[str, int]:
    """What waits in the catalogue, and the new exhibits of the plan, which have every step before them."""
    new = [item for item in plan if not item.again]
    images = Counter(item.collection for item in new if item.recipe.walk is None)
    judges = {"classify": gallery.classify.weights, "evidence": gallery.evidence.weights}
    left = {"render": len(plan)}
    for stage, weights in judges.items():
        left[stage] = sum(waiting[stage, slug] + images[slug] for slug in _judged(gallery, found, weights))
    left["caption"] = len(new) + sum(waiting["caption", slug] for slug in found)
    return left | {"show": len(new)}


def _judged(gallery: Gallery, found: Mapping[str, Source], name: str) -> list[str]:
    """The collections that a classifier or a copy detector can judge; none where its weights are not here."""
    try:
        judge = load_card(find_weights(name, gallery.folder))
    except NonesuchError:
        return []
    return [slug for slug, source in found.items() if unfit(judge, source.card) is None]


def _rows(
    gallery: Gallery, found: Mapping[str, Source], known: list[Known]
) -> list[tuple[str, str, int, int, int, int]]:
    tally = Counter((one.collection, one.kind, one.state) for one in known)
    rows = []
    for slug, source in found.items():
        wanted = {"image": source.settings.count, "walk": len(wanted_walks(gallery, source, known))}
        for kind, count in wanted.items():
            shown, near, failed = (tally[slug, kind, state] for state in ("shown", "near-copy", "failed"))
            rows.append((slug, kind, count, shown, near, failed))
    return rows


def check(gallery: Gallery) -> list[str]:
    """What is wrong, a sentence each; writes nothing. Files that no exhibit names are no damage: see `collect`."""
    store = Store(gallery.store_path)
    found: list[str] = []
    with Catalogue(gallery.catalogue_path) as catalogue:
        (integrity,) = catalogue.db.execute("PRAGMA integrity_check").fetchone()
        if integrity != "ok":
            found.append(f"the catalogue is damaged: {integrity}")
        named = dict(catalogue.media_keys())
        for key, sha256 in named.items():
            if (wrong := _wrong(store, key, sha256)) is not None:
                found.append(f"{key} {wrong}; it belongs to {', '.join(catalogue.owners(key))}")
        lost = [f"{one.collection} {one.kind} {one.ordinal}" for one in catalogue.known() if one.lost]
    found += [f"{name} waits to be made again: run `nonesuch make`" for name in lost]
    found += [f"{path.name} is half-written, from a run that was killed" for path in store.leftovers()]
    if half_baked(gallery):
        found.append("public/ is half-made, from a bake that was killed: run `nonesuch bake`")
    return found


def mend(gallery: Gallery) -> list[str]:
    """Queue again what is broken: `nonesuch make` then makes it. Returns what was done."""
    done: list[str] = []
    store = Store(gallery.store_path)
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        swept = store.sweep()
        done += [f"removed {swept} half-written files"] if swept else []
        lost = [key for key, sha256 in catalogue.media_keys() if _wrong(store, key, sha256) is not None]
        broken = {identity for key in lost for identity in catalogue.owners(key)}
        for key in lost:
            store.delete(key)  # so that a file of the right length but the wrong bytes is written anew
            (gallery.public / "media" / key).unlink(missing_ok=True)  # the same file under another name
        for one in list(catalogue.known()):
            if one.state == "failed" and one.number is None:
                catalogue.forget(one.id)
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be tried again")
            elif one.state == "failed":
                catalogue.lost(one.id)  # it failed when it was to be made again, and its number is its own
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be tried again")
            elif one.id in broken and not one.counts:
                catalogue.forget(one.id)  # a near-copy: nobody will miss its picture
            elif one.id in broken:
                catalogue.lost(one.id)
                done.append(f"{one.collection} {one.kind} {one.ordinal} will be made again: its files were lost")
    return done


def remove(gallery: Gallery, collection: str, numbers: Sequence[int], reason: str, kind: Kind = "image") -> int:
    """Take exhibits off the site; their numbers are never given again. All or nothing; returns how many."""
    if collection not in [one.slug for one in gallery.collections]:
        known = ", ".join(one.slug for one in gallery.collections)
        raise UsageError(f"there is no collection '{collection}'; this gallery has {known}.")
    with Catalogue(gallery.catalogue_path, write=True) as catalogue:
        exhibits = {number: catalogue.numbered(collection, number, kind) for number in numbers}
        if missing := [str(number) for number, exhibit in exhibits.items() if exhibit is None]:
            raise UsageError(f"'{collection}' has no {kind} {', '.join(missing)}; nothing was removed.")
        if off := [str(number) for number, one in exhibits.items() if one and one.state == "retired"]:
            which = f"{kind} {', '.join(off)} of '{collection}'"
            raise UsageError(f"{which} is already off the site: gallery.toml does not ask for it; nothing was removed.")
        for exhibit in exhibits.values():
            if exhibit is not None and exhibit.state != "removed":
                catalogue.removed(exhibit.id, reason)
    return len(exhibits)


def collect(gallery: Gallery, delete: bool) -> tuple[int, int]:
    """Files in the store that no exhibit names: (how many, bytes). They are only deleted when `delete` is true."""
    store = Store(gallery.store_path)
    with Catalogue(gallery.catalogue_path, write=delete) as catalogue:
        named = {key for key, _ in catalogue.media_keys()}
        orphans = sorted(set(store.keys()) - named)
        size = sum(store.path(key).stat().st_size for key in orphans)
        if delete:
            for key in orphans:
                store.delete(key)
            store.sweep()
    return len(orphans), size


def _wrong(store: Store, key: str, sha256: str) -> str | None:
    path = store.path(key)
    if not path.is_file():
        return "is missing from the store"
    with path.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return None if same else "is not the file that was stored (its sha256 differs)"
