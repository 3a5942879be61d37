"""What keeps a walk from being drawn. Such a walk is left out, in a sentence, and the others go on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from render.config.problems import nearest
from render.config.shown import Collection, Keyframe, Walk
from render.generators import BUILT_IN, THROUGH_W
from render.weights import Card

WIDEST = 4096
"""Pixels of a plane's pictures side by side: what every browser can show, and a phone can hold."""


def fault(walk: Walk, collection: Collection, card: Card | None) -> str | None:
    """What is wrong with a walk, and what to do; None for a sound one. card: None where the weights are not here."""
    return next(_faults(walk, collection, card), None)


def _faults(walk: Walk, collection: Collection, card: Card | None) -> Iterator[str]:
    points = len(walk.keyframes)
    if points < 2:
        yield f"it goes through {points} keyframe, and a walk through 2 or more; add one"
    if walk.frames < points:
        yield f"{walk.frames} frames are too few for {points} keyframes; ask for {points} or more"
    yield from _plane(walk, points) if walk.shape == "plane" else _shape(walk, points)
    if card is not None:
        yield from _unknown(walk, card)
        yield from _still(walk, collection, card)


def _shape(walk: Walk, points: int) -> Iterator[str]:
    seeds = {key.seed for key in walk.keyframes}
    if walk.shape == "great-circle" and points != 2:
        yield f"a great circle goes through 2 keyframes, not {points}; take path = 'spline'"
    if walk.shape == "spline" and points < 3:
        yield f"a spline goes through 3 keyframes or more, not {points}; take path = 'great-circle'"
    if walk.shape == "great-circle" and len(seeds) < 2:
        yield "a great circle goes through two different seeds; change one, or take path = 'morph' for two classes"
    if walk.shape == "morph" and len(seeds) > 1:
        yield f"a morph keeps its noise, so its keyframes have one seed, not {len(seeds)}; or take path = 'spline'"


def _plane(walk: Walk, points: int) -> Iterator[str]:
    side = math.isqrt(walk.frames)
    if points != 4:
        yield f"a plane lies between 4 keyframes, its corners, not {points}; add some or take some out"
    if side**2 != walk.frames:
        yield f"the pictures of a plane make a square, and {walk.frames} do not; ask for {side**2} or {(side + 1) ** 2}"
    if side * walk.width > WIDEST:
        yield f"its {side} pictures of {walk.width} pixels side by side are more than {WIDEST}; make width smaller"
    if walk.swirl is not None:
        yield "a plane is no film and does not swirl; leave swirl out"
    if len({key.seed for key in walk.keyframes}) < points:
        yield "the corners of a plane have different seeds; change those that are alike"


def _unknown(walk: Walk, card: Card) -> Iterator[str]:
    """W, classes and sources that the weights do not know. A family from outside says itself whether it has W."""
    if walk.shape == "w-spline" and card.family in BUILT_IN and card.family not in THROUGH_W:
        with_w = ", ".join(THROUGH_W)
        yield f"the weights '{card.name}' ({card.family}) have no W, which {with_w} has; take path = 'spline'"
    asked = [("class", key.class_name, card.classes) for key in walk.keyframes]
    asked += [("source", key.source, card.sources) for key in walk.keyframes]
    for what, name, known in asked:
        if name is not None and name not in known:
            hint = nearest(name, known) if known else "they know none: leave it out"
            yield f"the weights '{card.name}' know no {what} '{name}'; {hint}"


def _still(walk: Walk, collection: Collection, card: Card) -> Iterator[str]:
    """Keyframes that are all one picture. A collection's prompts change from keyframe to keyframe."""
    if len({_look(key, collection, card) for key in walk.keyframes}) == 1 and collection.prompts is None:
        what = "class, source or prompt" if walk.shape == "morph" else "seed, class, source or prompt"
        yield f"all of its keyframes are one picture; change a {what}"


def _look(key: Keyframe, collection: Collection, card: Card) -> tuple[object, ...]:
    classes = card.classes if collection.classes == "all" else collection.classes
    first_class, first_source = next(iter(classes), None), collection.source or next(iter(card.sources), None)
    return (key.seed, key.class_name or first_class, key.source or first_source, key.prompt)
