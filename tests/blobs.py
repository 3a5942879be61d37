"""What tests of training share: a prepared set of blobs, and a run over it that takes a moment."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from render.display import DisplayMapping
from render.training.dataset import TrainingSet
from render.training.flow import FlowSettings
from render.training.pool import Pictures
from render.training.shipping import Description

TINY = FlowSettings(steps=4, batch=4, warmup=2, checkpoint_every=2, channels=(32, 64), precision="fp32")
ABOUT = Description("tiny", "blob", "synthetic blobs")


def prepared_blobs(folder: Path) -> Path:
    """A prepared set of 40 round and long blobs on a grey sky, folds 0 to 9, in the format of `nonesuch prepare`."""
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    images, rows = [], []
    for i in range(40):
        long = i % 2
        light = np.exp(-(x**2 + y**2 * (1 + 8 * long)) * 6)[..., None] * [220, 200, 160 + i]
        images.append(np.clip(20 + light, 0, 255).astype(np.uint8))
        label = "lenticular" if long else "elliptical"
        rows.append({"file": f"{i}.png", "source": "made", "label": label, "fold": str(i // 2 % 10)})
    np.save(folder / "images.npy", np.stack(images))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "source", "label", "fold", "licence", "attribution"])
        writer.writeheader()
        writer.writerows({**row, "licence": "CC0-1.0", "attribution": "nobody"} for row in rows)
    return folder


def pictures_of(folder: Path) -> Pictures:
    return Pictures.load(TrainingSet.open(folder), DisplayMapping(), None, ["elliptical", "lenticular"])
