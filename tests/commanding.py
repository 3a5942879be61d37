"""The command in this process, as a person would give it: a process of its own takes seconds only to import torch."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

from render.cli import run


@dataclass(frozen=True)
class Said:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def nonesuch(*words: object) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return Said(code, out.getvalue(), err.getvalue())
