"""The exhibits as the maker looks through them: each with what the catalogue knows, and three numbers to sort by."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any, NamedTuple

from render.catalogue import FILE, Catalogue, Exhibit, Medium
from render.config import Gallery

MEASURED = ("axis_ratio", "half_light_radius", "concentration", "colour")
FLAT = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution (Rousseeuw and Croux 1993)."""


class Shown(NamedTuple):
    """An exhibit for the page. told: what the page reads; keys: its pictures in the store by width."""

    told: dict[str, Any]
    keys: dict[int, str]


def shown(gallery: Gallery) -> dict[str, Shown]:
    """Every image on the site, hidden ones among them, by id; by collection and number."""
    found: dict[str, Shown] = {}
    with Catalogue(gallery.folder / FILE) as catalogue:
        for section in gallery.sections:
            rows = [
                (exhibit, media)
                for exhibit, media in catalogue.in_order(section.slug)
                if exhibit.state == "shown" and exhibit.number is not None
            ]
            odd = oddness(exhibit.measurements or {} for exhibit, _ in rows)
            for (exhibit, media), oddity in zip(rows, odd, strict=True):
                found[exhibit.id] = Shown(_told(exhibit, oddity), _keys(media))
    return found


def _told(exhibit: Exhibit, oddity: tuple[float, str] | None) -> dict[str, Any]:
    texts, evidence = exhibit.texts or {}, exhibit.evidence or {}
    return {
        "id": exhibit.id,
        "collection": exhibit.collection,
        "number": exhibit.number,
        "run": exhibit.run,
        "title": texts.get("title") or "",
        "asked": exhibit.asked or "",
        "found": exhibit.found or "",
        "plausibility": _plausibility(exhibit),
        "evidence": evidence.get("percentile") if evidence.get("checked") else None,
        "oddness": oddity and round(oddity[0], 3),
        "odd_in": oddity[1] if oddity else "",
    }


def _plausibility(exhibit: Exhibit) -> float | None:
    """The probability that the classifier gives to the class that was asked for (found, where none was)."""
    shares = (exhibit.classes or {}).get("probabilities", {})
    share = shares.get(exhibit.asked or exhibit.found)
    return float(share) if isinstance(share, int | float) else None


def oddness(measured: Iterable[dict[str, Any]]) -> list[tuple[float, str] | None]:
    """How far each picture lies from the middle of its collection, and in which measurement that is.

    In standard deviations, estimated from the median absolute deviation; the largest of the measurements counts. None
    where nothing was measured, or all are alike.
    """
    rows = list(measured)
    found: list[tuple[float, str] | None] = [None] * len(rows)
    for name in MEASURED:
        values = {i: float(row[name]) for i, row in enumerate(rows) if isinstance(row.get(name), int | float)}
        if len(values) < 3:
            continue
        middle = median(values.values())
        spread = FLAT * median(abs(value - middle) for value in values.values())
        if not spread:
            continue
        for i, value in values.items():
            far = (abs(value - middle) / spread, name)
            found[i] = max(found[i] or far, far)
    return found


def _keys(media: Iterable[Medium]) -> dict[int, str]:
    """By width; AVIF where there is one."""
    pictures = sorted((one for one in media if one.role in ("image", "fallback")), key=lambda one: one.role == "image")
    return {one.width: one.key for one in pictures}
