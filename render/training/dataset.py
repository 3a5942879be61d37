"""A prepared training set: a folder that `nonesuch prepare` writes and every training reads.

``images.npy`` (n, h, w, 3) uint8, memory-mapped; ``index.csv``, a row per picture in the same order with at least file,
source, label, fold, licence and attribution; ``prepared.toml`` with size and count.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from render.display import DisplayMapping
from render.errors import NonesuchError

TEST_FOLD = 1
TUNE_FOLD = 2


@dataclass(frozen=True)
class TrainingSet:
    """The pictures and what is known of each."""

    folder: Path
    images: npt.NDArray[np.uint8]  # (n, h, w, 3)
    rows: list[dict[str, str]]

    @classmethod
    def open(cls, folder: Path) -> TrainingSet:
        """Raises NonesuchError when the folder was not written by `nonesuch prepare`."""
        try:
            images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
            with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        except (OSError, ValueError) as error:
            raise NonesuchError(f"{folder} is no training set ({error}); make one with `nonesuch prepare`.") from None
        if len(rows) != len(images):
            raise NonesuchError(f"{folder}: index.csv has {len(rows)} rows, not {len(images)}; prepare it again.")
        return cls(folder, images, rows)

    @property
    def size(self) -> int:
        return int(self.images.shape[1])

    @property
    def folds(self) -> npt.NDArray[np.int64]:
        """The fold of every picture, (n,)."""
        return np.array([int(row["fold"]) for row in self.rows])

    def training(self) -> npt.NDArray[np.int64]:
        """Indices of what may be trained on: every fold but the test's and the one that tunes."""
        return np.flatnonzero(~np.isin(self.folds, (TEST_FOLD, TUNE_FOLD)))

    def identity(self) -> str:
        """A sha256 of the pictures that may be trained on, with their names: the same set, the same answer."""
        digest = hashlib.sha256()
        for index in self.training():
            digest.update(self.rows[index]["file"].encode() + b"\0" + self.images[index].tobytes())
        return digest.hexdigest()

    def column(self, name: str) -> list[str]:
        return [row.get(name, "") for row in self.rows]

    def data(self, indices: npt.NDArray[np.int64], mapping: DisplayMapping) -> npt.NDArray[np.float16]:
        """Pictures in data space, (len(indices), 3, h, w), in half precision to hold a set in memory."""
        out = np.empty((len(indices), 3, self.size, self.size), dtype=np.float16)
        for i, index in enumerate(indices):
            out[i] = mapping.to_data(self.images[index])
        return out

    def credits(self, indices: npt.NDArray[np.int64]) -> dict[tuple[str, str], int]:
        """(attribution, licence) -> pictures, most used first."""
        counts: dict[tuple[str, str], int] = {}
        for index in indices:
            key = (self.rows[index].get("attribution", ""), self.rows[index].get("licence", ""))
            counts[key] = counts.get(key, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))
