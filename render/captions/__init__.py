"""Texts of exhibits: facts and measurements in, words out. Needs neither torch nor openai to be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from render.captions.compose import FactsCaptioner
from render.captions.facts import Fact, facts
from render.captions.texts import Captioner, Language, Observation, Style, Texts


def facts_captioner(language: Language = "en", style: Style = "plain") -> Captioner:
    """The default: from the reviewed facts, deterministic and offline."""
    return FactsCaptioner(language, style)


def captioner(settings: Any, folder: Path) -> Captioner:
    """The captioner that a gallery's ``[captions]`` asks for; `folder` is the gallery's."""
    if not settings.model:
        return facts_captioner(settings.language, settings.style)
    from render.captions.asking import server_captioner

    return server_captioner(settings, folder)


__all__ = [
    "Captioner",
    "Fact",
    "Observation",
    "Texts",
    "captioner",
    "facts",
    "facts_captioner",
]
