"""What a person decided about the pictures of a set: kept in a csv, and applied again whenever the set is made."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from render.errors import UsageError
from render.training.growing import Pictures, Report
from render.training.labels import Row

BY_HAND = "rejected by hand"
COLUMNS = ("file", "decision")
REJECTED, KEPT = "rejected", "kept"


@dataclass(frozen=True)
class Prepared:
    """What came of it."""

    kept: int
    dropped: dict[str, int]  # reason -> files
    watermarked: float | None = None  # the share of the pictures that carry the overlay, where there is one


def read_decisions(path: Path | None) -> dict[str, bool]:
    """From a file's name to whether it is kept; empty where nobody has decided yet.

    Raises UsageError, with the line, for a csv that says anything else.
    """
    if path is None or not path.is_file():
        return {}
    found: dict[str, bool] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if not row.get("file") or row.get("decision") not in (REJECTED, KEPT):
                    raise UsageError(f"{path}: a row says a file and 'kept' or 'rejected', not {list(row.values())}.")
                found[row["file"]] = row["decision"] == KEPT
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as a csv of decisions ({type(error).__name__}).") from None
    return found


def read_rejected(path: Path | None) -> set[str]:
    """The names that a person rejected."""
    return {name for name, kept in read_decisions(path).items() if not kept}


def write_decisions(path: Path, decisions: dict[str, bool]) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    with Report(temporary, COLUMNS) as report:
        for name, kept in sorted(decisions.items()):
            report.add({"file": name, "decision": KEPT if kept else REJECTED})
    temporary.replace(path)


def without(folders: Sequence[Path], rejected: Collection[str], prepared: Prepared) -> Prepared:
    """The same set, in each of its folders, without what was rejected; what is taken out is named in dropped.csv.

    Raises UsageError when nothing would be left.
    """
    out = 0
    for folder in folders:
        rows = _rows(folder / "index.csv")
        keep = [row.get("was", row["file"]) not in rejected for row in rows]
        out = keep.count(False)
        if out == len(rows):
            raise UsageError("every picture was rejected; nothing was written.")
        if out:
            _rewritten(folder, rows, keep)
    dropped = prepared.dropped | ({BY_HAND: prepared.dropped.get(BY_HAND, 0) + out} if out else {})
    return replace(prepared, kept=prepared.kept - out, dropped=dropped)


def _rewritten(folder: Path, rows: list[Row], keep: list[bool]) -> None:
    import tomlkit

    images = np.load(folder / "images.npy", mmap_mode="r")
    dropped = _rows(folder / "dropped.csv")
    with (
        Report(folder / ".index.csv", list(rows[0])) as index,
        Pictures(folder / ".images.npy", images.shape[1]) as pictures,
        Report(folder / ".dropped.csv", ("file", "reason", "detail")) as report,
    ):
        for row in dropped:
            report.add(row)
        for place, row in enumerate(rows):
            if keep[place]:
                index.add(row)
                pictures.add(images[place])
            else:
                report.add({"file": row.get("was", row["file"]), "reason": BY_HAND, "detail": ""})
    del images
    for name in ("index.csv", "images.npy", "dropped.csv"):
        (folder / f".{name}").replace(folder / name)
    settings = tomlkit.parse((folder / "prepared.toml").read_text(encoding="utf-8"))
    settings["count"] = keep.count(True)
    settings["dropped"] = dict(settings["dropped"]) | {BY_HAND: _count(folder / "dropped.csv")}
    (folder / "prepared.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")


def _count(path: Path) -> int:
    return sum(row["reason"] == BY_HAND for row in _rows(path))


def _rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
