"""How many pictures a batch holds: found by measurement on a GPU, lowered when memory runs out, and remembered.

What was found is kept in ``.nonesuch/batches.json`` for every device, model and number format; delete the file to have
it found again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

FILE = "batches.json"
LARGEST = 512
GAIN = 1.05
"""A batch twice as large must make pictures so much faster to be worth its memory."""
Word = Literal["measured", "fits", "lanes", "threads"]


class Batches:
    """The file. It is a cache: where it cannot be read or written, things are measured once more."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known: dict[str, dict[str, int]] = {}
        if file is not None:
            with suppress(OSError, ValueError, TypeError, AttributeError):
                stored = json.loads(file.read_text(encoding="utf-8"))
                self._known = {
                    str(key): {word: size for word, size in sizes.items() if isinstance(size, int) and size >= 1}
                    for key, sizes in stored.items()
                }

    def get(self, key: str, word: Word) -> int | None:
        """What was found: the best size, the largest that fits, or a part of the best split (`render.engine.split`)."""
        return self._known.get(key, {}).get(word)

    def keep(self, key: str, word: Word, size: int) -> None:
        """Remember it, for this run and for later ones."""
        self._known.setdefault(key, {})[word] = size
        if self._file is None:
            return
        temporary = self._file.with_name(f".{self._file.name}")
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._known, indent=1, sort_keys=True), encoding="utf-8")
            temporary.replace(self._file)


def best_batch(seconds: Callable[[int], float | None], smallest: int = 4, largest: int = LARGEST) -> int:
    """The smallest batch beyond which twice as many pictures at once are hardly faster.

    seconds(n): of a batch of n pictures, after a first one; None when it does not fit into memory.
    """
    best, size = smallest, smallest
    rate = 0.0
    while size <= largest:
        took = seconds(size)
        if took is None or size / took < GAIN * rate:
            break
        best, rate = size, size / took
        size *= 2
    return best
