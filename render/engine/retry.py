"""What failed, to be tried again: the same recipes under the same ordinals, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from render.catalogue import Exhibit
from render.config import Gallery
from render.engine.plan import Item, Part, wanted_walks
from render.engine.sources import Source


def retried(gallery: Gallery, found: Mapping[str, Source], failed: Iterable[Exhibit], cause: str) -> list[Part]:
    """Exhibits whose reason contains `cause` (in any case of letters; all with ``""``), where today's weights can make
    them: of images those of today's weights, of walks those that ``gallery.toml`` still asks for.
    """
    chosen = [one for one in failed if cause.casefold() in (one.reason or "").casefold()]
    parts = []
    for slug, source in found.items():
        mine = [one for one in chosen if one.collection == slug]
        images = [Item(slug, one.ordinal, one.recipe) for one in mine if _drawable(one, source)]
        wanted = wanted_walks(gallery, source, ())
        films = [(one, wanted[one.id][0]) for one in mine if one.id in wanted]
        walks = [Item(slug, one.ordinal, one.recipe, walk.fps, walk.slug, width=walk.width) for one, walk in films]
        parts += [Part(source, "image", tuple(images)), Part(source, "walk", tuple(walks))]
    return parts


def _drawable(one: Exhibit, source: Source) -> bool:
    return one.kind == "image" and one.recipe.networks == source.networks
