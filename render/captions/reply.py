"""What a model has to answer, and reading it out of what it did answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from render.captions.grounding import LIMITS, Given, objection, tidy
from render.captions.texts import Language

LONGEST = 20_000
"""Characters of a reply that are read and kept; a good one has two thousand at most."""


class Reply(BaseModel):
    """The form that the server is asked to fill in; pydantic writes it as a JSON schema and reads it back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    alt: str
    description: str
    caption: str
    facts: list[int]


class Refused(ValueError):
    """A reply that may not be shown. Its message is ours, the end of a sentence about the reply."""


def form() -> dict[str, Any]:
    """The ``response_format`` that asks a server for the form."""
    schema = {"name": "texts", "strict": True, "schema": Reply.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


def read_reply(raw: str, given: Given, offered: int, language: Language) -> Reply:
    """The reply in a server's words, tidied, once nothing speaks against it. offered: how many facts it could choose.

    Raises Refused.
    """
    try:
        reply = Reply.model_validate_json(_json_in(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"] if part in Reply.model_fields or isinstance(part, int))
        raise Refused(f"it is not the JSON that was asked for{f' ({where})' if where else ''}") from None
    texts = {name: tidy(getattr(reply, name)) for name in LIMITS}
    if (reason := objection(texts, given, language) or _misnumbered(reply.facts, offered)) is not None:
        raise Refused(reason)
    return Reply(**texts, facts=reply.facts)


def _misnumbered(chosen: Sequence[int], offered: int) -> str | None:
    least = min(1, offered)
    if not least <= len(chosen) <= 2 or len(set(chosen)) != len(chosen):
        return "its facts are not one or two numbers of the list"
    if not all(1 <= number <= offered for number in chosen):
        return "it names a fact that is not in the list"
    return None


def _json_in(raw: str) -> str:
    """The JSON object in a reply: servers that know no schema put it into a fence, or a sentence before it."""
    starts = (at for at, character in enumerate(raw) if character == "{")
    for start in itertools.islice(starts, 20):
        try:
            found, _ = json.JSONDecoder().raw_decode(raw, start)
        except (ValueError, RecursionError):
            continue
        return json.dumps(found)
    return raw
