"""Can the kind of a body be told that was never seen? By colour and texture of a map's views, one body left out.

    python benchmarks/planet_kinds.py planets.tar docs/planets.csv

Every map is seen in 24 square views, 60 degrees wide. A view becomes sixteen numbers: mean and spread of three colours,
spread of the light as it is and after each of three blurs, how much rows and columns differ, and quantiles of the
gradient. A linear discriminant and a forest of extremely randomised trees (scikit-learn), all kinds of equal weight,
learn the views of all bodies but one, and vote on those of that one.
"""

from __future__ import annotations

import csv
import io
import sys
import tarfile
from collections import Counter
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scipy.ndimage import gaussian_filter
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from render.generators.sphere import Views

Floats = npt.NDArray[np.float64]
VIEWS, DEGREES, SIZE = 24, 60.0, 64


def seen(surface: Floats) -> list[Floats]:
    """Views of a map, (height, 2 height, 3) in [0, 1], by the nearest pixel: (SIZE, SIZE, 3) each."""
    directions = Views.around(VIEWS, DEGREES, SIZE).directions()
    height, width = surface.shape[:2]
    row = (0.5 - np.arcsin(np.clip(directions[..., 2], -1, 1)) / np.pi) * height
    column = (np.arctan2(directions[..., 1], directions[..., 0]) / (2 * np.pi) % 1) * width
    return list(surface[np.minimum(row.astype(int), height - 1), np.minimum(column.astype(int), width - 1)])


def described(view: Floats) -> Floats:
    """Sixteen numbers."""
    light = view.mean(axis=2)
    down, across = np.gradient(light)
    steep = np.hypot(down, across)
    blurred = [gaussian_filter(light, sigma).std() for sigma in (1, 3, 8)]
    bands = [light.mean(axis=axis).std() for axis in (0, 1)]
    colours = [*view.mean(axis=(0, 1)), *view.std(axis=(0, 1))]
    return np.array([*colours, light.std(), *blurred, *bands, *np.quantile(steep, (0.25, 0.5, 0.75, 0.95))])


@click.command
@click.argument("maps", type=click.Path(path_type=Path, exists=True))
@click.argument("labels", type=click.Path(path_type=Path, exists=True))
def main(maps: Path, labels: Path) -> None:
    """Print how many maps of bodies never seen are named rightly, by kind, and the balanced accuracy."""
    with labels.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"]]
    with tarfile.open(maps) as tar:
        read = {row["file"]: tar.extractfile(row["file"]) for row in rows}
        pictures = {name: Image.open(io.BytesIO(file.read())).convert("RGB") for name, file in read.items() if file}
    bodies = [row["body"] or Path(row["file"]).stem for row in rows]
    kinds = [row["label"] for row in rows]
    many = Counter(kinds)
    views = [np.stack([described(v) for v in seen(np.asarray(pictures[row["file"]]) / 255)]) for row in rows]
    even = np.full(len(many), 1 / len(many))
    judges = {
        "discriminant": make_pipeline(
            StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=even)
        ),
        "trees": ExtraTreesClassifier(200, class_weight="balanced", min_samples_leaf=3, random_state=0),
    }
    for name, judge in judges.items():
        right: Counter[str] = Counter()
        for i, kind in enumerate(kinds):
            others = [j for j in range(len(rows)) if bodies[j] != bodies[i]]
            judge.fit(np.concatenate([views[j] for j in others]), np.repeat([kinds[j] for j in others], VIEWS))
            right[kind] += judge.classes_[judge.predict_proba(views[i]).mean(axis=0).argmax()] == kind
        each = ", ".join(f"{kind} {right[kind]} of {count}" for kind, count in sorted(many.items()))
        balanced = np.mean([right[kind] / count for kind, count in many.items()])
        click.echo(f"{name}: {each}; balanced accuracy {balanced:.1%}, by guessing {1 / len(many):.1%}")


if __name__ == "__main__":
    main()
