"""The nearest other of every member of a set: exactly for small sets, with faiss for large ones.

All pairs of fifty thousand pictures are two and a half thousand million products; of a million, four hundred times as
many. From `LARGE` on a graph (HNSW: Malkov & Yashunin 2018, arXiv:1603.09320) finds nearly every nearest one with a
fraction of them. One picture against all is exact at any size (`check`): it is one product for each.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from render.errors import NonesuchError

LARGE = 50_000
LINKS, BREADTH = 32, 128
"""Of the graph: edges a node, and how many candidates a search keeps open."""


def nearest_others(found: Tensor, large: int = LARGE) -> tuple[Tensor, Tensor]:
    """Unit vectors (n, f) to the cosine distance of each to its nearest other, (n,), and which one that is, (n,).

    large: from how many on the graph is used. Raises NonesuchError where that is needed and faiss is not installed.
    """
    if len(found) < 2:
        return torch.ones(len(found)), torch.zeros(len(found), dtype=torch.long)
    return _exact(found) if len(found) < large else _approximate(found)


def _exact(found: Tensor) -> tuple[Tensor, Tensor]:
    distances, which = [], []
    for begin in range(0, len(found), 512):
        likeness = found[begin : begin + 512] @ found.T
        rows = torch.arange(len(likeness))
        likeness[rows, rows + begin] = -torch.inf
        best = likeness.max(1)
        distances.append(1 - best.values)
        which.append(best.indices)
    return torch.cat(distances).clamp_min(0), torch.cat(which)


def _approximate(found: Tensor) -> tuple[Tensor, Tensor]:
    try:
        import faiss
    except ImportError:
        raise NonesuchError(
            f"{len(found):,} pictures are too many to compare each with each: `pip install 'nonesuch[many]'` brings "
            "faiss, which need not."
        ) from None
    vectors = np.ascontiguousarray(found.float().numpy())
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = index.hnsw.efSearch = BREADTH
    index.add(vectors)
    likeness, which = index.search(vectors, 2)
    own = which[:, 0] == np.arange(len(vectors))  # twins of equal features may stand before oneself
    column = np.where(own, 1, 0)
    rows = np.arange(len(vectors))
    return torch.from_numpy(1 - likeness[rows, column]).clamp_min(0), torch.from_numpy(which[rows, column])
