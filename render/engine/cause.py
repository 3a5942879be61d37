"""An error in one line that may be kept and passed on."""

from __future__ import annotations

import re

from render.errors import NonesuchError


def cause(error: BaseException) -> str:
    """An error in one line, without the paths and names of the maker's machine: it is kept in the catalogue."""
    text = " ".join(str(error).split())
    text = re.sub(r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+[/\\]", "", text)
    if isinstance(error, NonesuchError):
        return text[:300]
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
