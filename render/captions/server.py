"""Texts from an OpenAI-compatible server, checked; the facts captioner takes over wherever that fails."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from render.captions.budget import Budget, Prices, tokens_of
from render.captions.compose import FactsCaptioner
from render.captions.connection import Connection, Stopped, Unanswered
from render.captions.dialogue import Refusal, Request, Voice, proceed
from render.captions.paid import Paid
from render.captions.texts import Awaits, Observation, Texts, never

log = logging.getLogger(__name__)
FAILURES_IN_A_ROW = 3  # after so many the server is left alone for the rest of the run


@dataclass(frozen=True)
class Terms:
    """How a server is treated, and what it may cost. needs_key: whether nobody is called without one."""

    prices: Prices = field(default_factory=Prices)
    budget: float | None = None
    budget_tokens: int | None = None
    concurrency: int = 4
    timeout: float = 60.0
    retries: int = 3
    needs_key: bool = True


class ServerCaptioner:
    """Asks a model for each exhibit's texts; every reply is data until `dialogue.proceed` has passed it.

    One object is one run: once the server has failed too often in a row, or the budget is spent, or when there is no
    key, it is left alone for as long as the object lives, and that is said once.
    """

    remote = True

    def __init__(self, voice: Voice, paid: Paid, key: tuple[SecretStr | None, str], terms: Terms | None = None) -> None:
        self.voice, self.paid, self.terms = voice, paid, terms or Terms()
        self._key, self._keyless = key
        self._facts = FactsCaptioner(voice.language, voice.style)
        self.budget = Budget(self.terms.prices, self.terms.budget, self.terms.budget_tokens, paid.spent())
        self.connection = Connection(voice, self._key, self.terms.timeout, self.terms.retries)
        self.tally: Counter[str] = Counter()
        self._failures = 0  # in a row
        self.closed: Awaits | None = None  # why nobody is asked any more
        self._lock = threading.Lock()
        if self._key is None and self.terms.needs_key:
            self.leave(
                "key", f"{self._keyless}, so {voice.model} is not called and captions come from the reviewed facts"
            )

    def write(self, observations: Sequence[Observation]) -> list[Texts]:
        """Texts for each observation, in order; `Texts.author` says who wrote each."""
        found = {observation.id: texts for observation, texts in self.each(observations)}
        return [found[observation.id] for observation in observations]

    def each(
        self, observations: Iterable[Observation], stopped: Callable[[], bool] = never
    ) -> Iterator[tuple[Observation, Texts]]:
        """Texts as they come, a few questions at once; after a stop those that are under way are waited for."""
        work: queue.SimpleQueue[Observation | None] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[Observation, Texts | Exception | None]] = queue.SimpleQueue()
        over = threading.Event()
        self.connection.stopped = lambda: stopped() or over.is_set()
        # daemons: a person who stops twice does not wait for a server
        threads = [
            threading.Thread(target=self._work, args=(work, done), daemon=True) for _ in range(self.terms.concurrency)
        ]
        for thread in threads:
            thread.start()
        try:
            waiting, under_way = iter(observations), 0
            while True:
                while under_way < len(threads) and not stopped() and (one := next(waiting, None)) is not None:
                    work.put(one)
                    under_way += 1
                if not under_way:
                    return
                observation, texts = done.get()
                under_way -= 1
                if isinstance(texts, Exception):
                    raise texts
                if texts is not None:
                    yield observation, texts
        finally:
            over.set()
            for _ in threads:
                work.put(None)

    def summary(self) -> str | None:
        """What came of the run, in a sentence; None when nobody was to be asked."""
        if not self.tally:
            return None
        spent = self.paid.spent()
        parts = [f"{count:,} {what}" for what, count in self.tally.items()]
        if not spent.answers:
            return f"captions: {', '.join(parts)}."
        cost = f", {spent.cost:.2f} in money" if spent.cost else ""
        tokens = f"{spent.tokens_in:,} tokens in and {spent.tokens_out:,} out"
        return f"captions: {', '.join(parts)}; this gallery's answers so far took {tokens}{cost}."

    def fallback(self, observation: Observation, awaits: Awaits | None = None) -> Texts:
        """The texts from the facts, with what they stand in for."""
        (ours,) = self._facts.write([observation])
        return replace(ours, awaits=awaits)

    def _work(
        self,
        work: queue.SimpleQueue[Observation | None],
        done: queue.SimpleQueue[tuple[Observation, Texts | Exception | None]],
    ) -> None:
        while (observation := work.get()) is not None:
            try:
                done.put((observation, self._one(observation)))
            except Stopped:
                done.put((observation, None))
            except Exception as error:  # a defect of ours belongs to the thread that can report it
                done.put((observation, error))

    def advance(self, observation: Observation) -> Texts | Request:
        """The model's texts, the facts' where both its answers were refused, or the question to ask next."""
        ours = self.fallback(observation)
        move = proceed(observation, ours, self.voice, self.paid.answered)
        if isinstance(move, Texts):
            self.count(f"written by {self.voice.model}")
        if not isinstance(move, Refusal):
            return move
        log.warning("%s keeps the texts from the facts: %s.", observation.designation, move.reason)
        self.count("kept from the facts because the reply was refused")
        return ours

    def _one(self, observation: Observation) -> Texts:
        """The model's texts, or ours where it is left alone, fails, or is refused."""
        while isinstance(move := self.advance(observation), Request):
            if (closed := self.closed or self._ask(move)) is not None:
                self.count(f"from the facts for now ({closed})")
                return self.fallback(observation, closed)
        return move

    def _ask(self, request: Request) -> Awaits | None:
        """Get one answer into the file; why that was not possible, if it was not."""
        with self.budget.reserve(tokens_of(request.messages), self.voice.max_tokens) as answers:
            if answers is None:
                return self.leave("budget", "the budget for captions is spent: the rest come from the reviewed facts")
            try:
                answer = self.connection.ask(request)
            except Unanswered as problem:
                return self._failed(request, problem)
            answers.append(answer)
            cost = self.budget.prices.cost(answer.tokens_in, answer.tokens_out)
            self.paid.keep(request.key, request.exhibit, answer, cost)
        with self._lock:
            self._failures = 0
        return None

    def _failed(self, request: Request, problem: Unanswered) -> Awaits:
        log.warning("%s keeps the texts from the facts: %s.", request.exhibit, problem.reason)
        with self._lock:
            self._failures += 1
            failures = self._failures
        if problem.final:
            self.leave("server", f"{self.voice.model} is not asked again in this run: {problem.reason}")
        elif failures >= FAILURES_IN_A_ROW:
            self.leave("server", f"{self.voice.model} failed {failures} times in a row and is not asked again")
        return "server"

    def leave(self, why: Awaits, sentence: str) -> Awaits:
        """Nobody is asked from now on; said once."""
        with self._lock:
            said, self.closed = self.closed is not None, self.closed or why
        if not said:
            log.warning("%s.", sentence)
        return self.closed

    def count(self, what: str, items: int = 1) -> None:
        """For the summary."""
        with self._lock:
            self.tally[what] += items
