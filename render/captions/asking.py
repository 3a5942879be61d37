"""From a gallery's settings to the captioner that asks a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from render.captions.budget import Prices
from render.captions.dialogue import Voice
from render.captions.key import find_key
from render.captions.paid import FILE, Paid
from render.captions.server import ServerCaptioner, Terms


def voice(settings: Any) -> Voice:
    """Who is asked and how to write, of ``[captions]``."""
    return Voice(
        model=settings.model,
        base_url=settings.base_url,
        language=settings.language,
        style=settings.style,
        picture=settings.picture,
        max_tokens=settings.max_tokens,
    )


def terms(settings: Any) -> Terms:
    """How the server is treated and what it may cost, of ``[captions]``."""
    prices = settings.prices
    return Terms(
        prices=Prices(prices.input, prices.output, prices.batch) if prices else Prices(),
        budget=settings.budget,
        budget_tokens=settings.budget_tokens,
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        needs_key=settings.needs_key,
    )


def server_captioner(settings: Any, folder: Path) -> ServerCaptioner:
    """Asks ``settings.model`` at ``settings.base_url``, or has it asked by a batch."""
    kind = ServerCaptioner
    return kind(voice(settings), Paid(folder / FILE), find_key(folder), terms(settings))
