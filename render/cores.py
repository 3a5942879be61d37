"""How many cores there are to work with."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores that this process may use: a container or `taskset` often gives it fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


MOST_ENCODERS = 8


def encoder_threads() -> int:
    """Threads that encode pictures while others are drawn; `benchmarks/night.py --split` tries others."""
    return min(MOST_ENCODERS, cores())
