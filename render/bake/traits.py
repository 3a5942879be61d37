"""What the gallery's filters read: of every exhibit a short row of numbers, a thousand exhibits a file."""

from __future__ import annotations

from typing import Any

from render.bake.source import Row
from render.bake.words import class_name

MEASURED = (("colour", 100), ("half_light_radius", 1000), ("concentration", 100), ("axis_ratio", 100))
"""Measurements and by how much they are multiplied, to be whole numbers in the file."""


def traits_table(rows: list[Row]) -> dict[str, Any]:
    """`rows` of [number, class, probability in per cent, the measurements of `MEASURED`, model, day, bar in per cent].

    Class, model and day are places in the lists of the same file; what was not measured is null.
    """
    classes, models, days = _Names(), _Names(), _Names()
    table = [_row(row, classes, models, days) for row in rows]
    return {
        "classes": [[key, class_name(key)] for key in classes.seen],
        "models": list(models.seen),
        "days": list(days.seen),
        "rows": table,
    }


class _Names:
    """Names in the order in which they were first seen."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def place(self, name: str) -> int | None:
        return self.seen.setdefault(name, len(self.seen)) if name else None


def _row(row: Row, classes: _Names, models: _Names, days: _Names) -> list[int | None]:
    found = row.column("found") or ""
    share = row.json("classes").get("probabilities", {}).get(found)
    measured = row.json("measurements")
    recipe = row.json("recipe")
    weights = recipe.get("weights", "")[:7]
    imported = recipe.get("family") == "imported"  # nobody here knows by what: their `weights` are their own hash
    model = "" if imported else f"{recipe.get('family', '')} {weights}".strip()
    return [
        row.number,
        classes.place(found),
        None if share is None else round(100 * share),
        *(_whole(measured.get(name), factor) for name, factor in MEASURED),
        models.place(model),
        days.place(str(row.column("made_at") or "")[:10]),
        _whole(row.json("classes").get("attributes", {}).get("bar"), 100),
    ]


def _whole(value: Any, factor: int) -> int | None:
    return round(factor * value) if isinstance(value, int | float) else None
