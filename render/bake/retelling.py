"""Texts of exhibits in the language of a page: written anew by rule, where a rule wrote them.

What a language model wrote, or the maker, stays as it is, and the page marks its language.
"""

from __future__ import annotations

from typing import Any, cast

from render.bake.source import Row
from render.captions import Observation, facts_captioner
from render.captions.texts import STYLES, Language, Style


def retold(row: Row, texts: dict[str, Any], language: Language) -> dict[str, Any]:
    """An exhibit's texts in a language, if they can be had."""
    style = texts.get("style", "plain")
    if texts.get("author", "facts") != "facts" or style not in STYLES:
        return texts
    captioner = facts_captioner(language, cast("Style", style))
    return captioner.write([_observed(row)])[0].as_dict()


def _observed(row: Row) -> Observation:
    """What the catalogue knows, as `render.stages.captioning` tells it to the captioner."""
    known, walk = row.json("classes"), row.json("recipe").get("walk") or {}
    swirl, path = walk.get("swirl"), walk.get("path")
    return Observation(
        designation=f"{'Walk' if walk else 'NONESUCH'} {row.number}",
        id=row.id,
        asked=row.column("asked"),
        found=row.column("found"),
        probabilities=known.get("probabilities", {}),
        attributes=known.get("attributes", {}),
        measurements=row.json("measurements"),
        keyframes=[one.get("class_name") for one in walk.get("keyframes", [])],
        frames=row.json("display").get("frames") or walk.get("frames"),
        moves="swirl" if swirl else path if path in ("morph", "plane") else "walk",
        thing="",  # a row does not know its collection; its classes say what it is of
    )
