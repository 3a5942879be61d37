"""The reference set: what exhibits are compared with, in one safetensors file beside the network.

Features and pixel components of every training picture, the distance of each to its own nearest, and names,
classes and credits. The pictures themselves are the thumbnails.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor

from render.display import DisplayMapping
from render.evidence import thumbnails
from render.evidence.neighbours import nearest_others
from render.evidence.network import CopyNetwork, features
from render.evidence.pixels import PixelBasis, fit_basis
from render.training.dataset import TrainingSet
from render.weights import load_tensors

FILE = "reference.safetensors"


@dataclass(frozen=True)
class Reference:
    """features (m, f), nearest (m,): distance of each to its nearest other; pixels (m, c), pixel_nearest (m,)."""

    features: Tensor
    nearest: Tensor
    basis: PixelBasis
    pixels: Tensor
    pixel_nearest: Tensor
    offsets: Tensor  # (m + 1,) into the thumbnails
    pictures: list[dict[str, Any]]  # file, class_name, credit

    def __len__(self) -> int:
        return len(self.features)

    def save(self, folder: Path) -> None:
        """Write the file; the card's sha256 must be renewed after."""
        about = zlib.compress(json.dumps(self.pictures, separators=(",", ":")).encode(), 9)
        tensors = {
            "features": self.features.half(),
            "nearest": self.nearest.float(),
            "basis.mean": self.basis.mean.float(),
            "basis.axes": self.basis.axes.half(),
            "pixels": self.pixels.half(),
            "pixel_nearest": self.pixel_nearest.float(),
            "offsets": self.offsets.int(),
            "pictures": torch.frombuffer(bytearray(about), dtype=torch.uint8),
        }
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Reference:
        """Raises NonesuchError when the file is not the one that the card describes."""
        t = load_tensors(folder, FILE)
        return cls(
            t["features"].float(),
            t["nearest"],
            PixelBasis(t["basis.mean"], t["basis.axes"].float()),
            t["pixels"].float(),
            t["pixel_nearest"],
            t["offsets"],
            json.loads(zlib.decompress(t["pictures"].numpy().tobytes())),
        )


def gather(
    network: CopyNetwork,
    pictures: TrainingSet,
    mapping: DisplayMapping,
    folder: Path,
    chosen: npt.NDArray[np.int64] | None = None,
) -> Reference:
    """Look at every training picture (all folds but 1 and 2), or at the rows `chosen`; writes the thumbnails, returns
    the rest.
    """
    chosen = pictures.training() if chosen is None else chosen
    data = torch.from_numpy(pictures.data(chosen, mapping))
    found = features(network, data).half().float()  # as stored: loading must not change a distance
    basis = fit_basis(data)
    basis = PixelBasis(basis.mean, basis.axes.half().float())
    views = basis.project(data)  # (m, 8, c)
    pixels = views[:, 0].half().float()
    offsets = thumbnails.write_thumbnails(folder / thumbnails.FILE, (mapping.to_display(one.numpy()) for one in data))
    about = [
        {"file": row["file"], "class_name": row.get("label") or None, "credit": row.get("attribution", "")}
        for row in (pictures.rows[i] for i in chosen)
    ]
    return Reference(
        found, nearest_others(found)[0], basis, pixels, nearest_views(views, pixels), torch.from_numpy(offsets), about
    )


def nearest_views(views: Tensor, pixels: Tensor) -> Tensor:
    """Distance in pixel components of each to its nearest other over the eight symmetries, (m,)."""
    out = []
    for begin in range(0, len(pixels), 128):
        part = views[begin : begin + 128]
        distance = torch.cdist(part.flatten(0, 1), pixels).view(*part.shape[:2], -1).amin(1)
        rows = torch.arange(len(part))
        distance[rows, rows + begin] = np.inf
        out.append(distance.amin(1))
    return torch.cat(out)
