"""A command in a process of its own, and what it took."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

MEASURED = """
import os, sys, time
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Run(NamedTuple):
    """Seconds by the clock and of the processors, the largest resident set of its processes, and what it printed."""

    seconds: float
    cpu: float
    mib: float
    said: str = ""


def installed(root: Path) -> None:
    """Compile the checkout's package, as pip does with what it installs: otherwise, where Python is told to leave no
    bytecode behind, each start would read the sources anew.
    """
    compileall.compile_dir(root / "render", quiet=2)


def run(command: list[str], where: Path) -> Run:
    """Below a small process, because on Linux a process begins with the peak of the one that starts it.

    Raises RuntimeError with what it said when it fails.
    """
    small = [sys.executable, "-IS", "-c", MEASURED, *command]
    done = subprocess.run(small, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    *said, figures = done.stdout.strip().splitlines()
    return Run(*(float(value) for value in figures.split()), "\n".join(said))
