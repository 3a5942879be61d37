"""What answers cost, and when to stop asking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from render.captions.paid import Answer, Spent

PICTURE_TOKENS = 1_000
"""Of one small picture, generously; servers count it between 85 and about 1,600."""
BYTES_PER_TOKEN = 3.0
"""Of a question, on the safe side: English has four or more, figures and Korean between two and three."""
ANSWER_TOKENS = 450
"""Of an answer, for an estimate before the first one has come."""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in whatever money the budget is in. batch: the share of it that a batch costs."""

    input: float = 0.0
    output: float = 0.0
    batch: float = 0.5

    def cost(self, tokens_in: float, tokens_out: float, batch: bool = False) -> float:
        """What so many tokens cost."""
        whole = (tokens_in * self.input + tokens_out * self.output) / 1e6
        return whole * (self.batch if batch else 1.0)


def tokens_of(messages: list[dict[str, Any]]) -> int:
    """About how many tokens a question has. No tokenizer: every model has its own, and most are not known here."""
    total = 0.0
    for message in messages:
        parts = message["content"]
        for part in [{"text": parts}] if isinstance(parts, str) else parts:
            total += len(part["text"].encode()) / BYTES_PER_TOKEN if "text" in part else PICTURE_TOKENS
    return round(total) + 10


class Budget:
    """Money and tokens that a gallery's captions may take all together; None is no limit.

    A question reserves the most that it can come to before it is sent, so that several at once cannot overdraw; its
    answer's true cost takes the place of that.
    """

    def __init__(self, prices: Prices, money: float | None, tokens: int | None, spent: Spent) -> None:
        self.prices = prices
        self._money, self._tokens = money, tokens
        self._cost = spent.cost + spent.reserved_cost
        self._used = spent.tokens_in + spent.tokens_out + spent.reserved_tokens
        self._lock = threading.Lock()

    @contextmanager
    def reserve(self, tokens_in: int, tokens_out: int) -> Iterator[list[Answer] | None]:
        """None when that is more than what is left; else a list to put the answer into, which is then paid for.

        Nothing in the list when the block ends: nothing was answered, and nothing is paid.
        """
        if not self.take(tokens_in, tokens_out):
            yield None
            return
        answers: list[Answer] = []
        try:
            yield answers
        finally:
            with self._lock:
                self._add(-tokens_in, -tokens_out)
                for answer in answers:
                    self._add(answer.tokens_in, answer.tokens_out)

    def take(self, tokens_in: int, tokens_out: int, batch: bool = False) -> bool:
        """Reserve without giving back; False, and nothing is reserved, when there is not enough."""
        with self._lock:
            cost = self.prices.cost(tokens_in, tokens_out, batch)
            if self._money is not None and self._cost + cost > self._money:
                return False
            if self._tokens is not None and self._used + tokens_in + tokens_out > self._tokens:
                return False
            self._add(tokens_in, tokens_out, batch)
            return True

    def _add(self, tokens_in: int, tokens_out: int, batch: bool = False) -> None:
        self._cost += self.prices.cost(tokens_in, tokens_out, batch)
        self._used += tokens_in + tokens_out
