"""What the report knows of each picture: its shape, its spectrum, and where it lies in two named spaces of features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from render.display import DisplayMapping
from render.evidence.network import CopyNetwork, CopyNetworkSettings, features, shrink
from render.plausibility.pictures import Pictures
from render.plausibility.shape import shapes
from render.training.quality import spectra
from render.weights import MODEL, load_card, load_tensors

Floats = npt.NDArray[np.float64]
Progress = Callable[[int], None]
SIDE = 24
COMPONENTS = 32
PIXELS = "pixels"


@dataclass(frozen=True)
class Looks:
    """shape (n, 6); spectrum (n, k); spaces: by name, features (n, f), `pixels` among them."""

    shape: Floats
    spectrum: Floats
    spaces: dict[str, Floats]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Looks:
        spaces = {name: values[rows] for name, values in self.spaces.items()}
        return Looks(self.shape[rows], self.spectrum[rows], spaces)

    def table(self) -> Floats:
        """Everything that boosted trees may look at, (n, 32 + k + 6): components, log spectrum, shape."""
        power = np.log10(np.maximum(self.spectrum, 1e-12))
        return np.concatenate([self.spaces[PIXELS], power, self.shape], axis=1)


class Eye:
    """Looks at pictures; the axes of the pixel space are those of the real ones that it is made with.

    detector: a folder of a copy detector, whose features are the second space, under its name; None for none.
    """

    def __init__(self, real: Pictures, mapping: DisplayMapping, detector: Path | None = None) -> None:
        self._mapping = mapping
        light = _small(real)
        self._mean = light.mean(axis=0)
        _, _, axes = np.linalg.svd(light - self._mean, full_matrices=False)
        self._axes = axes[:COMPONENTS]
        self._network: CopyNetwork | None = None
        self.spaces = {PIXELS: f"the first {len(self._axes)} principal components of real pictures at {SIDE} px"}
        if detector is not None:
            card = load_card(detector)
            self._network = CopyNetwork(CopyNetworkSettings.from_card(card.network)).eval()
            self._network.load_state_dict({key: value.float() for key, value in load_tensors(detector).items()})
            self._name = card.name
            count, digest = self._network.settings.features, card.sha256[MODEL][:12]
            self.spaces[card.name] = f"{count} features of the copy detector {card.name} ({digest})"

    def look(self, pictures: Pictures, progress: Progress = lambda count: None) -> Looks:
        """Pictures in data space, (n, 3, h, w)."""
        shape = []
        for picture in pictures:
            shape.append(shapes(picture[None], self._mapping)[0])
            progress(1)
        spaces = {PIXELS: (_small(pictures) - self._mean) @ self._axes.T}
        if self._network is not None:
            spaces[self._name] = features(self._network, torch.from_numpy(pictures)).numpy().astype(np.float64)
        return Looks(np.array(shape), spectra(pictures), spaces)


def _small(pictures: Pictures) -> Floats:
    """Light in [0, 1] at SIDE pixels, (n, 3 SIDE^2)."""
    light = shrink(torch.from_numpy(pictures), SIDE)
    return light.flatten(1).numpy().astype(np.float64)
