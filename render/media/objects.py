"""The media store in an object store that speaks S3, through s3fs (the extra ``s3``).

An object stands under its key only when it was uploaded whole: a small file in one request, a long film in parts that
become an object when the last one is there. So the promise is the folder's: upload, then row. What the server answers
with 500 or 503 is asked again, more slowly each time. Keys and the server's address come from the environment, as every
program for S3 reads them, and are written nowhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from render.errors import NonesuchError
from render.media.store import KEY, USERS, Store, key_of

T = TypeVar("T")
LOCATION = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[A-Za-z0-9._-]+)*)/?")
PART = 8 * 2**20
"""Bytes of a part; files of twice as many or more go in parts. S3 wants at least 5 MiB."""
ATTEMPTS = 10
STALE = timedelta(days=1)
"""Uploads that were begun so long ago are a killed run's; a younger one may be another machine's."""
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class ObjectStore(Store):
    """Media in a bucket, below a prefix. location: ``s3://bucket/prefix``. Safe to use from several threads."""

    local = False

    def __init__(self, location: str) -> None:
        found = LOCATION.fullmatch(location)
        if found is None:
            raise NonesuchError("store, location: expected s3://bucket or s3://bucket/folder, without keys in it.")
        self.bucket, self._prefix = found["bucket"], found["prefix"].strip("/")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self._prefix}".rstrip("/")

    def put(self, data: bytes, suffix: str, durable: bool = True) -> str:
        key = key_of(data, suffix)
        self._asked("write to", lambda files: files.pipe_file(self._object(key), data, chunksize=PART))
        return key

    def take(self, source: Path, suffix: str) -> tuple[str, str]:
        data = source.read_bytes()
        key = self.put(data, suffix)
        source.unlink()
        return key, hashlib.sha256(data).hexdigest()

    def probe(self) -> None:
        name = f".part-{os.urandom(8).hex()}"
        there = "/".join(part for part in (self.bucket, self._prefix, name) if part)

        def tried(files: Any) -> None:
            files.pipe_file(there, b"")
            files.rm_file(there)

        self._asked("write to", tried)

    def path(self, key: str) -> Path:
        raise NonesuchError(f"{self._checked(key)} lies in {self}, which is no folder of this machine.")

    def read(self, key: str) -> bytes:
        there = self._object(key)
        try:
            return bytes(self._asked("read from", lambda files: files.cat_file(there)))
        except FileNotFoundError:
            raise NonesuchError(
                f"{self}/{key} is missing; `nonesuch check --mend` has its exhibit made again."
            ) from None

    def exists(self, key: str) -> bool:
        there = self._object(key)
        return bool(self._asked("read from", lambda files: files.exists(there)))

    def size(self, key: str) -> int:
        there = self._object(key)
        return int(self._asked("read from", lambda files: files.info(there))["size"])

    def delete(self, key: str) -> None:
        there = self._object(key)
        try:
            self._asked("write to", lambda files: files.rm_file(there))
        except FileNotFoundError:
            return

    def keys(self) -> Iterator[str]:
        root = "/".join(part for part in (self.bucket, self._prefix) if part)
        for name in sorted(self._asked("read from", lambda files: files.find(root))):
            key = name.removeprefix(f"{root}/")
            if KEY.fullmatch(key):
                yield key

    def leftovers(self) -> list[Path]:
        """Films whose upload was begun more than a day ago and never ended, by key."""
        return [Path(upload["Key"]) for upload in self._stale()]

    def users(self) -> dict[str, bytes]:
        root = "/".join(part for part in (self.bucket, self._prefix, USERS) if part)
        names = self._asked("read from", lambda files: files.find(root))
        return {name.rpartition("/")[2]: self._asked("read from", partial(_cat, name)) for name in names}

    def enlist(self, name: str, note: bytes) -> None:
        there = self._user(name)
        if not self._asked("read from", lambda files: files.exists(there)):
            self._asked("write to", lambda files: files.pipe_file(there, note))

    def strike(self, name: str) -> None:
        there = self._user(name)
        self._asked("write to", lambda files: files.rm_file(there))

    def _user(self, name: str) -> str:
        return "/".join(part for part in (self.bucket, self._prefix, USERS, name) if part)

    def sweep(self, older: float = 0) -> int:
        """Give up such uploads: their parts are paid for."""
        found = self._stale()
        for upload in found:
            self._asked("write to", partial(self._abort, upload))
        return len(found)

    def _abort(self, upload: dict[str, Any], files: Any) -> None:
        named = {"Bucket": self.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        files.call_s3("abort_multipart_upload", **named)

    def _stale(self) -> list[dict[str, Any]]:
        listed = {"Bucket": self.bucket, "Prefix": f"{self._prefix}/" if self._prefix else ""}
        answer = self._asked("read from", lambda files: files.call_s3("list_multipart_uploads", **listed))
        before = datetime.now(UTC) - STALE
        return [upload for upload in answer.get("Uploads", []) if upload["Initiated"] < before]

    def _object(self, key: str) -> str:
        return "/".join(part for part in (self.bucket, self._prefix, self._checked(key)) if part)

    def _checked(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise NonesuchError(f"'{key}' is no key of the media store.")
        return key

    @cached_property
    def _files(self) -> Any:
        try:
            import s3fs
        except ImportError:
            raise NonesuchError(
                "media in an object store need s3fs: install it with `pip install 'nonesuch[s3]'`."
            ) from None
        asking = {"retries": {"mode": "standard", "max_attempts": ATTEMPTS}, "connect_timeout": 10, "read_timeout": 60}
        return s3fs.S3FileSystem(config_kwargs=asking, use_listings_cache=False, skip_instance_cache=True)

    def _asked(self, what: str, ask: Callable[[Any], T]) -> T:
        """The server's answer. Raises FileNotFoundError for an object that is not there, NonesuchError for the rest."""
        files = self._files
        try:
            return ask(files)
        except FileNotFoundError as error:
            if "bucket" not in str(error):
                raise
            reason = "there is no such bucket"
        except Exception as error:  # of botocore, aiohttp and the system, which have no ancestor in common
            reason = self._told(error)
        raise NonesuchError(f"cannot {what} the media store {self}: {reason}.")

    def _told(self, error: Exception) -> str:
        """What went wrong in one line, without anything of the key."""
        text = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        for name in SECRETS:
            if value := os.environ.get(name):
                text = text.replace(value, "…")
        return text


def _cat(name: str, files: Any) -> bytes:
    return bytes(files.cat_file(name))
