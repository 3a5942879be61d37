"""The frozen plan: what a run set out to make, in its folder, and whether ``gallery.toml`` still asks for it.

A part of images is its settings and its ordinals: the n-th ordinal has the n-th seed, and classes and sketches in turn,
so a plan for a million pictures is one short file. Walks, and images whose files were lost, stand there whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from render.catalogue import Known
from render.durable import write_whole
from render.engine.plan import Item, Part
from render.recipe import Seeds

Verdict = Literal["same", "extends", "asks for less", "contradicts"]


@dataclass(frozen=True)
class Comparison:
    """How today's plan stands to the one that a run left unfinished. left: how much of that run's is not made."""

    verdict: Verdict
    left: int
    more: int
    gone: int
    changed: tuple[str, ...] = ()

    def sentence(self, run: int) -> str:
        """For the person who starts the next run."""
        going = f"run {run} left {self.left} of what it had planned"
        if self.verdict == "same":
            return f"{going}; gallery.toml asks for the same: going on with it."
        if self.verdict == "extends":
            return f"{going}; gallery.toml asks for that and {self.more} more."
        if self.verdict == "asks for less":
            return f"{going}; {self.gone} of them are not asked for now."
        what = ", ".join(self.changed)
        return (
            f"{going}; gallery.toml contradicts it ({what}): {self.gone} of them are made as it says now, or not made."
        )


def freeze(parts: Iterable[Part], path: Path) -> None:
    """Write the plan down, durably, before anything is made of it."""
    write_whole(path, json.dumps({"version": 1, "parts": [_part(part) for part in parts if len(part)]}, indent=1))


def newest(folder: Path) -> Path | None:
    """The last plan that a run froze in its folder: ``plan.json``, then ``plan-2.json`` for its second round."""
    found = {path: path.stem.partition("-")[2] for path in folder.glob("plan*.json")}
    numbers = {path: int(number or 1) for path, number in found.items() if number.isdigit() or not number}
    return max(numbers, key=lambda path: numbers[path], default=None)


def compare(path: Path, parts: Sequence[Part], known: Iterable[Known]) -> Comparison | None:
    """Today's plan beside a frozen one, less what was made since; None when nothing is left of that, or it is of a
    version that this program does not read.
    """
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        olds = {(old["collection"], old["kind"]): old for old in before["parts"]} if before["version"] == 1 else {}
        there = {(one.collection, one.kind, one.ordinal) for one in known if not one.lost}
        left = {key: _left(old, there) for key, old in olds.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a plan is there to be compared with, and nothing depends on it
    if not any(left.values()):
        return None
    news = {(part.source.settings.slug, part.kind): part for part in parts}
    changed = {name for key, old in olds.items() if left[key] for name in _changed(old, left[key], news.get(key))}
    now = {key: _wanted(part) for key, part in news.items()}
    gone = sum(len(wanted - now.get(key, set())) for key, wanted in left.items())
    more = sum(len(wanted - left.get(key, set())) for key, wanted in now.items())
    if changed:
        gone = sum(len(left[key]) for key, old in olds.items() if _changed(old, left[key], news.get(key)))
        verdict: Verdict = "contradicts"
    else:
        verdict = "asks for less" if gone else "extends" if more else "same"
    return Comparison(verdict, sum(map(len, left.values())), more, gone, tuple(sorted(changed)))


def _part(part: Part) -> dict[str, Any]:
    told = {"collection": part.source.settings.slug, "kind": part.kind, "items": [_item(item) for item in part.items]}
    return told | (_settings(part) | {"ordinals": _ranges(part.ordinals)} if part.ordinals else {})


def _settings(part: Part) -> dict[str, Any]:
    """Everything that, with an ordinal, makes a recipe."""
    example = next(Part(part.source, "image", (), part.ordinals[:1]).__iter__())
    varies = ("seed", "class_name", "sketch", "strength", "style_seed")
    shared = {name: value for name, value in example.recipe.as_json().items() if name not in varies}
    settings = part.source.settings
    shared |= {} if settings.style_seed is None else {"style_seed": settings.style_seed}
    classes = part.source.card.classes if settings.classes == "all" else settings.classes
    varied = {"seeds": settings.seeds, "classes": classes, "sketches": list(part.source.sketches)}
    return {"recipe": shared, **varied, "strengths": list(settings.strengths)}


def _item(item: Item) -> dict[str, Any]:
    plain = {"ordinal": item.ordinal, "id": item.recipe.id, "recipe": item.recipe.as_json()}
    return plain | ({"slug": item.slug, "fps": item.fps, "width": item.width} if item.recipe.walk else {})


def _ranges(ordinals: Sequence[int]) -> str:
    """``0-99,105``: ordinals that rise, as `Seeds` reads them."""
    pieces: list[list[int]] = []
    for ordinal in ordinals:
        if pieces and ordinal == pieces[-1][1] + 1:
            pieces[-1][1] = ordinal
        else:
            pieces.append([ordinal, ordinal])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in pieces)


def _ordinals(text: str | None) -> Iterator[int]:
    return iter(Seeds.parse(text).listed) if text else iter(())


def _left(old: dict[str, Any], there: set[tuple[str, str, int]]) -> set[int | str]:
    """What of a part is not made: ordinals of images, ids of walks."""
    slug, kind = old["collection"], old["kind"]
    items = [item for item in old["items"] if (slug, kind, item["ordinal"]) not in there]
    if kind == "walk":
        return {item["id"] for item in items}
    further = {ordinal for ordinal in _ordinals(old.get("ordinals")) if (slug, kind, ordinal) not in there}
    return further | {item["ordinal"] for item in items}


def _wanted(part: Part) -> set[int | str]:
    if part.kind == "walk":
        return {item.recipe.id for item in part.items}
    return {*part.ordinals, *(item.ordinal for item in part.items)}


def _changed(old: dict[str, Any], left: set[int | str], part: Part | None) -> list[str]:
    """What is not as it was: the settings of further images, or the walks that have another recipe."""
    if part is None:
        return []
    if part.kind == "walk":
        now = {item.slug: item.recipe.id for item in part.items}
        unmade = {item["slug"]: item["id"] for item in old["items"] if item["id"] in left}
        return [f"walk '{name}'" for name, identity in unmade.items() if now.get(name, identity) != identity]
    if not part.ordinals or "ordinals" not in old:
        return []
    new = _settings(part)
    recipe = {name for name in old["recipe"] | new["recipe"] if old["recipe"].get(name) != new["recipe"].get(name)}
    return sorted(
        recipe | {name for name in ("seeds", "classes", "sketches", "strengths") if old.get(name) != new[name]}
    )
