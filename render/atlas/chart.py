"""A collection's chart: the axes of its index, and its map. Fitted by a stage, kept in the catalogue, read by the bake.

The map is a t-SNE (van der Maaten & Hinton 2008, JMLR 9, 2579) by openTSNE (Poličar et al. 2024, JSS 109); where that
is not installed, the first two axes of the index, spread evenly.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.atlas.look import FEATURES, RINGS

AXES = 16
TSNE, COMPONENTS = "t-sne", "components"
LEAST = 8  # exhibits before there is a chart at all
PERPLEXITY = 30.0
EDGES = 33  # quantiles by which components are spread
AMID = 5  # pictures that a new one is placed between
DARK = 0.2  # the outermost ring's light below which pictures are black at their edge

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Chart:
    """method: TSNE or COMPONENTS; mean (FEATURES,) and axes (AXES, FEATURES) of the index; scale: index units for one
    unit of look; edges (2, EDGES): quantiles of the first two components; dark: whether pictures end in black.
    """

    method: str
    mean: Floats
    axes: Floats
    scale: float
    edges: Floats
    dark: bool

    def as_json(self) -> dict[str, Any]:
        """What the catalogue keeps."""
        arrays = {name: _packed(getattr(self, name)) for name in ("mean", "axes", "edges")}
        return {"method": self.method, "scale": round(self.scale, 6), "dark": self.dark, **arrays}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Chart:
        arrays = {name: _unpacked(told[name]) for name in ("mean", "axes", "edges")}
        shaped = {"mean": arrays["mean"], "axes": arrays["axes"].reshape(AXES, FEATURES)}
        shaped["edges"] = arrays["edges"].reshape(2, EDGES)
        return cls(told["method"], scale=told["scale"], dark=told["dark"], **shaped)

    def index(self, looks: Floats) -> NDArray[np.int8]:
        """(n, FEATURES) -> (n, AXES): distances between these are those between looks, nearly."""
        return np.asarray(np.clip(np.rint(self._projected(looks) * self.scale), -127, 127), dtype=np.int8)

    def spread(self, looks: Floats) -> Floats:
        """(n, FEATURES) -> (n, 2) in [-1, 1]: each component as its rank among those that were fitted."""
        found = self._projected(looks)[:, :2]
        ranks = np.linspace(-1, 1, EDGES)
        return np.stack([np.interp(found[:, i], self.edges[i], ranks) for i in (0, 1)], axis=1).astype(np.float32)

    def _projected(self, looks: Floats) -> Floats:
        return np.asarray((looks - self.mean) @ self.axes.T, dtype=np.float32)


def fit(looks: Floats) -> tuple[Chart, Floats]:
    """(n, FEATURES), n at least LEAST -> the chart, and the places (n, 2) on its map, about 1 from the middle."""
    mean = looks.mean(axis=0)
    _, _, right = np.linalg.svd(looks - mean, full_matrices=False)
    axes = np.zeros((AXES, looks.shape[1]), dtype=np.float32)
    axes[: min(AXES, len(right))] = right[:AXES]
    largest = axes[np.arange(AXES), np.abs(axes).argmax(axis=1)]
    axes *= np.where(largest < 0, -1, 1)[:, None]  # the same sign on every machine
    found = (looks - mean) @ axes.T
    scale = 127 / max(float(np.abs(found).max()), 1e-6)
    edges = np.quantile(found[:, :2], np.linspace(0, 1, EDGES), axis=0).T
    edges += np.arange(EDGES) * 1e-6  # strictly rising, though pictures be the same
    dark = float(np.median(looks[:, RINGS - 1])) < DARK
    method = TSNE if installed() else COMPONENTS
    chart = Chart(method, mean.astype(np.float32), axes, scale, edges.astype(np.float32), dark)
    return chart, _tsne(looks) if method == TSNE else chart.spread(looks)


def place(chart: Chart, fitted: Floats, places: Floats, new: Floats) -> Floats:
    """Where `new` looks (k, FEATURES) lie on the map of the `fitted` (n, FEATURES), which lie at `places` (n, 2).

    On a t-SNE a new picture lies amid the few that it looks most like, the nearest of them counting most: where
    openTSNE would begin to move it from, and near enough to where it would end, until the whole map is fitted again.
    """
    if chart.method == COMPONENTS:
        return chart.spread(new)
    found = np.empty((len(new), 2), dtype=np.float32)
    for row, picture in enumerate(new):
        squares = np.square(fitted - picture).sum(axis=1)
        nearest = np.argsort(squares, kind="stable")[:AMID]
        reach = max(float(squares[nearest[-1]]), 1e-12)
        found[row] = np.average(places[nearest], axis=0, weights=np.exp(-4 * squares[nearest] / reach))
    return found


def installed() -> bool:
    """Whether openTSNE is here."""
    return find_spec("openTSNE") is not None


def _tsne(looks: Floats) -> Floats:
    from openTSNE import TSNEEmbedding, initialization

    begin = initialization.pca(looks.astype(np.float64), random_state=0)
    embedding = TSNEEmbedding(begin, _affinities(looks), random_state=0, n_jobs=1)
    embedding.optimize(250, exaggeration=12, momentum=0.5, inplace=True)
    embedding.optimize(500, momentum=0.8, inplace=True)
    found = np.asarray(embedding, dtype=np.float32)
    found -= found.mean(axis=0)
    return np.asarray(found / max(float(np.abs(found).max()), 1e-6), dtype=np.float32)


def _affinities(looks: Floats) -> Any:
    from openTSNE.affinity import PerplexityBasedNN

    perplexity = min(PERPLEXITY, (len(looks) - 1) / 3)
    return PerplexityBasedNN(looks.astype(np.float64), perplexity=perplexity, n_jobs=1, random_state=0)


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32)
