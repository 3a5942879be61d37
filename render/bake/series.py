"""What came of a drawing: the exhibits that it steered with one seed, in a row, by how far they may leave it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

from render.bake import views
from render.bake.source import Row, Source

_DRAWN = """
SELECT number, recipe, (SELECT key FROM media WHERE exhibit = e.id AND role = 'fallback' ORDER BY width LIMIT 1)
FROM exhibits e
WHERE collection = ? AND kind = 'image' AND number IS NOT NULL AND state = 'shown' AND instr(recipe, '"sketch":')
  AND id NOT IN (SELECT value FROM json_each(?))
"""
SHARED = ("weights", "sketch", "seed", "class_name", "source", "prompt", "sampler", "steps", "guidance")
"""What exhibits of one row have in common; they differ in strength."""


class Drawn(NamedTuple):
    """One exhibit of a row."""

    strength: float | None
    number: int
    key: str


class Series:
    """The rows of a collection, read once; nothing is kept of exhibits without a drawing."""

    def __init__(self, source: Source, slug: str) -> None:
        self._rows: defaultdict[str, list[Drawn]] = defaultdict(list)
        for number, text, key in source.db.execute(_DRAWN, (slug, source.hidden)):
            recipe = json.loads(text)
            if recipe.get("sketch") and key:
                self._rows[_row(recipe)].append(Drawn(recipe.get("strength"), number, key))
        for row in self._rows.values():
            row.sort(key=lambda one: (one.strength is not None, one.strength or 0, one.number))

    def of(self, row: Row) -> list[Drawn]:
        """All that came of the drawing of an exhibit; empty where there was none."""
        if self._rows and (recipe := row.json("recipe")).get("sketch"):
            return self._rows[_row(recipe)]
        return []


def drawing(row: Row, slug: str, drawn: list[Drawn]) -> dict[str, Any] | None:
    """The drawing and what came of it, for the page; None where there was no drawing."""
    sheet = next((medium for medium in row.media if medium.role == "sketch"), None)
    if sheet is None:
        return None
    return {
        "key": sheet.key,
        "width": sheet.width,
        "height": sheet.height,
        "row": [
            {
                "href": views.page_of(slug, one.number),
                "designation": views.designation(one.number),
                "key": one.key,
                "strength": "" if one.strength is None else f"{one.strength:g}",
                "current": one.number == row.number,
            }
            for one in drawn
        ],
    }


def _row(recipe: dict[str, Any]) -> str:
    return json.dumps([recipe.get(name) for name in SHARED])
