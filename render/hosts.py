"""What hosts of static sites allow, and whether a baked site keeps to it.

Sources, read in November 2026: GitHub's "GitHub Pages limits" and "About large files on GitHub"; Netlify's "Site
deploys overview"; Cloudflare's "Pages limits". A limit that a host does not state is None here, and is not checked.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Host = Literal["pages", "netlify", "cloudflare"]
MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a host allows. bytes: of the whole site; folder: files in one folder; rules: in ``_headers``."""

    name: str
    bytes: int | None = None
    files: int | None = None
    folder: int | None = None
    largest: int | None = None
    rules: int | None = None
    jekyll: bool = False  # hides files whose names begin with an underscore, unless told not to


HOSTS: dict[Host, Limits] = {
    "pages": Limits("GitHub Pages", bytes=10**9, largest=100 * MIB, jekyll=True),
    "netlify": Limits("Netlify", folder=54_000),
    "cloudflare": Limits("Cloudflare Pages (free)", files=20_000, largest=25 * MIB, rules=100),
}
CLOSE = 0.8
"""The share of a limit from which on a person should know of it."""


@dataclass(frozen=True)
class Finding:
    """Something that a person should know. grave: the site should not be published like this."""

    text: str
    grave: bool = True


@dataclass(frozen=True)
class Survey:
    """What lies in a site's folder. A file with two names counts twice, as it does for hosts.

    largest: bytes and path; fullest: files and path of the folder with the most; underscored: paths in which a name
    begins with an underscore, without the two files that hosts themselves read.
    """

    files: int
    bytes: int
    largest: tuple[int, str]
    fullest: tuple[int, str]
    underscored: list[str]
    rules: int
    nojekyll: bool


def survey(public: Path) -> Survey:
    """Count everything in a folder."""
    folders: Counter[str] = Counter()
    files, total, largest = 0, 0, (0, "")
    underscored = []
    for path, size in walk(public):
        files += 1
        total += size
        largest = max(largest, (size, path))
        folders[path.rpartition("/")[0]] += 1
        if any(part.startswith("_") for part in path.split("/")) and path not in ("_headers", "_redirects"):
            underscored.append(path)
    fullest = max(((count, folder or ".") for folder, count in folders.items()), default=(0, "."))
    return Survey(files, total, largest, fullest, underscored, _rules(public), (public / ".nojekyll").is_file())


def walk(public: Path) -> Iterator[tuple[str, int]]:
    """Every file's path below the folder, with forward slashes, and its bytes."""
    for folder, _, names in os.walk(public):
        inside = os.path.relpath(folder, public).replace(os.sep, "/")
        for name in names:
            yield (name if inside == "." else f"{inside}/{name}"), os.stat(os.path.join(folder, name)).st_size


def against(found: Survey, host: Host) -> list[Finding]:
    """Where a site breaks a host's limits, or comes close to them."""
    limits = HOSTS[host]
    measured = [
        (found.bytes, limits.bytes, "The site has {} bytes, {} allows {}: leave out the API or the larger sizes."),
        (found.files, limits.files, "The site has {} files, {} allows {}: set bake.api = false, or show fewer."),
        (found.fullest[0], limits.folder, f"{found.fullest[1]}/ has {{}} files, {{}} allows {{}} in a folder."),
        (found.largest[0], limits.largest, f"{found.largest[1]} has {{}} bytes, {{}} allows {{}} in a file."),
        (found.rules, limits.rules, "_headers has {} rules, {} reads {}."),
    ]
    findings = []
    for value, limit, text in measured:
        if limit is not None and value > CLOSE * limit:
            sentence = text.format(f"{value:,}", limits.name, f"{limit:,}")
            findings.append(Finding(sentence, grave=value > limit))
    if limits.jekyll and not found.nojekyll:
        findings.append(Finding(f"There is no .nojekyll: {limits.name} would run the site through Jekyll."))
    if limits.jekyll and not found.nojekyll and found.underscored:
        findings.append(Finding(f"{found.underscored[0]} begins with an underscore: {limits.name} would hide it."))
    return findings


def _rules(public: Path) -> int:
    """Rules in ``_headers``: lines that are not indented."""
    try:
        lines = (public / "_headers").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return 0
    return sum(bool(line) and not line[0].isspace() and not line.startswith("#") for line in lines)
