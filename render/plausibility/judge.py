"""What is measured of a training as it goes on: how far its pictures lie from real ones that it learned from, and from
real ones that no training saw.

Three sets of real pictures, as many of each as are drawn: some of the training folds, fold 2 (which chooses the stop
that is marked) and fold 1 (which nothing was chosen by). Where a model learns by heart, the first distance goes on
falling while the others rise. The floor of every figure is the same one for fold 2, taken for generated.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from safetensors.torch import save_file

from render.display import DisplayMapping
from render.durable import write_whole
from render.errors import NonesuchError
from render.evidence import Evidence, authentic_share
from render.evidence.build import threshold_of
from render.evidence.network import features
from render.evidence.reference import gather
from render.plausibility.distances import frechet, kernel, spectrum_distance
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.quality import spectra
from render.weights import MODEL, Card, load_card, save_card, weights_hash

Pictures = npt.NDArray[np.float32]  # (n, 3, h, w), data space
Floats = npt.NDArray[np.float64]
TRAINING, TEST, TUNE = "training", "fold 1", "fold 2"
FIRST_SEED = 30_000
"""Seeds of the pictures that are measured; those that are shown and those of galleries begin lower."""


@dataclass(frozen=True)
class Seen:
    """features (n, f) of the copy detector; spectra (n, k)."""

    features: Floats
    spectra: Floats


class Judge:
    """The real pictures of one training set, looked at by one copy detector; kept in a folder for whoever asks next.

    most: how many real pictures of a kind are compared with; checked: of how many generated ones it is looked whether
    they can be laid upon a real one, which takes the most time.
    """

    def __init__(
        self, pictures: TrainingSet, mapping: DisplayMapping, detector: Path, most: int, checked: int, folder: Path
    ) -> None:
        self._training_set, self._mapping = pictures, mapping
        self._rows = self._sample(most)
        self.count = len(self._rows[TEST])
        self.checked = checked
        self._home = folder / self._key(detector)
        self._home.mkdir(parents=True, exist_ok=True)
        with FileLock(self._home / ".lock"):
            for name in (TRAINING, TEST):
                if not (self._home / name).is_dir():
                    rows = pictures.training() if name == TRAINING else np.flatnonzero(pictures.folds == TEST_FOLD)
                    reference_of(rows, pictures, mapping, detector, self._home / name)
            self._evidence = {name: Evidence.load(self._home / name) for name in (TRAINING, TEST)}
            self._network = self._evidence[TRAINING].network
            self._real = {name: self._look(self._pictures(rows)) for name, rows in self._rows.items()}
            self.threshold = self._threshold()
            self.floor = self._floor()

    def figures(self, pictures: Pictures) -> dict[str, Any]:
        """Every figure of some pictures, by the set of real ones that they are compared with."""
        seen = self._look(pictures)
        told: dict[str, Any] = {"kernel": {}, "frechet": {}, "spectrum": {}, "authentic": {}, "near_copies": {}}
        for name, real in self._real.items():
            told["kernel"][name] = round(kernel(real.features, seen.features), 6)
            told["frechet"][name] = round(frechet(real.features, seen.features), 6)
            told["spectrum"][name] = round(spectrum_distance(real.spectra, seen.spectra)["spectrum"], 4)
        for name, evidence in self._evidence.items():
            told["authentic"][name] = self._authentic(evidence, seen.features)
            verdicts = evidence.with_threshold(self.threshold).check(torch.from_numpy(pictures[: self.checked]))
            told["near_copies"][name] = round(float(np.mean([one.near_copy for one in verdicts])), 4)
        return told

    def _sample(self, most: int) -> dict[str, npt.NDArray[np.int64]]:
        """Rows of each of the three sets, as many of each; raises NonesuchError where a fold is as good as empty."""
        pictures = self._training_set
        there = {
            TRAINING: pictures.training(),
            TEST: np.flatnonzero(pictures.folds == TEST_FOLD),
            TUNE: np.flatnonzero(pictures.folds == TUNE_FOLD),
        }
        count = min(most, *(len(rows) for rows in there.values()))
        if count < 3:
            raise NonesuchError(
                f"{pictures.folder} has {len(there[TEST])} pictures in fold 1 and {len(there[TUNE])} in fold 2: three "
                "of each at least are needed, to compare with what no training saw."
            )
        random = np.random.default_rng(0)
        return {name: np.sort(random.choice(rows, count, replace=False)) for name, rows in there.items()}

    def _key(self, detector: Path) -> str:
        """What figures depend on: the set, the detector, how pictures are shown, how many are compared."""
        pictures, mapping = self._training_set, self._mapping
        return f"{pictures.identity()[:12]}-{weights_hash(detector)[:12]}-{mapping.name}-{self.count}-{self.checked}"

    def _pictures(self, rows: npt.NDArray[np.int64]) -> Pictures:
        return self._training_set.data(rows, self._mapping).astype(np.float32)

    def _look(self, pictures: Pictures) -> Seen:
        return Seen(features(self._network, torch.from_numpy(pictures)).numpy().astype(np.float64), spectra(pictures))

    def _authentic(self, evidence: Evidence, found: Floats) -> dict[str, Any]:
        """The share of pictures farther from their nearest real one than that is from its own (Alaa et al. 2022)."""
        assert evidence.reference is not None
        distance = 1 - torch.from_numpy(found).float() @ evidence.reference.features.T  # (n, m)
        nearest = distance.min(1)
        alone = nearest.values > evidence.reference.nearest[nearest.indices]
        return authentic_share(int(alone.sum()), len(alone))

    def _threshold(self) -> float | None:
        """The likeness that few real pictures of fold 2 reach, beside this very reference set."""
        path = self._home / "threshold.json"
        if not path.is_file():
            verdicts = self._evidence[TRAINING].check(torch.from_numpy(self._pictures(self._rows[TUNE])))
            write_whole(path, json.dumps(threshold_of(verdicts)))
        found: float | None = json.loads(path.read_text())
        return found

    def _floor(self) -> dict[str, Any]:
        """The figures of fold 2, as if it had been generated."""
        path = self._home / "floor.json"
        if not path.is_file():
            told = self.figures(self._pictures(self._rows[TUNE]))
            for name in ("kernel", "frechet", "spectrum"):
                del told[name][TUNE]  # from itself
            write_whole(path, json.dumps(told))
        floor: dict[str, Any] = json.loads(path.read_text())
        return floor


def reference_of(
    rows: npt.NDArray[np.int64], pictures: TrainingSet, mapping: DisplayMapping, detector: Path, folder: Path
) -> Evidence:
    """A reference set of some pictures, beside a copy of a detector's network: whole in the folder, or not at all."""
    card, evidence = load_card(detector), Evidence.load(detector)
    building = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    save_file({key: value.contiguous() for key, value in evidence.network.state_dict().items()}, building / MODEL)
    gather(evidence.network, pictures, mapping, building, rows).save(building)
    save_card(building, Card(name=card.name, family=card.family, size=card.size, network=card.network))
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return Evidence.load(folder)
