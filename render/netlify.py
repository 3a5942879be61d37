"""Netlify's deploy API, by file digests: tell the sha1 of every file, send those that the host has not.

https://docs.netlify.com/api/get-started/#file-digest-method. The token is read from the environment only.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from render.config import Gallery
from render.errors import NonesuchError, UsageError
from render.hosts import walk
from render.publish import ready

API = "https://api.netlify.com/api/v1"
TOKEN, SITE = "NETLIFY_AUTH_TOKEN", "NETLIFY_SITE_ID"
PATIENCE = 60
"""Seconds without an answer."""
PAUSE, PREPARING = 1.0, 600
"""Seconds between two looks at a deploy that compares its files, and how many looks."""


def to_netlify(
    gallery: Gallery,
    site: str | None = None,
    *,
    draft: bool = False,
    api: str = API,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Deploy the site; returns the address at which it stands.

    site: the site's id or its domain; from the environment when left out. draft: only under an address of its own.
    """
    token, site = os.environ.get(TOKEN, ""), site or os.environ.get(SITE, "")
    if not token:
        raise UsageError(f"set {TOKEN} to a personal access token of Netlify's; it is never written anywhere.")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", site):
        raise UsageError(f"say which site: give its id or domain with --site, or set {SITE}.")
    with ready(gallery, "netlify") as public:
        digests = {f"/{path}": sha1(public / path) for path, _ in walk(public)}
        body = json.dumps({"files": digests, "draft": draft, "async": True}).encode()
        deploy = call(f"{api}/sites/{site}/deploys", token, "POST", body, "application/json")
        for _ in range(PREPARING):
            if deploy.get("state") != "preparing":
                break
            time.sleep(PAUSE)
            deploy = call(f"{api}/deploys/{deploy['id']}", token, "GET")
        else:
            raise NonesuchError("Netlify still compares the files after ten minutes: publish again later.")
        if deploy.get("state") == "error":
            raise NonesuchError(f"Netlify refused the deploy: {deploy.get('error_message') or 'it does not say why'}.")
        wanted = set(deploy.get("required") or [])
        missing = {digest: path for path, digest in digests.items() if digest in wanted}  # each content once
        for done, path in enumerate(missing.values(), start=1):
            address = f"{api}/deploys/{deploy['id']}/files{quote(path)}"
            call(address, token, "PUT", (public / path[1:]).read_bytes(), "application/octet-stream")
            progress(done, len(missing))
    return str(deploy.get("deploy_ssl_url" if draft else "ssl_url") or deploy.get("url") or site)


def sha1(path: Path) -> str:
    """Netlify's name for a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def call(address: str, token: str, method: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
    """One request; NonesuchError says what the host answered."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "nonesuch"} | ({"Content-Type": kind} if kind else {})
    request = urllib.request.Request(address, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        why = {401: "the token is not accepted", 404: "there is no such site"}.get(error.code, f"it says {error.code}")
        raise NonesuchError(
            f"Netlify refused: {why}. What was sent is kept there; run the same command again."
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NonesuchError(f"Netlify could not be reached: {error}. Run the same command again.") from None
