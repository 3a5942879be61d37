"""Questions sent as a batch, at a share of the price: answered within a day, and taken up by a later run.

Until then pages have the facts' texts. A batch is written down before it is sent, under a name of ours that goes with
it: a run that is killed between sending and noting finds its batch on the server again, and pays nothing twice.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from render.captions.budget import Budget, tokens_of
from render.captions.connection import LARGEST, Unanswered
from render.captions.dialogue import Request
from render.captions.paid import Batch
from render.captions.server import ServerCaptioner
from render.captions.texts import Observation, Texts, never

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)
MOST_QUESTIONS, MOST_BYTES = 5_000, 90_000_000
"""In one batch; OpenAI takes ten times as many questions and twice as many bytes."""
OVER = ("completed", "expired", "cancelled", "failed")
ENDPOINT: Final = "/v1/chat/completions"
LOOKED_THROUGH = 200
"""Batches on the server, the newest first, among which a lost one is looked for."""


class BatchCaptioner(ServerCaptioner):
    """Takes up what earlier batches brought, and sends what is still to be asked as new ones."""

    def each(
        self, observations: Iterable[Observation], stopped: Callable[[], bool] = never
    ) -> Iterator[tuple[Observation, Texts]]:
        """Texts for each observation: the model's where its answer has come, the facts' meanwhile."""
        if self.closed is None:
            self._collect()
        questions: list[Request] = []
        for observation in observations:
            if stopped():
                break
            found = self.advance(observation)
            if isinstance(found, Request):
                yield observation, self._later(observation, found, questions)
            else:
                yield observation, found
        if questions:
            self._send_all(questions)

    def _later(self, observation: Observation, request: Request, questions: list[Request]) -> Texts:
        """The facts' texts for now; the question joins those to send, unless it is under way or costs too much."""
        if self.closed is None and not self.paid.under_way(request.key):
            if self.budget.take(tokens_of(request.messages), self.voice.max_tokens, batch=True):
                questions.append(request)
            else:
                self.leave("budget", "the budget for captions is spent: the rest come from the reviewed facts")
        why = self.closed or "batch"
        self.count(f"from the facts for now ({why})")
        return self.fallback(observation, why)

    def _collect(self) -> None:
        """Take up the answers of every batch that is over."""
        import openai

        for batch in self.paid.open_batches():
            try:
                self._take_up(batch)
            except openai.NotFoundError:
                self.paid.end_batch(batch.tag, "not found")
                log.warning("A batch of captions is not on the server any more; its questions are asked again.")
            except (openai.OpenAIError, Unanswered) as error:
                why = error.reason if isinstance(error, Unanswered) else type(error).__name__
                log.warning("A batch of captions could not be looked at (%s); the next run tries again.", why)
        self.budget = Budget(self.terms.prices, self.terms.budget, self.terms.budget_tokens, self.paid.spent())

    def _take_up(self, batch: Batch) -> None:
        client = self.connection.client
        identity = batch.id or self._found_again(batch.tag)
        if identity is None:
            self.paid.end_batch(batch.tag, "never sent")
            return
        there = client.batches.retrieve(identity)
        if there.status not in OVER:
            return
        asked = self.paid.asked(batch.tag)
        files = [file for file in (there.output_file_id, there.error_file_id) if file]
        statuses = {self._keep(line, asked, batch.tag) for file in files for line in self._lines(client, file)}
        if statuses & {400, 422}:
            self.connection.plainer()
        self.paid.end_batch(batch.tag, there.status)
        if there.status != "completed":
            log.warning("A batch of captions ended as '%s'; what it did not answer is asked again.", there.status)

    def _found_again(self, tag: str) -> str | None:
        """The server's name of a batch that was sent by a run that did not live to note it."""
        for number, there in enumerate(self.connection.client.batches.list(limit=100)):
            if number >= LOOKED_THROUGH:
                break
            if (there.metadata or {}).get("nonesuch") == tag:
                self.paid.confirmed(tag, there.id)
                return there.id
        return None

    def _lines(self, client: openai.OpenAI, file: str) -> Iterator[Any]:
        """The JSON lines of a file on the server; what is none, or too long for an answer, is passed over."""
        with client.files.with_streaming_response.content(file) as response:
            waiting = b""
            for piece in _unbroken(response.iter_bytes()):
                *lines, waiting = (waiting + piece).split(b"\n")
                yield from (found for line in lines if (found := _json(line)) is not None)
                waiting = waiting[: LARGEST + 1]
        if (found := _json(waiting)) is not None:
            yield found

    def _keep(self, line: Any, asked: dict[str, str], tag: str) -> int | None:
        """Keep one answer of a batch, if it is one to a question of it; its HTTP status."""
        try:
            key, response = line["custom_id"], line.get("response") or {}
            exhibit = asked[key]
            status = response["status_code"]
        except (LookupError, TypeError, AttributeError):
            return None
        if not isinstance(status, int) or status != 200:
            log.warning("%s was not answered in its batch (%s).", exhibit, status if isinstance(status, int) else "?")
            return status if isinstance(status, int) else None
        try:
            answer = self.connection.answer(response.get("body"), Request(key, [], exhibit))
        except Unanswered:
            return None
        cost = self.terms.prices.cost(answer.tokens_in, answer.tokens_out, batch=True)
        self.paid.keep(key, exhibit, answer, cost, batch=tag)
        return status

    def _send_all(self, questions: list[Request]) -> None:
        import openai

        for some in _parts(questions, self.connection.body):
            try:
                self._send(some)
            except openai.OpenAIError as error:
                log.warning(
                    "A batch of captions could not be sent (%s); the next run tries again.", type(error).__name__
                )
                return
            self.count("questions sent in a batch", len(some))

    def _send(self, questions: Sequence[tuple[Request, bytes]]) -> None:
        """Note the batch, send it, note the server's name for it."""
        tag = secrets.token_hex(16)
        tokens_in = sum(tokens_of(request.messages) for request, _ in questions)
        tokens_out = self.voice.max_tokens * len(questions)
        cost = self.terms.prices.cost(tokens_in, tokens_out, batch=True)
        asked = [(request.key, request.exhibit) for request, _ in questions]
        self.paid.begin_batch(Batch(tag, None, tokens_in + tokens_out, cost), asked)
        client = self.connection.client
        lines = b"".join(line for _, line in questions)
        file = client.files.create(file=("captions.jsonl", lines), purpose="batch")
        there = client.batches.create(
            input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", metadata={"nonesuch": tag}
        )
        self.paid.confirmed(tag, there.id)


def _unbroken(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a file. Raises Unanswered where the line breaks: the client leaves that to its HTTP library's own
    kinds of errors.
    """
    try:
        yield from pieces
    except Exception as error:
        raise Unanswered(type(error).__name__) from None


def _json(line: bytes) -> Any:
    if len(line) > LARGEST:
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _parts(
    questions: Iterable[Request], body: Callable[[Request], dict[str, Any]]
) -> Iterator[list[tuple[Request, bytes]]]:
    """Questions with their lines, in parts that a server takes as one file."""
    part: list[tuple[Request, bytes]] = []
    size = 0
    for request in questions:
        asked = {"custom_id": request.key, "method": "POST", "url": ENDPOINT, "body": body(request)}
        line = json.dumps(asked).encode() + b"\n"
        if part and (len(part) == MOST_QUESTIONS or size + len(line) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append((request, line))
        size += len(line)
    if part:
        yield part
