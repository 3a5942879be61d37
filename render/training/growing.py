"""Files that grow while a training set is made, so that memory stays flat: a csv by rows, an ``.npy`` by pictures."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from render.training.labels import Row


def places(folder: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """Where the set of each size lies: in the folder itself where there is one, otherwise in one of its name."""
    return {size: folder if len(sizes) == 1 else folder / str(size) for size in sizes}


class Sets:
    """The same set in several sizes, growing together."""

    def __init__(self, folder: Path, sizes: Sequence[int], columns: Sequence[str]) -> None:
        self.folders = places(folder, sizes)
        self._open = ExitStack()
        self._parts: dict[int, tuple[Report, Report, Pictures]] = {}
        for size, place in self.folders.items():
            place.mkdir(parents=True, exist_ok=True)
            dropped = Report(place / "dropped.csv", ("file", "reason", "detail"))
            files = (dropped, Report(place / "index.csv", columns), Pictures(place / "images.npy", size))
            self._parts[size] = files
            for file in files:
                self._open.enter_context(file)

    def add(self, row: Row, pictures: dict[int, npt.NDArray[np.uint8]]) -> None:
        """A picture in every size."""
        for size, (_, index, images) in self._parts.items():
            index.add(row)
            images.add(pictures[size])

    def drop(self, file: str, reason: str, detail: str) -> None:
        """A file that is left out of all."""
        for dropped, _, _ in self._parts.values():
            dropped.add({"file": file, "reason": reason, "detail": detail})

    def __enter__(self) -> Sets:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


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


class Pictures:
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

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        if self._header() != self.data_from:
            raise AssertionError("the header of images.npy outgrew its room")
        _durable(self.file)


def _durable(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
