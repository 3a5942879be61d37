"""From a gallery's settings to the captioner that asks a server."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from render.captions.budget import ANSWER_TOKENS, Prices, tokens_of
from render.captions.compose import FactsCaptioner
from render.captions.dialogue import Request, Voice, proceed
from render.captions.key import find_key
from render.captions.paid import FILE, Paid
from render.captions.server import ServerCaptioner, Terms
from render.captions.texts import Observation


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
    from render.captions.batches import BatchCaptioner

    kind = BatchCaptioner if settings.batch else ServerCaptioner
    return kind(voice(settings), Paid(folder / FILE), find_key(folder), terms(settings))


def forecast(settings: Any, folder: Path, observations: Iterable[Observation]) -> list[str]:
    """How many questions these exhibits come to and about what they cost, in sentences; nobody is asked."""
    who, what = voice(settings), terms(settings)
    paid = Paid(folder / FILE, read_only=True) if (folder / FILE).is_file() else Paid(None)
    ours = FactsCaptioner(who.language, who.style)
    tokens = answered = 0
    questions: list[Request] = []
    for observation, texts in ours.each(observations):
        move = proceed(observation, texts, who, paid.answered)
        if isinstance(move, Request) and not paid.under_way(move.key):
            questions.append(Request(move.key, [], move.exhibit))
            tokens += tokens_of(move.messages)
        else:
            answered += 1
    mean, spent = paid.mean(), paid.spent()
    out = round((mean[1] if mean else ANSWER_TOKENS) * len(questions))
    basis = "as its answers so far" if mean else f"{ANSWER_TOKENS} tokens an answer"
    told = [
        f"{len(questions):,} questions to {who.model}, {answered:,} answered or under way already.",
        f"About {tokens:,} tokens in and {out:,} out ({basis}; a refused answer doubles its question).",
    ]
    if settings.prices:
        cost = what.prices.cost(tokens, out, settings.batch)
        told.append(
            f"About {cost:.2f} in money{' as a batch' if settings.batch else ''}; spent so far: {spent.cost:.2f}."
        )
    else:
        told.append("What that costs is not known: captions.prices is not set.")
    return told
