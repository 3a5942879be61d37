"""Exhibits of one seed that different weights drew, after `nonesuch upgrade`: their pages link each other."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

from render.bake import views
from render.bake.source import Row, Source

_DRAWN = """
SELECT number, recipe FROM exhibits
WHERE collection = ? AND kind = 'image' AND number IS NOT NULL AND state = 'shown'
  AND id NOT IN (SELECT value FROM json_each(?))
ORDER BY number
"""
SHARED = ("seed", "class_name", "source", "sketch", "strength", "prompt", "mask", "style_from")
"""What counterparts have in common; the network, and how it is sampled, is another."""


class Drawn(NamedTuple):
    """One exhibit. generation: of its weights, by the number of the first exhibit that they drew."""

    number: int
    generation: int


class Kin(NamedTuple):
    """linked: an exhibit's counterparts, the oldest first; older: whether weights drew it whose card is not here."""

    linked: list[dict[str, Any]]
    older: bool


class Generations:
    """The counterparts in a collection, read once; nothing is read where there was no upgrade."""

    def __init__(self, source: Source, slug: str) -> None:
        self._slug = slug
        self._of: dict[str, int] = {}  # weights to generation
        self._drawn: defaultdict[str, list[Drawn]] = defaultdict(list)
        if slug in source.upgraded:
            for number, text in source.db.execute(_DRAWN, (slug, source.hidden)):
                recipe = json.loads(text)
                generation = self._of.setdefault(recipe["weights"], len(self._of))
                self._drawn[_key(recipe)].append(Drawn(number, generation))

    def of(self, row: Row) -> Kin | None:
        """What an exhibit's page says of other generations; None where there is only one."""
        if len(self._of) < 2:
            return None
        recipe = row.json("recipe")
        here = self._of.get(recipe.get("weights", ""), 0)
        linked = [
            {
                "href": views.page_of(self._slug, one.number),
                "designation": views.designation(one.number),
                "newer": one.generation > here,
            }
            for one in self._drawn[_key(recipe)]
            if one.generation != here
        ]
        return Kin(linked, older=here < len(self._of) - 1)


def _key(recipe: dict[str, Any]) -> str:
    return json.dumps([recipe.get(name) for name in SHARED])
