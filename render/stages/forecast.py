"""What a run would do, and why: `nonesuch plan`. Reads only.

Every exhibit that there is, or that is wanted, is in exactly one group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from render.catalogue import Catalogue, Known
from render.config import Gallery
from render.config.steering import unusable
from render.doctor import EXHIBIT_BYTES, FRAME_BYTES
from render.engine.frozen import Comparison, compare, newest
from render.engine.plan import Part, make_plan, unsound
from render.engine.retry import retried
from render.engine.sources import Source
from render.recipe import Kind, Recipe
from render.stages.session import counting
from render.stages.status import State, state
from render.stages.wish import Wish

What = Literal["keep", "draw", "retry", "leave out"]


@dataclass(frozen=True)
class Group:
    """So many exhibits of a collection, what happens to them, and why."""

    collection: str
    kind: Kind
    what: What
    count: int
    reason: str


@dataclass(frozen=True)
class Forecast:
    """A run before it is run. frames: pictures for the device; seconds: at the pace of earlier runs, or None when a
    step was never timed; bytes: of the new files; before: the run that was left unfinished, beside this plan.
    """

    groups: list[Group]
    frames: int
    seconds: float | None
    bytes: int
    before: tuple[int, Comparison] | None


def forecast(gallery: Gallery, wish: Wish | None = None) -> Forecast:
    """What `make` with this wish would do now. An endless night is forecast as far as the gallery's counts."""
    wish = wish or Wish()
    found = state(gallery)
    if wish.count is not None:
        found.sources = {slug: counting(source, wish.count) for slug, source in found.sources.items()}
    if wish.retry is None:
        plan = make_plan(gallery, found.sources, found.known)
    else:
        plan = retried(gallery, found.sources, (one for one in found.aside if one.state == "failed"), wish.retry)
    groups = [*_there(found, plan), *(group for part in plan for group in _planned(found, part, wish))]
    order = {slug: place for place, slug in enumerate(found.sources)}
    groups.sort(key=lambda group: (order.get(group.collection, len(order)), group.kind, group.what, -group.count))
    size = sum(_bytes(found, part) for part in plan)
    frames = sum(part.frames for part in plan)
    before = _before(found, plan) if wish.retry is None else None
    return Forecast(groups, frames, found.seconds(plan), size, before)


def _there(found: State, plan: Sequence[Part]) -> Iterator[Group]:
    """What is there already, less what the plan has, and what cannot be drawn: walks, and whole collections."""
    for slug, why in unusable(found.gallery).items():
        yield Group(slug, "image", "leave out", found.gallery.collection(slug).count, why.rstrip("."))
    for (slug, _), why in unsound(found.gallery, found.sources).items():
        yield Group(slug, "walk", "leave out", 1, why)
    planned = {item.recipe.id for part in plan for item in part.items}
    rest = [one for one in found.known if one.id not in planned]
    reasons = {one.id: one.reason or "" for one in found.aside}
    tally: Counter[tuple[str, Kind, What, str]] = Counter()
    for one, changed in _changes(found, rest):
        kind: Kind = "walk" if one.kind == "walk" else "image"
        if one.counts:
            reason = f"made with other settings: {changed}" if changed else "made"
            tally[one.collection, kind, "keep", reason] += 1
        elif one.state == "failed":
            tally[one.collection, kind, "leave out", f"failed: {reasons.get(one.id, '')}"] += 1
        else:
            what = {
                "near-copy": "too close to a real picture",
                "other-class": "another class than was asked for",
                "retired": "no longer asked for",
                "removed": "taken off",
            }
            tally[one.collection, kind, "leave out", what.get(one.state, "lost, and no longer made")] += 1
    for (collection, kind, what_, reason), count in tally.items():
        yield Group(collection, kind, what_, count, reason)


def _changes(found: State, known: Iterable[Known]) -> Iterator[tuple[Known, str]]:
    """Each with what today's settings would do differently: ``weights``, ``steps, guidance``; empty where nothing."""
    different = []
    for one in known:
        source = found.sources.get(one.collection)
        here = one.kind == "image" and one.counts and source is not None and one.ordinal >= source.first
        if here and source is not None and source.id_at(one.ordinal) != one.id:
            different.append((one, source))
        else:
            yield one, ""
    if different:
        with Catalogue(found.gallery.catalogue_path) as catalogue:
            for one, source in different:
                yield one, _difference(catalogue.recipe(one.id), source.recipe(one.ordinal))


def _difference(before: Recipe | None, now: Recipe | None) -> str:
    """The names of what differs; the weights first, since they change everything."""
    if before is None or now is None:
        return "seeds"
    old, new = before.as_json(), now.as_json()
    names = [name for name in sorted(old | new) if old.get(name) != new.get(name)]
    return ", ".join(sorted(names, key=lambda name: name != "weights")).replace("class_name", "classes")


def _planned(found: State, part: Part, wish: Wish) -> Iterator[Group]:
    slug, source = part.source.settings.slug, part.source
    if wish.retry is not None:
        causes = Counter(one.reason or "" for one in found.aside if one.id in {item.recipe.id for item in part.items})
        for cause, count in causes.items():
            yield Group(slug, part.kind, "retry", count, f"failed: {cause}")
    elif part.kind == "walk":
        for reason, count in Counter(_why_walk(found, source, item.recipe, item.slug) for item in part.items).items():
            yield Group(slug, "walk", "draw", count, reason)
    else:
        first = sum(ordinal - source.first < source.settings.count for ordinal in part.ordinals)
        further = len(part.ordinals) - first
        reasons = {
            "its files were lost": len(part.items),
            "never made": first,
            "further seeds, for what was left out": further,
        }
        for reason, count in reasons.items():
            if count:
                yield Group(slug, "image", "draw", count, reason)


def _why_walk(found: State, source: Source, recipe: Recipe, name: str | None) -> str:
    walks = [one for one in found.known if one.kind == "walk" and one.collection == source.settings.slug]
    same = next((one for one in walks if one.id == recipe.id), None)
    if same is not None:
        reasons = {"retired": "asked for again"}
        return "its files were lost" if same.lost else reasons.get(same.state, "frames a second or width changed")
    before = next((one for one in walks if one.slug == name and one.state != "removed"), None)
    if before is None:
        return "never made"
    with Catalogue(found.gallery.catalogue_path) as catalogue:
        return f"changed: {_difference(catalogue.recipe(before.id), recipe)}"


def _bytes(found: State, part: Part) -> int:
    """Of the files that a part will have: as those of its collection so far, or as the default gallery's."""
    each = found.sizes.get((part.source.settings.slug, part.kind))
    if each is not None:
        return int(each * len(part))
    return (FRAME_BYTES if part.kind == "walk" else EXHIBIT_BYTES) * part.frames


def _before(found: State, plan: Sequence[Part]) -> tuple[int, Comparison] | None:
    last = next(iter(found.runs), None)
    frozen = newest(found.gallery.runs / str(last.id)) if last else None
    compared = compare(frozen, plan, found.known) if frozen else None
    return (last.id, compared) if last and compared else None
