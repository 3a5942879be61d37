"""Telling somebody that a night is over: the report, posted to the address in ``NONESUCH_WEBHOOK``.

Such an address is often a secret itself, so it comes from the environment, and nothing that is said or kept names more
of it than its host. Nothing is posted unless it is set.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from typing import IO, Any
from urllib.parse import urlsplit

VARIABLE = "NONESUCH_WEBHOOK"
PATIENCE = 20
"""Seconds."""
LOCAL = ("localhost", "127.0.0.1", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The report goes where the maker said, and nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:  # fmt: skip
        return None


def tell(report: dict[str, Any]) -> str | None:
    """Post the report, if anybody asked for it; returns a sentence about what went wrong, or None."""
    address = os.environ.get(VARIABLE, "")
    if not address:
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return f"{VARIABLE} is no address: nobody was told."
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL):
        return f"{VARIABLE} must begin with https:// (http:// only for this machine): nobody was told."
    body = json.dumps(report).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json", "User-Agent": "nonesuch"})
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=PATIENCE):
            return None
    except urllib.error.HTTPError as error:
        return f"{host} did not take the report (HTTP {error.code}): nobody was told."
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"the report could not be posted to {host} ({type(error).__name__}): nobody was told."
