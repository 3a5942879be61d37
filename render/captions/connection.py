"""One question over HTTP: forms that a server may refuse, Retry-After, limits of time and size."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from render.captions.budget import tokens_of
from render.captions.dialogue import Request, Voice
from render.captions.key import redacted
from render.captions.paid import Answer
from render.captions.reply import LONGEST, form
from render.captions.texts import never

if TYPE_CHECKING:
    import openai

OPENAI = "https://api.openai.com/v1"
LARGEST = 1_000_000
"""Bytes of a server's whole answer that are read."""
PATIENCE = 900.0
"""Seconds of a Retry-After that a run waits for; what a server wants beyond that is left to the next run."""
BACKOFF, LONGEST_BACKOFF = 0.5, 8.0


class Unanswered(Exception):
    """No answer came; reason: ours, the end of a sentence. final: nothing will come in this run."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final = reason, final


class Stopped(Exception):
    """A person asked to stop before the question was sent."""


class _Later(Exception):
    """Worth another try. seconds: how long the server asked to wait."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.seconds = reason, seconds


class Connection:
    """Asks a server; may be used from several threads, which then wait together when the server asks for a pause.

    The client's own retries are off: it waits for a Retry-After of two minutes at most, each thread by itself, and a
    stop would not reach it.
    """

    def __init__(
        self,
        voice: Voice,
        key: SecretStr | None,
        timeout: float = 60.0,
        retries: int = 3,
        stopped: Callable[[], bool] = never,
    ) -> None:
        self._voice, self._key, self._timeout, self._retries = voice, key, timeout, retries
        self.stopped = stopped
        self._not_before = 0.0
        self._form = 0  # of `_forms`, the first that the server took
        self._lock = threading.Lock()

    @property
    def client(self) -> openai.OpenAI:
        """The official client, made when first needed."""
        with self._lock:
            if not hasattr(self, "_client"):
                import openai

                secret = self._key.get_secret_value() if self._key else "none"
                address = self._voice.base_url or OPENAI
                self._client = openai.OpenAI(api_key=secret, base_url=address, timeout=self._timeout, max_retries=0)
        return self._client

    def ask(self, request: Request) -> Answer:
        """The answer to a question. Raises Unanswered, or Stopped while it waits."""
        for attempt in range(self._retries + 1):
            self._wait()
            try:
                return self._in_some_form(request)
            except _Later as later:
                if attempt == self._retries:
                    raise Unanswered(later.reason) from None
                self._pause(later, attempt)
        raise AssertionError("the last attempt returns or raises")

    def body(self, request: Request, at: int | None = None) -> dict[str, Any]:
        """The question as the server wants it, in the `at`-th form, or the one that it took last."""
        how = _forms(self._voice.max_tokens)[self._form if at is None else at]
        return {"model": self._voice.model, "messages": request.messages, **how}

    def plainer(self) -> None:
        """The next form, for the rest of the run: a batch came back because the server refuses this one."""
        self._form = min(self._form + 1, len(_forms(self._voice.max_tokens)) - 1)

    def answer(self, body: Any, request: Request) -> Answer:
        """A chat completion as an answer. Raises Unanswered for anything else."""
        try:
            message, usage = body["choices"][0]["message"], body.get("usage") or {}
            raw = message.get("content") or message.get("refusal") or ""
            counted = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
            model = body.get("model") or self._voice.model
        except (LookupError, TypeError, AttributeError):
            raise Unanswered("what it sent is no chat completion") from None
        if not isinstance(raw, str) or not isinstance(model, str):
            raise Unanswered("what it sent is no chat completion")
        raw = redacted(raw, self._key)[:LONGEST]
        own = (tokens_of(request.messages), len(raw.encode()) // 3)
        tokens = [n if isinstance(n, int) and n > 0 else mine for n, mine in zip(counted, own, strict=True)]
        return Answer(raw, redacted(model, self._key)[:200], *tokens)

    def _in_some_form(self, request: Request) -> Answer:
        """In the form that worked last, or the next that the server does not refuse."""
        import openai

        refused: Exception | None = None
        for at in range(self._form, len(_forms(self._voice.max_tokens))):
            try:
                answer = self._once(request, at)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = error
                continue
            self._form = at
            return answer
        raise Unanswered(f"the server refuses the question ({type(refused).__name__})") from None

    def _once(self, request: Request, at: int) -> Answer:
        import openai

        start = time.monotonic()
        create = self.client.chat.completions.with_streaming_response.create
        try:
            with create(**self.body(request, at)) as response:
                read = bytearray()
                for piece in response.iter_bytes():
                    read += piece
                    if len(read) > LARGEST:
                        raise Unanswered(f"it sent more than {LARGEST:,} bytes")
                    if time.monotonic() - start > self._timeout:
                        raise _Later("it took too long")
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            raise
        except openai.APIStatusError as error:
            raise _status(error) from None
        except openai.OpenAIError as error:
            raise _Later(type(error).__name__) from None  # the kind alone: a message may repeat the key
        except (Unanswered, _Later):
            raise
        except (
            Exception
        ) as error:  # of the HTTP library, in the middle of a body; which one that is, is the client's own affair
            raise _Later(type(error).__name__) from None
        try:
            return self.answer(json.loads(bytes(read)), request)
        except (ValueError, RecursionError):
            raise Unanswered("what it sent is no JSON") from None

    def _pause(self, later: _Later, attempt: int) -> None:
        """Wait as long as the server asks, all threads together; otherwise longer with each attempt."""
        if later.seconds is None:
            seconds = min(BACKOFF * 2**attempt, LONGEST_BACKOFF) * random.uniform(0.75, 1)
            self._sleep(time.monotonic() + seconds)
        elif later.seconds > PATIENCE:
            raise Unanswered(f"it asks to wait for {later.seconds / 60:.0f} minutes", final=True)
        else:
            with self._lock:
                self._not_before = max(self._not_before, time.monotonic() + later.seconds)

    def _wait(self) -> None:
        while time.monotonic() < self._not_before:
            self._sleep(self._not_before)
        if self.stopped():
            raise Stopped

    def _sleep(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            if self.stopped():
                raise Stopped
            time.sleep(min(left, 0.2))


def _forms(max_tokens: int) -> list[dict[str, Any]]:
    """From the best to the plainest: with our schema, "JSON only" by word of the prompt; and servers that know only the
    older name of the limit and refuse what they do not know.
    """
    schema = {"response_format": form()}
    new, old = {"max_completion_tokens": max_tokens}, {"max_tokens": max_tokens}
    return [schema | new, new, schema | old, old]


def _status(error: openai.APIStatusError) -> Exception:
    """What an HTTP status means for the run."""
    code = error.status_code
    if code in (401, 403):
        return Unanswered(f"it refuses the key ({code})", final=True)
    if code == 404:
        return Unanswered("it knows no such model or address (404)", final=True)
    if code == 429 and getattr(error, "code", None) == "insufficient_quota":
        return Unanswered("the account there has no money left", final=True)
    if code in (408, 409, 425, 429) or code >= 500:
        return _Later(f"HTTP {code}", retry_after(error.response.headers))
    return Unanswered(f"HTTP {code}")


def retry_after(headers: Any) -> float | None:
    """Seconds that a server asks to wait (RFC 9110, section 10.2.3: seconds or a date; and OpenAI's milliseconds)."""
    from email.utils import parsedate_to_datetime

    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name)) / unit
        except (TypeError, ValueError):
            continue
        if seconds >= 0:  # not NaN
            return seconds
    try:
        until = parsedate_to_datetime(headers.get("retry-after"))
        until = until if until.tzinfo else until.replace(tzinfo=UTC)  # the oldest form names no zone, and means GMT
        return max(0.0, until.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
