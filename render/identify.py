"""What is this file? What its mark says: how it came about, from which recipe, and which exhibit of a gallery it is.

A mark is a claim: anyone can write one into a file, or take it out. A file without one may be anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from render.catalogue import Catalogue
from render.config import Gallery
from render.errors import NonesuchError
from render.provenance import CAPTURE, TRAINED, read_mark
from render.recipe import Recipe

LARGEST = 1 << 28
"""Bytes of the largest file that is read."""
MADE = {TRAINED: "by a trained model", CAPTURE: "by a camera"}


def identify(path: Path, gallery: Gallery | None = None) -> dict[str, Any]:
    """Everything that is known of a file, as plain values; ``marked`` is false when it says nothing of itself.

    Raises NonesuchError when the file cannot be read or its mark is not well-formed.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise NonesuchError(f"{path} is larger than any file of nonesuch's ({LARGEST >> 20} MiB): it was not read.")
        mark = read_mark(path.read_bytes())
    except OSError as error:
        raise NonesuchError(f"{path} cannot be read: {error.strerror or error}.") from None
    told: dict[str, Any] = {"file": str(path), "marked": mark is not None}
    if mark is None:
        return told
    told |= {"made": MADE.get(mark.source_type, mark.source_type or "not said"), "source_type": mark.source_type}
    told |= {"credit": mark.credit, "licence": mark.licence, "card": mark.card}
    recipe = _recipe(mark.recipe)
    if recipe is not None:
        told |= {"id": recipe.id, "recipe": json.loads(recipe.canonical())}
        told |= _exhibit(recipe.id, gallery) if gallery else {}
    return {name: value for name, value in told.items() if value != ""}


def _recipe(text: str) -> Recipe | None:
    """The recipe, if it is one that this version can read; a stranger may have written anything there."""
    try:
        return Recipe.from_json(text) if text else None
    except NonesuchError:
        return None


def _exhibit(identity: str, gallery: Gallery) -> dict[str, Any]:
    with Catalogue(gallery.catalogue_path) as catalogue:
        for one in catalogue.known():
            if one.id == identity:
                return {"collection": one.collection, "kind": one.kind, "number": one.number, "state": one.state}
    return {}
