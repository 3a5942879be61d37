"""Texts of exhibits: facts and measurements in, words out. Needs neither torch nor openai to be imported."""

from __future__ import annotations

from typing import Any

from render.captions.compose import FactsCaptioner
from render.captions.facts import Fact, facts
from render.captions.texts import Captioner, Observation, Texts


def facts_captioner() -> Captioner:
    """The default: from the reviewed facts, deterministic and offline."""
    return FactsCaptioner()


def openai_captioner(settings: Any) -> Captioner:
    """From ``settings.model`` at ``settings.base_url``; the facts captioner takes over wherever it cannot write."""
    from render.captions.server import ServerCaptioner

    return ServerCaptioner(settings.model, base_url=str(settings.base_url) if settings.base_url else None)


def captioner(settings: Any) -> Captioner:
    """The captioner that a gallery's ``[captions]`` asks for."""
    return openai_captioner(settings) if settings.model else facts_captioner()


__all__ = [
    "Captioner",
    "Fact",
    "Observation",
    "Texts",
    "captioner",
    "facts",
    "facts_captioner",
    "openai_captioner",
]
