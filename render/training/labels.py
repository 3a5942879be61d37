"""What is known of each picture: a row of the labels csv, or what its name and the command say."""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from render.errors import UsageError

COLUMNS = ("file", "source", "label", "fold", "licence", "attribution")
"""The first columns of ``index.csv``; further ones of the labels follow."""
Row = dict[str, str]


def fold_of(name: str) -> int:
    """1 to 9, from the md5 of the file's name: the same on every machine and whatever else the set holds."""
    return 1 + int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16) % 9


def read_labels(path: Path) -> tuple[list[str], list[Row]]:
    """The columns and rows of a labels csv; raises UsageError that names the line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            columns = list(reader.fieldnames or [])
            _check_columns(path, columns)
            return columns, list(_rows(path, reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as a csv of labels: {error}.") from None


def _check_columns(path: Path, columns: list[str]) -> None:
    if "file" not in columns:
        close = difflib.get_close_matches("file", columns, n=1, cutoff=0.5)
        hint = (
            f"rename '{close[0]}' to 'file'" if close else "its first line should name the columns, one of them 'file'"
        )
        raise UsageError(f"{path} has no column 'file': {hint}.")
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise UsageError(f"{path} has the column '{twice}' twice.")


def _rows(path: Path, reader: csv.DictReader[str]) -> Iterator[Row]:
    lines: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        if None in row or None in row.values():
            raise UsageError(f"{path}, line {line}: this row has more or fewer fields than the first line.")
        row["file"] = row["file"].removeprefix("./")
        if row["file"] in lines:
            raise UsageError(f"{path}, line {line}: '{row['file']}' is already in line {lines[row['file']]}.")
        if row.get("fold") and not (row["fold"].isascii() and row["fold"].isdigit()):
            raise UsageError(f"{path}, line {line}: fold should be a whole number from 0 on, not '{row['fold']}'.")
        lines[row["file"]] = line
        yield row


def complete(row: Row, columns: list[str], defaults: Row, folders_are_labels: bool) -> Row:
    """A row of ``index.csv``: what the labels say, else what the command says; a fold from the name where none is."""
    name = row["file"]
    folder = name.rpartition("/")[0].rpartition("/")[2]
    known = {"label": folder if folders_are_labels else "", "fold": str(fold_of(name)), **defaults}
    return {column: row.get(column) or known.get(column, "") for column in columns}
