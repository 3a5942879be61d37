"""Other people's pictures to a training set: a folder that `render.training.dataset.TrainingSet` opens.

``images.npy`` (n, size, size, 3) uint8, ``index.csv`` with a row per picture in the same order, ``prepared.toml``, and
``dropped.csv``, which names every file that was left out, with its reason. The same input gives the same bytes. Memory
stays flat: a few dozen pictures at a time and 8 bytes for each that was kept.
"""

from __future__ import annotations

import csv
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from render.cores import cores
from render.errors import UsageError
from render.training.archives import Limits, Source, UnreadableFile, open_source
from render.training.duplicates import ALIKE, Fingerprint, Seen, fingerprint
from render.training.labels import COLUMNS, Row, complete, read_labels
from render.training.pictures import SUFFIXES, Dropped, Preparation, prepare_picture

SIZES = (64, 96, 128, 256, 512)
AT_ONCE = 32
Progress = Callable[[int, int], None]
"""Called with files done and files in all."""


@dataclass(frozen=True)
class Request:
    """What a person asked for.

    smallest: shorter sides below this are dropped; half of `size` when None. defaults: source, licence and attribution
    of pictures whose labels say nothing of them.
    """

    source: Path
    out: Path
    size: int = 96
    labels: Path | None = None
    smallest: int | None = None
    background: tuple[int, int, int] = (0, 0, 0)
    folders_are_labels: bool = False
    keep_duplicates: bool = False
    defaults: Row = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @property
    def preparation(self) -> Preparation:
        return Preparation(self.size, self.smallest or self.size // 2, self.background)


@dataclass(frozen=True)
class Prepared:
    """What came of it."""

    kept: int
    dropped: dict[str, int]  # reason -> files


def prepare(request: Request, progress: Progress = lambda done, total: None) -> Prepared:
    """Make the training set. The folder `out` appears whole, under its name, at the very end.

    Raises UsageError, with nothing left behind, when `out` exists, the size is none of SIZES, the archive is hostile,
    the labels do not fit, or no picture would be left.
    """
    if request.size not in SIZES:
        raise UsageError(f"size should be one of {', '.join(map(str, SIZES))}, not {request.size}.")
    if request.out.exists():
        raise UsageError(f"{request.out} exists already: choose another folder or delete it first.")
    partial = request.out.parent / f".{request.out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)  # what a killed run left
    scratch = partial / "scratch"
    scratch.mkdir(parents=True)
    try:
        prepared = _fill(request, partial, scratch, progress)
        shutil.rmtree(scratch)
        os.replace(partial, request.out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return prepared


def _fill(request: Request, folder: Path, scratch: Path, progress: Progress) -> Prepared:
    source = open_source(request.source, scratch, request.limits)
    columns, wanted, refused = _plan(request, source)
    seen = Seen(scratch, len(wanted))
    dropped: Counter[str] = Counter()
    with (
        Report(folder / "dropped.csv", ("file", "reason", "detail")) as report,
        Report(folder / "index.csv", columns) as index,
        Pixels(folder / "images.npy", request.size) as pixels,
    ):
        kept: list[str] = []
        for row, result in _results(request, source, wanted, progress):
            if not isinstance(result, Dropped) and (twin := _twin(result[1], seen, kept, request)):
                result = twin
            if isinstance(result, Dropped):
                report.add({"file": row["file"], "reason": result.reason, "detail": result.detail})
                dropped[result.reason] += 1
                continue
            seen.add(result[1])
            kept.append(row["file"])
            index.add(row)
            pixels.add(result[0])
        for name, reason in refused:
            report.add({"file": name, "reason": reason, "detail": ""})
            dropped[reason] += 1
    if not kept:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in dropped.most_common()) or "there is no file"
        raise UsageError(f"no picture of {request.source} is left ({reasons}); nothing was written.")
    _write_settings(folder / "prepared.toml", request, len(kept), dropped)
    return Prepared(len(kept), dict(dropped.most_common()))


def _plan(request: Request, source: Source) -> tuple[list[str], list[Row], list[tuple[str, str]]]:
    """The columns of the index, the rows to try in the order of the set, and the files that are not tried."""
    names = [name for name in source.names if _is_text(name)]
    refused = [(_printable(name), "file name is not Unicode") for name in source.names if not _is_text(name)]
    extra: list[str] = []
    if request.labels is None:
        hidden = {name for name in names if any(part.startswith((".", "__MACOSX")) for part in name.split("/"))}
        pictures = [name for name in names if name not in hidden and Path(name).suffix.lower() in SUFFIXES]
        rows = [{"file": name} for name in pictures]
        refused += [(name, "not a picture") for name in names if name not in set(pictures)]
    else:
        given, rows = read_labels(request.labels)
        extra = [column for column in given if column not in COLUMNS]
        known = {row["file"] for row in rows}
        if rows and known.isdisjoint(names):
            raise UsageError(
                f"no file of {request.labels} is in {request.source}: the labels name '{rows[0]['file']}', "
                f"the pictures are called '{names[0] if names else '(there is none)'}' and so on."
            )
        refused += [(name, "not in the labels") for name in names if name not in known]
    columns = [*COLUMNS, *extra]
    completed = [complete(row, columns, request.defaults, request.folders_are_labels) for row in rows]
    return columns, completed, refused


Result = tuple[npt.NDArray[np.uint8], Fingerprint] | Dropped


def _results(request: Request, source: Source, rows: list[Row], progress: Progress) -> Iterator[tuple[Row, Result]]:
    """Every row with its picture or the reason why there is none; a few at a time, in order, on all cores."""
    present = set(source.names)
    done = 0

    def made(data: bytes | Dropped) -> Result:
        if isinstance(data, Dropped):
            return data
        try:
            picture = prepare_picture(data, request.preparation)
        except Dropped as reason:
            return reason
        return picture, fingerprint(picture)

    # Pillow warns of large pictures and odd metadata; the report says what matters of it.
    with warnings.catch_warnings(), ThreadPoolExecutor(cores()) as pool:
        warnings.simplefilter("ignore")
        for batch in _batches(rows, AT_ONCE):
            data = [_read(source, row["file"], present) for row in batch]
            yield from zip(batch, pool.map(made, data), strict=True)
            done += len(batch)
            progress(done, len(rows))


def _read(source: Source, name: str, present: set[str]) -> bytes | Dropped:
    if name not in present:
        return Dropped("missing", "the labels name it")
    try:
        return source.read(name)
    except UnreadableFile as error:
        return Dropped("unreadable", str(error))


def _twin(print_: Fingerprint, seen: Seen, kept: Sequence[str], request: Request) -> Dropped | None:
    match = None if request.keep_duplicates else seen.find(print_)
    if match is None:
        return None
    return Dropped("near-duplicate", f"of {kept[match.index]}; fine detail correlates {match.correlation:.3f}")


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


def _is_text(name: str) -> bool:
    """Whether the name can be written as UTF-8; a file system may hold bytes that are no text."""
    return name == _printable(name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _write_settings(path: Path, request: Request, kept: int, dropped: Counter[str]) -> None:
    import tomlkit

    values = {
        "size": request.size,
        "count": kept,
        "from": request.source.name,
        "labels": request.labels.name if request.labels else "",
        "smallest": request.preparation.smallest,
        "background": list(request.background),
        "near_duplicate": 0.0 if request.keep_duplicates else ALIKE,
        "dropped": dict(sorted(dropped.items())),
    }
    path.write_text(tomlkit.dumps(values), encoding="utf-8")


class Report:
    """A csv that grows by rows."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.file = path.open("w", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, columns)
        self.writer.writeheader()

    def add(self, row: Row) -> None:
        self.writer.writerow(row)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        _durable(self.file)


class Pixels:
    """An ``.npy`` that grows by pictures. NumPy leaves room in the header for the first axis to grow."""

    def __init__(self, path: Path, size: int) -> None:
        self.file: BinaryIO = path.open("wb")
        self.size, self.count = size, 0
        self.data_from = self._header()

    def _header(self) -> int:
        self.file.seek(0)
        shape = (self.count, self.size, self.size, 3)
        np.lib.format.write_array_header_1_0(self.file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        return self.file.tell()

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        self.file.write(picture.tobytes())
        self.count += 1

    def __enter__(self) -> Pixels:
        return self

    def __exit__(self, *_: object) -> None:
        if self._header() != self.data_from:
            raise AssertionError("the header of images.npy outgrew its room")
        _durable(self.file)


def _durable(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
