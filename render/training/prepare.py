"""Other people's pictures to a training set: a folder that `render.training.dataset.TrainingSet` opens.

``images.npy`` (n, size, size, 3) uint8, ``index.csv`` with a row per picture in the same order, ``prepared.toml``, and
``dropped.csv``, which names every file that was left out, with its reason. The same input gives the same bytes. Memory
stays flat: a few dozen pictures at a time and 8 bytes for each that was kept.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Literal

from render.cores import cores
from render.errors import UsageError
from render.training.archives import Limits, Source, UnreadableFile, open_source
from render.training.duplicates import ALIKE, Fingerprint, Seen, fingerprint
from render.training.growing import Sets, places
from render.training.labels import COLUMNS, Row, complete, fold_of, read_labels
from render.training.pictures import SUFFIXES, Dropped, Pixels, Preparation, central, prepare_picture, whole
from render.training.rejecting import BY_HAND, Prepared, read_rejected, without
from render.training.watermarks import SAMPLE, Overlay, detail, shared

SIZES = (32, 64, 96, 128, 256, 512)
AT_ONCE = 32
LEFT_OUT = "of a source that was left out"
Watermarks = Literal["keep", "crop", "drop"]
Progress = Callable[[int, int], None]
"""Called with files done and files in all."""


@dataclass(frozen=True)
class Request:
    """What a person asked for.

    size: pixels of a side; more: further sizes, each a training set of its own inside `out`. smallest: shorter sides
    below this are dropped; half of the largest size when None. defaults: source, licence and attribution of pictures
    whose labels say nothing of them. sample: so many pictures of each label at most. rename: files are named after what
    they hold. watermarks: what happens to pictures that carry an overlay which many share. decisions: a csv of what a
    person rejected; without: sources of which no picture is taken; asked: called with the folder of the set, for a
    person to look through, before it is finished.
    """

    source: Path
    out: Path
    size: int = 96
    more: tuple[int, ...] = ()
    labels: Path | None = None
    smallest: int | None = None
    background: tuple[int, int, int] = (0, 0, 0)
    folders_are_labels: bool = False
    keep_duplicates: bool = False
    defaults: Row = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    sample: int | None = None
    rename: bool = False
    watermarks: Watermarks = "keep"
    decisions: Path | None = None
    without: tuple[str, ...] = ()
    asked: Callable[[Path], None] | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """All sizes, each once."""
        return tuple(dict.fromkeys((self.size, *self.more)))

    @property
    def preparation(self) -> Preparation:
        return Preparation(self.sizes, self.smallest or max(self.sizes) // 2, self.background)


def prepare(request: Request, progress: Progress = lambda done, total: None) -> Prepared:
    """Make the training set. The folder `out` appears whole, under its name, at the very end.

    Raises UsageError, with nothing left behind, when `out` exists, the size is none of SIZES, the archive is hostile,
    the labels do not fit, or no picture would be left.
    """
    if wrong := set(request.sizes) - set(SIZES):
        raise UsageError(f"size should be one of {', '.join(map(str, SIZES))}, not {min(wrong)}.")
    if request.out.exists():
        raise UsageError(f"{request.out} exists already: choose another folder or delete it first.")
    partial = request.out.parent / f".{request.out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)  # what a killed run left
    scratch = partial / "scratch"
    scratch.mkdir(parents=True)
    try:
        prepared = _fill(request, partial, scratch, progress)
        if request.asked is not None:
            folders = [places(partial, request.sizes)[size] for size in request.sizes]
            request.asked(folders[0])
            prepared = without(folders, read_rejected(request.decisions), prepared)
        shutil.rmtree(scratch)
        os.replace(partial, request.out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return prepared


def _fill(request: Request, folder: Path, scratch: Path, progress: Progress) -> Prepared:
    source = open_source(request.source, scratch, request.limits)
    columns, wanted, refused = _plan(request, source)
    to = replace(request.preparation, overlay=_overlay(request, source, wanted), crop=request.watermarks == "crop")
    seen, quota = Seen(scratch, len(wanted)), Quota(request.sample)
    dropped: Counter[str] = Counter()
    kept: list[str] = []
    with Sets(folder, request.sizes, columns) as sets:
        for row, result in _results(source, to, quota, wanted, progress):
            if not isinstance(result, Dropped):
                result = quota.refused(row) or _twin(result[1], seen, kept, request) or result
            if isinstance(result, Dropped):
                sets.drop(row["file"], result.reason, result.detail)
                dropped[result.reason] += 1
                continue
            seen.add(result[1])
            kept.append(row["file"])
            quota.take(row)
            sets.add(renamed(row, result[2]) if request.rename else row, result[0])
        for name, reason in refused:
            sets.drop(name, reason, "")
            dropped[reason] += 1
    if not kept:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in dropped.most_common()) or "there is no file"
        raise UsageError(f"no picture of {request.source} is left ({reasons}); nothing was written.")
    for size in request.sizes:
        _write_settings(sets.folders[size] / "prepared.toml", request, size, len(kept), dropped)
    return Prepared(len(kept), dict(dropped.most_common()), to.overlay.share if to.overlay else None)


def _overlay(request: Request, source: Source, rows: list[Row]) -> Overlay | None:
    """The watermark that many of the pictures share; looked for in a sample spread over all of them."""
    if request.watermarks == "keep":
        return None
    present, details = set(source.names), []
    for row in rows[:: max(1, len(rows) // SAMPLE)]:
        data = _read(source, row["file"], present)
        if isinstance(data, Dropped):
            continue
        try:
            image = whole(data, request.preparation)
        except Dropped:
            continue
        details.append(detail(image.crop(central(image))))
    return shared(details)


def renamed(row: Row, digest: str) -> Row:
    """Named after what the file holds, so that its name, and with it its fold, stays when somebody renames the file."""
    name = digest[:16]
    fold = row["fold"] if row["fold"] != str(fold_of(row["file"])) else str(fold_of(name))
    return row | {"file": name, "fold": fold, "was": row["file"]}


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
    sources = {row["source"] for row in completed}
    if unknown := [name for name in request.without if name not in sources]:
        told = ", ".join(f"'{name}'" for name in sorted(sources))
        raise UsageError(f"no picture is of the source '{unknown[0]}', which is to be left out: they are of {told}.")
    rejected = read_rejected(request.decisions)
    refused += [(row["file"], BY_HAND) for row in completed if row["file"] in rejected]
    completed = [row for row in completed if row["file"] not in rejected]
    refused += [(row["file"], LEFT_OUT) for row in completed if row["source"] in request.without]
    completed = [row for row in completed if row["source"] not in request.without]
    if request.sample is not None:  # in an order that is nobody's choice, and the same every time
        completed.sort(key=lambda row: sha256(row["file"].encode()).hexdigest())
    return [*columns, "was"] if request.rename else columns, completed, refused


Result = tuple[dict[int, Pixels], Fingerprint, str] | Dropped
"""A picture in every size, its fingerprint and the sha256 of its file, or why there is none."""


class Quota:
    """So many of each label; without a number, all."""

    def __init__(self, most: int | None) -> None:
        self.most, self.taken = most, Counter[str]()

    def refused(self, row: Row) -> Dropped | None:
        """Why a further picture of this label is not taken; None when it is."""
        if self.most is None or self.taken[row["label"]] < self.most:
            return None
        return Dropped("not in the sample", f"there are {self.most} of '{row['label']}' already")

    def take(self, row: Row) -> None:
        self.taken[row["label"]] += 1


def _results(
    source: Source, to: Preparation, quota: Quota, rows: list[Row], progress: Progress
) -> Iterator[tuple[Row, Result]]:
    """Every row with its picture or the reason why there is none; a few at a time, in order, on all cores."""
    present = set(source.names)
    done = 0

    def made(data: bytes | Dropped) -> Result:
        if isinstance(data, Dropped):
            return data
        try:
            pictures = prepare_picture(data, to)
        except Dropped as reason:
            return reason
        return pictures, fingerprint(pictures[to.sizes[0]]), sha256(data).hexdigest()

    # Pillow warns of large pictures and odd metadata; the report says what matters of it.
    with warnings.catch_warnings(), ThreadPoolExecutor(cores()) as pool:
        warnings.simplefilter("ignore")
        for batch in _batches(rows, AT_ONCE):
            data = [quota.refused(row) or _read(source, row["file"], present) for row in batch]
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


def _write_settings(path: Path, request: Request, size: int, kept: int, dropped: Counter[str]) -> None:
    import tomlkit

    values = {
        "size": size,
        "count": kept,
        "from": request.source.name,
        "labels": request.labels.name if request.labels else "",
        "smallest": request.preparation.smallest,
        "background": list(request.background),
        "near_duplicate": 0.0 if request.keep_duplicates else ALIKE,
        "dropped": dict(sorted(dropped.items())),
    }
    path.write_text(tomlkit.dumps(values), encoding="utf-8")
