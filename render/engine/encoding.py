"""From an exhibit's pictures to its files: which encoder a recipe wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from render.display import DISTANCE
from render.engine.encoders import Encode
from render.engine.plan import Item
from render.media import (
    Encoded,
    Store,
    as_silhouettes,
    encode_image,
    encode_plane,
    encode_surface,
    encode_walk,
    globes,
    sketch_media,
)
from render.noise import Floats
from render.weights import Card

Sheet = Callable[[str, int], Floats]
"""(sha256 of a drawing, colours) -> (colours, h, w) in [0, 1]."""


def encoder(
    store: Store, cards: Mapping[str, Card], sheet: Sheet, licence: str, reels: Path | None = None
) -> Encode[Encoded]:
    """What the loop calls with an exhibit and its pictures. cards: by the sha256 of weights; reels: where films in the
    making are kept.
    """

    def encode(item: Item, pictures: Iterator[Floats]) -> Encoded:
        card = cards[item.recipe.weights]
        if item.recipe.walk:
            shown = globes(pictures, item.recipe, item.width) if card.surface else pictures
            if card.mapping.name == DISTANCE:
                shown, card = as_silhouettes(pictures, card, item.width)
            if item.recipe.walk.path == "plane":
                return encode_plane(store, shown, item.recipe, card, item.fps, licence, width=item.width)
            film: dict[str, Any] = {"width": item.width, "begun": item.begun, "reels": reels}
            return encode_walk(store, shown, item.recipe, card, item.fps, licence, **film)
        if card.surface:
            return encode_surface(store, next(pictures), item.recipe, card, licence)
        encoded = encode_image(store, next(pictures), item.recipe, card, licence)
        if item.recipe.sketch is None:
            return encoded
        return replace(encoded, media=[*encoded.media, sketch_media(store, sheet(item.recipe.sketch, 3), licence)])

    return encode
