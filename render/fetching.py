"""Fetching a weights folder from the network, when a person asks for it and at no other time.

The card comes first; it lists every other file with its sha256. Files go to a folder beside the wanted one, which takes
its name when everything was compared, so that a broken connection or a wrong file leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from render.errors import NonesuchError, UsageError, disk_is_full
from render.weights import CARD, Card, load_card

CARD_BYTES = 2**20
FILE_BYTES = 4 * 2**30
PATIENCE = 30
"""Seconds without a byte."""
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(safetensors|toml|json|csv|txt|md|png|jpg|webp|avif|npy)")
"""File names that a card may list: no folders, nothing hidden, nothing that is a program or a pickle."""
LOCAL = ("localhost", "127.0.0.1", "::1")


def fetch_weights(
    address: str,
    folder: Path,
    *,
    card_sha256: str | None = None,
    allow_http: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Card:
    """Fetch the card at `address` (its folder, or ``card.toml`` itself) and what it lists into the new `folder`.

    allow_http: also plain http, and then only from this machine. progress: called with files done and files in all.
    Raises UsageError for an address or a folder that will not do, NonesuchError for everything that goes wrong after.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists already: choose another folder or delete it first.")
    base = address.removesuffix(CARD)
    base = base if base.endswith("/") else base + "/"
    _check_address(base, allow_http)
    partial = folder.parent / f".{folder.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        card = _fetch_card(base, partial, card_sha256, allow_http)
        for done, (name, expected) in enumerate(card.sha256.items()):
            progress(done, len(card.sha256))
            found = _download(urljoin(base, name), partial / name, FILE_BYTES, allow_http)
            if found != expected:
                raise NonesuchError(f"{base}{name} is not the file that its card describes (its sha256 differs).")
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return card


def _fetch_card(base: str, folder: Path, expected: str | None, allow_http: bool) -> Card:
    found = _download(urljoin(base, CARD), folder / CARD, CARD_BYTES, allow_http)
    if expected is not None and found != expected.lower():
        raise NonesuchError(f"{base}{CARD} has the sha256 {found}, not {expected}: nothing of it was kept.")
    card = load_card(folder)
    if not any(name.endswith(".safetensors") for name in card.sha256):
        raise NonesuchError(f"{base}{CARD} lists no safetensors file: there are no weights to fetch.")
    for name in card.sha256:
        if not SAFE.fullmatch(name) or name == CARD:
            raise NonesuchError(f"{base}{CARD} lists '{name[:100]}', which is no file that weights consist of.")
    return card


def _check_address(address: str, allow_http: bool) -> None:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise UsageError(f"'{address}' is no address: {error}.") from None
    local = allow_http and parts.scheme == "http" and parts.hostname in LOCAL
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise UsageError(f"files are fetched over https, so '{address}' will not do: give an https:// address.")
    if parts.username or parts.password:
        raise UsageError("an address with a user name or password in it will not do: it would end up in logs.")


def download(address: str, target: Path, limit: int, *, allow_http: bool = False) -> None:
    """Fetch one file that a person named into `target`, at most `limit` bytes; raises as `fetch_weights` does."""
    _check_address(address, allow_http)
    _download(address, target, limit, allow_http)


class _Checked(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where one could have been sent in the first place."""

    def __init__(self, allow_http: bool) -> None:
        self.allow_http = allow_http

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _check_address(newurl, self.allow_http)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(address: str, target: Path, limit: int, allow_http: bool) -> str:
    """The file at `address` into `target`; answers with its sha256. More than `limit` bytes are refused."""
    digest, size = hashlib.sha256(), 0
    opener = urllib.request.build_opener(_Checked(allow_http))
    try:
        with opener.open(address, timeout=PATIENCE) as answer, target.open("wb") as file:
            while piece := answer.read(2**20):
                size += len(piece)
                if size > limit:
                    raise NonesuchError(f"{address} is larger than {limit:,} bytes: it was not fetched.")
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except UnicodeError:
        raise NonesuchError(f"{address} is no address: write its host and its path in plain letters.") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        if disk_is_full(error):
            raise
        reason = getattr(error, "reason", None) or error
        raise NonesuchError(f"{address} could not be fetched ({reason}): check the address and the network.") from None
    return digest.hexdigest()
