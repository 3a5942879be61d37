"""A baked site on its way to where visitors are. Nothing is ever rendered or changed here.

Every way sends what differs, asks the host's limits first, and holds the gallery meanwhile, so that no bake changes the
site while it is being sent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from render.catalogue import gallery_lock
from render.config import Gallery
from render.durable import write_whole
from render.errors import NonesuchError, UsageError, disk_is_full
from render.hosts import Host, against, survey, walk

IDENTITY = ("nonesuch", "nonesuch@localhost")
"""Who commits where git knows nobody: a machine, not a person."""


@contextmanager
def ready(gallery: Gallery, host: Host | None = None) -> Iterator[Path]:
    """The site's folder, whole and held. Raises NonesuchError when it is not fit to be published."""
    with gallery_lock(gallery.folder):
        if not (gallery.public / "index.html").is_file() or half_baked(gallery):
            raise NonesuchError(f"{gallery.public} holds no whole site: run `nonesuch bake {gallery.folder}` first.")
        for finding in against(survey(gallery.public), host) if host else []:
            if finding.grave:
                raise NonesuchError(finding.text)
        yield gallery.public


def half_baked(gallery: Gallery) -> bool:
    """Whether a bake was killed in the middle of its change."""
    journal = gallery.state / "bake.sqlite"
    if not journal.is_file():
        return False
    with closing(sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return db.execute("SELECT 1 FROM journal UNION ALL SELECT 1 FROM stale LIMIT 1").fetchone() is not None


def to_pages(gallery: Gallery, remote: str = "origin", branch: str = "site") -> str:
    """Push the site as the one commit of a branch; returns where it went.

    The commit is made in a repository of its own, ``.nonesuch/pages.git``: the gallery's repository, if there is one,
    never holds the media, and since this one keeps what it sent, only what is new is sent again.
    remote: a remote of the gallery's repository, or an address.
    """
    if branch.startswith("-") or remote.startswith("-"):
        raise UsageError("a remote's and a branch's name do not begin with a hyphen.")
    address = remote_address(gallery.folder, remote)
    with ready(gallery, "pages") as public:
        own = gallery.state / "pages.git"
        if not (own / "HEAD").is_file():
            run_git(gallery.folder, "init", "--quiet", "--bare", str(own))
        command = [sys.executable, "-m", "ghp_import", "--no-jekyll", "--no-history", "--message", "The site"]
        command += ["--branch", branch, str(public.resolve())]
        name, email = IDENTITY
        known = {
            "GIT_COMMITTER_NAME": asked_of_git(gallery.folder, "config", "user.name") or name,
            "GIT_COMMITTER_EMAIL": asked_of_git(gallery.folder, "config", "user.email") or email,
            "GIT_DIR": str(own.resolve()),
        }
        run_git(own, "update-ref", "-d", f"refs/heads/{branch}")  # no parent: the branch holds the site, not its past
        done = subprocess.run(command, cwd=own, env=os.environ | known, capture_output=True, text=True)
        if done.returncode:
            raise NonesuchError(f"the site could not be committed: {reason_of(done.stderr)}.")
        run_git(own, "push", "--quiet", "--force", address, f"{branch}:refs/heads/{branch}")
        run_git(own, "update-ref", f"refs/sent/{branch}", branch)  # keeps what the other side has from being pruned
    return f"{branch} of {without_secret(address)}"


def to_folder(gallery: Gallery, target: Path, merge: bool = False) -> tuple[int, int]:
    """Bring a folder to the state of the site; returns how many files were written and how many removed.

    Files take their place by atomic renames, pages after what they show, and what an earlier publishing put there and
    the site no longer has goes last. Other files are left alone; a folder that holds nothing but others needs `merge`.
    """
    with ready(gallery) as public:
        whole = target.resolve()
        if whole.is_relative_to(gallery.folder) and (whole == gallery.folder or whole.is_relative_to(public.resolve())):
            raise UsageError(f"{target} is the gallery itself: name another folder.")
        if public.resolve().is_relative_to(whole):
            raise UsageError(f"{target} holds the gallery itself: name another folder.")
        record = gallery.state / f"published-{hashlib.sha256(str(whole).encode()).hexdigest()[:12]}.json"
        earlier: list[str] = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else []
        if not earlier and not merge and target.is_dir() and any(target.iterdir()):
            raise UsageError(f"{target} holds other files: name an empty folder, or add --merge to keep them beside.")
        try:
            return copied(public, whole, earlier, record)
        except OSError as error:
            if disk_is_full(error):
                raise  # of the target or of the gallery: there is a sentence for both
            raise NonesuchError(f"{target} cannot be written: {error.strerror or error}.") from None


def copied(public: Path, target: Path, earlier: Sequence[str], record: Path) -> tuple[int, int]:
    """Copy what differs and remove what is stale."""
    files = sorted((path for path, _ in walk(public)), key=lambda path: (path.endswith(".html"), path == "index.html"))
    write_whole(record, json.dumps(sorted({*files, *earlier})))  # first: a copy may be killed
    written = sum(copy_if_new(public / path, target / path) for path in files)
    stale = sorted(set(earlier) - set(files))
    for path in stale:
        (target / path).unlink(missing_ok=True)
    write_whole(record, json.dumps(files))
    return written, len(stale)


def copy_if_new(source: Path, target: Path) -> bool:
    """Copy a file with its time unless the target has the same size and time; True when it was copied."""
    new = source.stat()
    try:
        old = target.stat()
        if (old.st_size, old.st_mtime_ns // 1_000_000) == (new.st_size, new.st_mtime_ns // 1_000_000):
            return False
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    shutil.copy2(source, partial)
    partial.replace(target)
    return True


def to_rsync(gallery: Gallery, target: str, delete: bool = False) -> None:
    """Send what differs with rsync, each file in its place at the end. delete: also remove there what is not here."""
    if shutil.which("rsync") is None:
        raise NonesuchError("rsync is not installed on this machine: install it, or publish in another way.")
    if target.startswith("-"):
        raise UsageError(f"'{target}' is no target of rsync; write one such as user@example.org:/var/www/gallery/.")
    with ready(gallery) as public:
        options = ["--archive", "--delay-updates", *(["--delete-after"] if delete else [])]
        done = subprocess.run(["rsync", *options, "--", f"{public}/", target], capture_output=True, text=True)
        if done.returncode:
            raise NonesuchError(f"rsync failed ({done.returncode}): {reason_of(done.stderr)}.")


def remote_address(folder: Path, remote: str) -> str:
    """The address of a remote's name; an address is itself. One that is a relative path is made whole, as git is run
    elsewhere: from here, or from the repository's root where git keeps it.
    """
    if "/" in remote or ":" in remote:
        return _whole(Path(), remote)
    if address := asked_of_git(folder, "remote", "get-url", remote):
        return _whole(Path(asked_of_git(folder, "rev-parse", "--show-toplevel") or folder), address)
    raise UsageError(
        f"the folder {folder} belongs to no git repository with a remote '{remote}': add one with "
        f"`git remote add {remote} ADDRESS`, or give the address with --remote."
    )


def _whole(base: Path, address: str) -> str:
    there = base.absolute() / address
    return str(there) if "://" not in address and there.exists() else address


def asked_of_git(folder: Path, *arguments: str) -> str:
    """What git says, or nothing."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise NonesuchError("git is not installed on this machine: install it, or publish in another way.") from None
    return done.stdout.strip() if done.returncode == 0 else ""


def run_git(folder: Path, *arguments: str) -> None:
    """Run git; NonesuchError with its last word when it fails. It may ask for a password on the terminal."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise NonesuchError(f"git {arguments[0]} failed: {without_secret(reason_of(done.stderr))}.")


def without_secret(address: str) -> str:
    """An address without the user's name and token that it may hold."""
    head, found, tail = address.partition("://")
    return f"{head}://{tail.rpartition('@')[2]}" if found and "@" in tail.partition("/")[0] else address


def reason_of(complaint: str) -> str:
    """Why a program failed, in its own words: git's first reason, for its last line is advice; else the last line."""
    lines = complaint.strip().splitlines() or ["it gave no reason"]
    told = (line for line in lines if line.startswith(("fatal: ", "error: ", "remote: ")))
    return next(told, lines[-1]).rstrip(".")
