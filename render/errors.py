"""Errors that a person reads: one sentence that says what is wrong, where, and what to do.

Exit codes (the same for every command): 0 the plan is complete, 1 failed, 2 wrong use,
3 stopped early or items set aside.
"""

from __future__ import annotations

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NonesuchError(Exception):
    """Something failed that a person can mend; ``str(error)`` is the sentence to print."""

    exit_code = 1


class UsageError(NonesuchError):
    """The command or the settings were wrong; nothing was written."""

    exit_code = 2


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error says that there is no room for a file: on the disk, in a quota, or under a limit of its size."""
    return isinstance(error, OSError) and error.errno in FULL
