"""Pictures in a folder, a tar or a zip, read one at a time and never unpacked to where a name in them points.

An archive from a stranger may try to fill the disk or the memory, or to reach outside itself. One whose names escape
it, that holds links, devices or sparse files, or that unpacks to far more than it weighs is refused whole: who made it
meant harm, or it is broken in a way that would spoil a training set.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol

from render.errors import UsageError

MIB = 2**20
CHUNK = MIB


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    file_bytes: the largest single file that is read. total_bytes: everything together, unpacked.
    ratio: unpacked bytes for each byte of the archive, once it unpacks to more than `ratio_from` (pictures hardly
    compress, so 100 is far beyond honest archives; a zip bomb has 1,000 and more).
    """

    file_bytes: int = 256 * MIB
    total_bytes: int = 256 * 1024 * MIB
    ratio: int = 100
    ratio_from: int = 64 * MIB
    files: int = 5_000_000


class UnreadableFile(Exception):
    """One file of a source cannot be read; the others can."""


class Source(Protocol):
    """Named files."""

    names: list[str]  # sorted

    def read(self, name: str) -> bytes:
        """The file's bytes; raises UnreadableFile."""


def open_source(path: Path, scratch: Path, limits: Limits | None = None) -> Source:
    """The files in a folder, a tar (plain, or compressed with gzip, bzip2 or xz) or a zip.

    scratch: an existing folder on a disk with room; a compressed tar is unpacked there into a plain one, because files
    are read in another order than they were packed in.
    """
    limits = limits or Limits()
    if path.is_dir():
        return Folder(path, limits)
    if not path.is_file():
        raise UsageError(f"there is no {path}: give a folder, a tar or a zip of pictures.")
    try:
        if zipfile.is_zipfile(path):
            return Zip(path, limits)
        return Tar(_plain_tar(path, scratch, limits), path, limits)
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UsageError(f"{path} is neither a folder nor a whole tar or zip: {error}.") from None


class Folder:
    """The regular files below a folder. Links to files are followed (they are the user's own), links to folders not."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.names = sorted(self._walk())

    def _walk(self) -> Iterable[str]:
        for home, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if (Path(home) / name).is_file() and not name.startswith("."):
                    yield (Path(home) / name).relative_to(self.path).as_posix()

    def read(self, name: str) -> bytes:
        path = self.path / name
        try:
            _check_size(path.stat().st_size, self.limits)
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFile(error.strerror or "cannot be read") from None


class Zip:
    """The files of a zip."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        self.archive = zipfile.ZipFile(path)
        self.members: dict[str, zipfile.ZipInfo] = {}
        meter = _Meter(path, limits)
        for info in self.archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            name = _safe_name(info.filename, path)
            if kind not in (0, stat.S_IFREG):
                raise UsageError(f"{path} holds '{name}', which is a link or a device: it is not opened.")
            if info.flag_bits & 1:
                raise UsageError(f"{path} is encrypted ('{name}'): unpack it and give the folder.")
            meter.add(info.file_size)
            if name in self.members:
                raise UsageError(f"{path} holds '{name}' twice: it is not opened.")
            self.members[name] = info
        self.names = sorted(self.members)

    def read(self, name: str) -> bytes:
        info = self.members[name]
        _check_size(info.file_size, self.limits)
        try:
            with self.archive.open(info) as file:
                return file.read(info.file_size)  # never more than declared, which the meter has counted
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError) as error:
            raise UnreadableFile(str(error)) from None


class Tar:
    """The files of a plain tar; `named` is the archive that a person knows."""

    def __init__(self, path: Path, named: Path, limits: Limits) -> None:
        self.limits = limits
        self.archive = tarfile.open(path, "r:")  # noqa: SIM115 - read from until the process ends
        self.members: dict[str, tarfile.TarInfo] = {}
        for member in self.archive:
            if member.isdir():
                continue
            name = _safe_name(member.name, named)
            if not member.isreg() or member.issparse():
                raise UsageError(f"{named} holds '{name}', which is a link, a device or sparse: it is not opened.")
            if name in self.members:
                raise UsageError(f"{named} holds '{name}' twice: it is not opened.")
            if len(self.members) >= limits.files:
                raise UsageError(f"{named} holds more than {limits.files} files: split it.")
            self.members[name] = member
        self.names = sorted(self.members)

    def read(self, name: str) -> bytes:
        member = self.members[name]
        _check_size(member.size, self.limits)
        try:
            file = self.archive.extractfile(member)
            data = file.read() if file else b""
        except (tarfile.TarError, OSError) as error:
            raise UnreadableFile(str(error)) from None
        if len(data) != member.size:
            raise UnreadableFile("the archive ends within it")
        return data


class _Meter:
    """Adds up what an archive unpacks to and refuses what no honest one does."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.weight = path.stat().st_size
        self.total = self.files = 0

    def add(self, size: int, files: int = 1) -> None:
        self.total += size
        self.files += files
        bomb = self.total > self.limits.ratio_from and self.total > self.limits.ratio * self.weight
        if bomb or self.total > self.limits.total_bytes or self.files > self.limits.files:
            raise UsageError(
                f"{self.path} ({self.weight:,} bytes) would unpack to more than {self.total:,} bytes "
                f"in {self.files:,} files: it looks like a zip bomb and is not opened."
            )


def _plain_tar(path: Path, scratch: Path, limits: Limits) -> Path:
    """The tar itself, or its decompressed copy in `scratch`."""
    with path.open("rb") as file:
        magic = file.read(6)
    if magic[:2] not in (b"\x1f\x8b", b"BZ", b"\xfd7"):
        return path
    plain = scratch / "archive.tar"
    meter = _Meter(path, limits)
    with _unpacking(path, magic) as packed, plain.open("wb") as unpacked:
        while piece := packed.read(CHUNK):
            meter.add(len(piece), files=0)
            unpacked.write(piece)
    return plain


def _unpacking(path: Path, magic: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(path, "rb")
    return bz2.open(path, "rb") if magic.startswith(b"BZ") else lzma.open(path, "rb")


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise UnreadableFile(f"{size:,} bytes are more than the {limits.file_bytes:,} that a picture may have")


def _safe_name(name: str, archive: Path) -> str:
    """The name without a leading ``./``; refused when it could lead out of a folder on any system."""
    path = PurePosixPath(name)
    escapes = path.is_absolute() or ".." in path.parts or "\\" in name or PureWindowsPath(name).drive
    if escapes or "\0" in name or not path.parts:
        raise UsageError(f"{archive} holds the name '{name[:200]}', which leads out of it: it is not opened.")
    return path.as_posix()
