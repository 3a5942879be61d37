"""``captions.sqlite``: every answer of a model that was paid for, and every batch that is under way.

An answer is durable here before anything is made of it, so a run that is killed pays for none twice. The file lies
beside the catalogue, and outlives it: deleting it costs money and nothing else. It holds what was answered, by which
model, with how many tokens, and never the key.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from render.errors import NonesuchError

FILE = "captions.sqlite"
APPLICATION_ID = 0x4E4F4E43
"""'NONC': marks the file as ours in its header."""
VERSION = 1
SCHEMA = """
CREATE TABLE answers (
  key         TEXT PRIMARY KEY,
  exhibit     TEXT NOT NULL,
  model       TEXT NOT NULL,
  at          TEXT NOT NULL,
  raw         TEXT NOT NULL,
  tokens_in   INTEGER NOT NULL,
  tokens_out  INTEGER NOT NULL,
  cost        REAL NOT NULL,
  batch       TEXT
) STRICT;
CREATE TABLE batches (
  tag      TEXT PRIMARY KEY,
  id       TEXT UNIQUE,
  at       TEXT NOT NULL,
  open     INTEGER NOT NULL,
  tokens   INTEGER NOT NULL,
  cost     REAL NOT NULL,
  outcome  TEXT
) STRICT;
CREATE TABLE questions (
  key      TEXT PRIMARY KEY,
  tag      TEXT NOT NULL REFERENCES batches (tag) ON DELETE CASCADE,
  exhibit  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Answer:
    """What a server said. model: as it names itself; tokens: as it counts them, or our estimate where it does not."""

    raw: str
    model: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class Batch:
    """Questions that are answered within a day. tag: our name for it; id: the server's, None until it has confirmed."""

    tag: str
    id: str | None
    tokens: int
    cost: float


@dataclass(frozen=True)
class Spent:
    """Of all answers so far, and of what is under way in batches."""

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    reserved_tokens: int = 0
    reserved_cost: float = 0.0


class Paid:
    """The file; it may be used from several threads. path None keeps everything in memory."""

    def __init__(self, path: Path | None, read_only: bool = False) -> None:
        self._lock = threading.Lock()
        name = ":memory:" if path is None else f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        try:
            self._db = sqlite3.connect(name, uri=True, check_same_thread=False, isolation_level=None)
            self._prepare(path, read_only)
        except sqlite3.DatabaseError as error:
            raise NonesuchError(
                f"{path} cannot be opened ({error}): it holds the answers that were paid for; "
                "restore it, or move it away."
            ) from None

    def _prepare(self, path: Path | None, read_only: bool) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        if version == 0 and mark == 0 and not read_only:
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(
                f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {SCHEMA} COMMIT;"
            )
        elif (mark, version) != (APPLICATION_ID, VERSION):
            self._db.close()
            raise NonesuchError(f"{path} is not a file of this version of nonesuch: move it away, or update.")
        self._db.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _use(self) -> Iterator[None]:
        """One thread at a time; what SQLite complains about is told in a sentence."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise NonesuchError(
                    f"{FILE} cannot be used ({error}): make room, or restore it, and run again."
                ) from None

    def close(self) -> None:
        """Let go of the file; everything in it is durable already."""
        self._db.close()

    def answered(self, key: str) -> str | None:
        """The raw answer to a question."""
        with self._use():
            found = self._db.execute("SELECT raw FROM answers WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def keep(self, key: str, exhibit: str, answer: Answer, cost: float, batch: str | None = None) -> None:
        """Keep an answer; durable when this returns. The first answer to a question stays."""
        row = (key, exhibit, answer.model, _now(), answer.raw, answer.tokens_in, answer.tokens_out, cost, batch)
        with self._use():
            self._db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def answers(self) -> Iterator[tuple[str | int | float | None, ...]]:
        """Every answer, as its row."""
        with self._use():
            rows = self._db.execute("SELECT * FROM answers ORDER BY key").fetchall()
        yield from rows

    def join(self, others: Paid) -> int:
        """Take up another gallery's answers; returns how many were new. What was paid for twice counts twice.

        Two answers to one question are both kept, the first as its answer: the other under a key that no question has.
        """
        new = 0
        for key, exhibit, model, at, raw, *rest in others.answers():
            mine = self.answered(str(key))
            name = key if mine in (None, raw) else f"{key} {hashlib.sha256(str(raw).encode()).hexdigest()[:16]}"
            row = (name, exhibit, model, at, raw, *rest)
            with self._use():
                done = self._db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            new += done.rowcount
        return new

    def spent(self) -> Spent:
        """What was spent in this gallery so far, and what the batches under way may come to."""
        with self._use():
            answers = self._db.execute(
                "SELECT count(*), ifnull(sum(tokens_in), 0), ifnull(sum(tokens_out), 0), ifnull(sum(cost), 0.0) "
                "FROM answers"
            ).fetchone()
            under_way = self._db.execute(
                "SELECT ifnull(sum(tokens), 0), ifnull(sum(cost), 0.0) FROM batches WHERE open"
            ).fetchone()
        return Spent(*answers, *under_way)

    def mean(self) -> tuple[float, float] | None:
        """Tokens in and out of an answer on average, or None when there are none."""
        with self._use():
            count, given, made = self._db.execute(
                "SELECT count(*), avg(tokens_in), avg(tokens_out) FROM answers"
            ).fetchone()
        return (given, made) if count else None

    def begin_batch(self, batch: Batch, questions: Iterable[tuple[str, str]]) -> None:
        """Write a batch down before it is sent: (key, exhibit) of each question. Durable when this returns."""
        with self._use(), closing(self._db.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                row = (batch.tag, _now(), batch.tokens, batch.cost)
                cursor.execute("INSERT INTO batches (tag, at, open, tokens, cost) VALUES (?, ?, 1, ?, ?)", row)
                asked = ((key, batch.tag, exhibit) for key, exhibit in questions)
                cursor.executemany("INSERT OR REPLACE INTO questions VALUES (?, ?, ?)", asked)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def confirmed(self, tag: str, identity: str) -> None:
        """The server has a batch, and calls it so."""
        with self._use():
            self._db.execute("UPDATE batches SET id = ? WHERE tag = ?", (identity, tag))

    def end_batch(self, tag: str, outcome: str) -> None:
        """Nothing more comes from a batch; what it did not answer may be asked again."""
        with self._use():
            self._db.execute("UPDATE batches SET open = 0, outcome = ? WHERE tag = ?", (outcome, tag))
            self._db.execute("DELETE FROM questions WHERE tag = ?", (tag,))

    def open_batches(self) -> list[Batch]:
        """Those that may still bring answers, the oldest first."""
        with self._use():
            rows = self._db.execute("SELECT tag, id, tokens, cost FROM batches WHERE open ORDER BY at, tag").fetchall()
        return [Batch(*row) for row in rows]

    def asked(self, tag: str) -> dict[str, str]:
        """The exhibits of a batch's questions, by key."""
        with self._use():
            return dict(self._db.execute("SELECT key, exhibit FROM questions WHERE tag = ?", (tag,)).fetchall())

    def under_way(self, key: str) -> bool:
        """Whether a question is in an open batch."""
        with self._use():
            return self._db.execute("SELECT 1 FROM questions WHERE key = ?", (key,)).fetchone() is not None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
