"""Films in the making: what earlier nights left of them goes on, and what nobody wants any more goes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from render.catalogue import Known
from render.config import Gallery
from render.engine.plan import Item, Part, wanted_walks
from render.media import Reel, sweep
from render.stages.session import Session

FOLDER = "films"


def films(gallery: Gallery) -> Path:
    """Where a gallery's films in the making are."""
    return gallery.state / FOLDER


def reel(gallery: Gallery, item: Item) -> Reel:
    """A walk's film in the making."""
    return Reel.of(films(gallery), item.recipe, item.fps, item.width)


def resumed(session: Session, plan: list[Part], known: Iterable[Known]) -> list[Part]:
    """The plan with what earlier nights left of its films; films that nobody wants any more are swept away."""
    home = films(session.gallery)
    if not home.is_dir() or not any(home.iterdir()):
        return plan
    plan = [_begun(session.gallery, part) if part.kind == "walk" else part for part in plan]
    made = {one.id for one in known if one.counts} - {item.recipe.id for part in plan for item in part.items}
    every = [wanted_walks(session.gallery, source, known) for source in session.sources.values()]
    wanted = [one for walks in every for identity, one in walks.items() if identity not in made]
    sweep(home, [Reel.of(home, recipe, walk.fps, walk.width) for walk, recipe in wanted])
    return plan


def _begun(gallery: Gallery, part: Part) -> Part:
    """A part of walks that begin where their films are; the last picture is always drawn, so that they come up."""
    begun = [(item, min(reel(gallery, item).pictures, item.frames - 1)) for item in part.items]
    return replace(part, items=tuple(replace(item, begun=pictures) for item, pictures in begun))
