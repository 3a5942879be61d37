"""Texts from an OpenAI-compatible server, checked; the facts captioner takes over wherever that fails."""

from __future__ import annotations

import json
import logging
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from render.captions.compose import FactsCaptioner
from render.captions.facts import facts
from render.captions.texts import ALT_LIMIT, CAPTION_LIMIT, DESCRIPTION_LIMIT, TITLE_LIMIT, Observation, Texts

log = logging.getLogger(__name__)
KEY, KEY_FILE = "OPENAI_API_KEY", "OPENAI_API_KEY_FILE"
FAILURES_IN_A_ROW = 3  # after so many the server is left alone for the rest of the run
LIMITS = {"title": TITLE_LIMIT, "alt": ALT_LIMIT, "description": DESCRIPTION_LIMIT, "caption": CAPTION_LIMIT}
INSTRUCTIONS = (
    "You write labels for generated pictures of galaxies that do not exist. Plain, exact, a little dry English. "
    "Never claim that the galaxy exists, or a distance, age or size. Use only the numbers and facts of the input; say "
    "doubt in words. Plain text, no markup, no links. alt: at most 140 characters, only what is seen. "
    "Reply as JSON with the strings title, alt, description, caption."
)
MARKUP = re.compile(r"[<>`{}\[\]]|\*\*|__|&[#\w]+;|https?:|www\.|\w+://|javascript:", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Reply(BaseModel):
    """What the server has to answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    alt: str
    description: str
    caption: str


def key_from_environment() -> str | None:
    """The key, from the environment or from the file that it names; never from the gallery's files."""
    if key := os.environ.get(KEY, "").strip():
        return key
    if not (named := os.environ.get(KEY_FILE)):
        return None
    try:
        return Path(named).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeError):
        log.warning("The file that %s names cannot be read; captions come from the reviewed facts.", KEY_FILE)
        return None


def objection(reply: Reply, given: str) -> str | None:
    """Why a reply cannot be used, or None. ``given`` is the input: other numbers than its own are invented."""
    known = set(NUMBER.findall(given))
    for name, limit in LIMITS.items():
        text = getattr(reply, name)
        if not text.strip() or len(text) > limit:
            return f"its {name} is empty or longer than {limit} characters"
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in text):
            return f"its {name} holds control or direction characters"
        if MARKUP.search(text):
            return f"its {name} holds markup or an address"
        if set(NUMBER.findall(text)) - known:
            return f"its {name} holds a number that was not measured"
    return None


class ServerCaptioner:
    """Asks ``model`` for each exhibit's texts; every reply is data until it has passed `objection`.

    One object is one run: once the server has failed too often in a row, or when there is no key, it is left alone for
    as long as the object lives, and that is said once.
    """

    remote = True

    def __init__(self, model: str, base_url: str | None = None, timeout: float = 60.0, retries: int = 3) -> None:
        self._model, self._base_url, self._timeout, self._retries = model, base_url, timeout, retries
        self._fallback = FactsCaptioner()
        self._failures = 0  # in a row

    def write(self, observations: Sequence[Observation]) -> list[Texts]:
        """Texts for each observation, in order; `Texts.author` says who wrote each."""
        pairs = zip(observations, self._fallback.write(observations), strict=True)
        return [self._better(observation, ours) for observation, ours in pairs]

    @cached_property
    def _key(self) -> str | None:
        key = key_from_environment()
        if key is None:
            log.warning(
                "%s is not set, so %s is not called and captions come from the reviewed facts.", KEY, self._model
            )
        return key

    @cached_property
    def _client(self) -> Any:
        import openai

        options: dict[str, Any] = {"timeout": self._timeout, "max_retries": self._retries}
        return openai.OpenAI(api_key=self._key, base_url=self._base_url, **options)

    def _better(self, observation: Observation, ours: Texts) -> Texts:
        """The server's texts, or ours where it is left alone, fails, or is refused."""
        if self._failures >= FAILURES_IN_A_ROW or self._key is None:
            return ours
        import openai

        try:
            texts = self._ask(observation, ours, self._key)
        except (openai.OpenAIError, ValueError, LookupError, TypeError, AttributeError) as error:
            self._failures += not isinstance(error, ValueError)
            # the kind alone: a server's message may repeat the key
            reason = str(error) if type(error) is Refused else type(error).__name__
            log.warning("%s keeps the texts from the facts: %s.", observation.designation, reason)
            if self._failures >= FAILURES_IN_A_ROW:
                log.warning("%s failed %d times in a row and is not asked again.", self._model, self._failures)
            return ours
        self._failures = 0
        return texts

    def _ask(self, observation: Observation, ours: Texts, key: str) -> Texts:
        chosen = [facts()[name].text for name in ours.facts]
        given = json.dumps({"observation": asdict(observation), "facts": chosen, "draft": asdict(ours)}, default=str)
        messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": given}]
        form = {"type": "json_schema", "json_schema": {"name": "texts", "strict": True, "schema": schema()}}
        answer = self._client.chat.completions.create(model=self._model, messages=messages, response_format=form)
        reply = Reply.model_validate_json(answer.choices[0].message.content or "")
        against = " ".join((ours.title, ours.alt, ours.description, ours.caption, observation.designation, *chosen))
        if (reason := objection(reply, against)) is not None:
            raise Refused(reason)
        if key in reply.model_dump_json():
            raise Refused("it holds the key")
        return replace(ours, **reply.model_dump(), author=self._model)


class Refused(ValueError):
    """A reply that may not be shown; its message is ours."""


def schema() -> dict[str, Any]:
    """The reply's form, as the server wants it."""
    return Reply.model_json_schema()
