"""The words of an exhibit as a page may show them: of bounded length, and without signs that turn text round.

The captioner refuses such words (`render.captions.grounding`); but a catalogue can come from an older program or from
somebody else, and a browser takes minutes to set a title of 100 kB without a space.
"""

from __future__ import annotations

import re
from typing import Any

from render.bake.retelling import retold
from render.bake.source import Row
from render.bake.tongue import SOURCE, Voice, voice

LIMITS = {"title": 200, "alt": 400, "description": 4_000, "caption": 4_000, "author": 100, "language": 20}
"""Characters; well above what any captioner writes."""
TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")


def texts_of(row: Row) -> dict[str, Any]:
    """The row's texts, each cut to its limit; what is no text is left out."""
    now = voice()
    if row.words is None or row.spoken != now[:3]:
        row.words, row.spoken = _texts_of(row, now), now[:3]
    return row.words


def _texts_of(row: Row, now: Voice) -> dict[str, Any]:
    texts = row.json("texts")
    if now.retold and texts.get("caption") and texts.get("language", SOURCE) != now.language:
        texts = retold(row, texts, now.language)
    words = {name: shown(texts[name], limit) for name, limit in LIMITS.items() if isinstance(texts.get(name), str)}
    if row.title:
        words["title"] = shown(row.title, LIMITS["title"])
    facts = texts.get("facts")
    return words | {"facts": [one for one in facts if isinstance(one, str)] if isinstance(facts, list) else []}


def shown(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis tells that there were more."""
    text = TURNING.sub("", text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
