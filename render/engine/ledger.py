"""The ledger: where the time of a run went, and from it, how long the rest will take.

A run's ledger is kept in the catalogue. Stages hold wall-clock seconds and how many items they handled; parts hold
seconds inside a stage ("network", "waiting for the encoders"), and those of threads overlap the stage's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass
class Account:
    """Seconds and items of one stage or one part of it."""

    seconds: float = 0.0
    items: int = 0


@dataclass
class Ledger:
    """Accounts by stage, and by stage and part."""

    stages: dict[str, Account] = field(default_factory=dict)
    parts: dict[str, dict[str, Account]] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[Account]:
        """Times a stage, also one that ends in an error: that time went somewhere too."""
        account = self.stages.setdefault(name, Account())
        self._since[name] = time.perf_counter()
        try:
            yield account
        finally:
            account.seconds += time.perf_counter() - self._since.pop(name)

    @contextmanager
    def part(self, stage: str, name: str, items: int = 0) -> Iterator[None]:
        """Times a part of a stage; may be called from any thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, name, time.perf_counter() - start, items)

    def add(self, stage: str, name: str, seconds: float, items: int = 0) -> None:
        """Adds to a part's account."""
        with self._lock:
            account = self.parts.setdefault(stage, {}).setdefault(name, Account())
            account.seconds += seconds
            account.items += items

    def as_json(self) -> dict[str, Any]:
        """What the catalogue keeps: ``{stage: {seconds, items, parts: {name: {seconds, items}}}}``; a stage that is
        under way with its seconds so far.
        """
        now = time.perf_counter()
        with self._lock:
            return {
                stage: {
                    **_plain(account, now - self._since.get(stage, now)),
                    "parts": {name: _plain(part) for name, part in self.parts.get(stage, {}).items()},
                }
                for stage, account in self.stages.items()
            }


def _plain(account: Account, more: float = 0.0) -> dict[str, float | int]:
    return {"seconds": round(account.seconds + more, 3), "items": account.items}


def pace(accounts: Iterable[Mapping[str, Any]], name: str) -> float | None:
    """Seconds an item, from the first of these (the newest run) that did something under that name; None where none
    did.
    """
    for one in accounts:
        account = one.get(name)
        if account and account["items"]:
            return float(account["seconds"] / account["items"])
    return None


def seconds_for(work: Mapping[str, int], ledgers: Iterable[Mapping[str, Any]]) -> float | None:
    """How long `work` (items by stage) takes at the pace of earlier runs, or None when a stage was never timed.

    ledgers: as the catalogue keeps them, newest first; a stage's pace is that of the newest run that did something in
    it.
    """
    known = list(ledgers)
    total = 0.0
    for stage, items in work.items():
        if items == 0:
            continue
        each = pace(known, stage)
        if each is None:
            return None
        total += items * each
    return total


def spoken(seconds: float) -> str:
    """A duration as a person says it: ``40 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
