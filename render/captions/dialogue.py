"""One exhibit's talk with a model: asked once, and once more with the reason when the answer may not be shown.

It is a function of the answers so far, so it does not matter where they come from: from the server now, from a batch of
last night, or from the file of what was paid for before this run was killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from render.captions.facts import in_language
from render.captions.prompt import Prompt, prompt
from render.captions.reply import LONGEST, Refused, read_reply
from render.captions.texts import Language, Observation, Style, Texts

ATTEMPTS = 2
REPEATED = 4_000  # characters of a refused reply that the second question shows again


@dataclass(frozen=True)
class Voice:
    """Who is asked, and how to write: with the messages, everything that decides a text."""

    model: str
    base_url: str | None = None
    language: Language = "en"
    style: Style = "plain"
    picture: bool = False
    max_tokens: int = 2000


@dataclass(frozen=True)
class Request:
    """A question that has no answer yet. key: a hash of everything that decides the answer."""

    key: str
    messages: list[dict[str, Any]]
    exhibit: str  # its designation


@dataclass(frozen=True)
class Refusal:
    """Both answers were refused; reason: the end of a sentence about the last one."""

    reason: str


def proceed(
    observation: Observation, ours: Texts, voice: Voice, answered: Callable[[str], str | None]
) -> Texts | Request | Refusal:
    """The model's texts, or the question to ask next, or why there is nothing more to ask.

    ours: the texts from the facts, which keep what the model does not write. answered: a key's raw answer, None when
    there is none yet.
    """
    told = prompt(observation, voice.language, voice.style, voice.picture)
    messages, reason = told.messages, ""
    for _ in range(ATTEMPTS):
        key = key_of(voice, messages)
        raw = answered(key)
        if raw is None:
            return Request(key, messages, observation.designation)
        try:
            return _texts(raw, told, ours, voice)
        except Refused as refused:
            reason = str(refused)
            messages = [*told.messages, *_again(raw, reason)]
    return Refusal(reason)


def key_of(voice: Voice, messages: list[dict[str, Any]]) -> str:
    """How a server was brought to write JSON is not in it: an answer that came either way is the answer."""
    asked = {"model": voice.model, "at": voice.base_url, "tokens": voice.max_tokens, "messages": messages}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _texts(raw: str, told: Prompt, ours: Texts, voice: Voice) -> Texts:
    reply = read_reply(raw[:LONGEST], told.given, len(told.facts), voice.language)
    chosen = [told.facts[number - 1] for number in reply.facts]
    sentences = [in_language(fact, voice.language) or "" for fact in chosen]  # as they were reviewed, word for word
    return replace(
        ours,
        title=reply.title,
        alt=reply.alt,
        description=reply.description,
        caption=" ".join([reply.caption, *sentences]),
        facts=[fact.id for fact in chosen],
        author=voice.model,
        language=voice.language,
        style=voice.style,
        awaits=None,
    )


def _again(raw: str, reason: str) -> list[dict[str, Any]]:
    wish = f"That cannot be used: {reason}. Write the whole JSON object again, in the same form, without that."
    return [{"role": "assistant", "content": raw[:REPEATED]}, {"role": "user", "content": wish}]
