"""Distances between two sets of pictures that were looked at: in one number, in a spectrum, in a space of features."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from render.plausibility.looks import Looks
from render.plausibility.shape import MEASURES

Floats = npt.NDArray[np.float64]


def distances(one: Looks, other: Looks) -> dict[str, float]:
    """Every distance by its name; smaller is nearer, and none is negative but the kernel's, which is unbiased."""
    from scipy.stats import wasserstein_distance

    found: dict[str, float] = {}
    for column, name in enumerate(MEASURES):
        mine, theirs = (looks.shape[:, column] for looks in (one, other))
        mine, theirs = mine[np.isfinite(mine)], theirs[np.isfinite(theirs)]
        found[name] = float(wasserstein_distance(mine, theirs)) if len(mine) and len(theirs) else float("nan")
    found |= spectrum_distance(one.spectrum, other.spectrum)
    for name in one.spaces:
        found[f"frechet {name}"] = frechet(one.spaces[name], other.spaces[name])
        found[f"kernel {name}"] = kernel(one.spaces[name], other.spaces[name])
    return found


def spectrum_distance(one: Floats, other: Floats) -> dict[str, float]:
    """Mean |log10| of the ratio of the mean spectra, (n, k) each: at all frequencies, and above half of Nyquist's."""
    mine, theirs = (np.maximum(spectra.mean(axis=0), 1e-12) for spectra in (one, other))
    error = np.abs(np.log10(mine / theirs))
    return {"spectrum": float(error.mean()), "fine spectrum": float(error[len(error) // 2 :].mean())}


def frechet(one: Floats, other: Floats) -> float:
    """Fréchet distance of two normal distributions fitted to (n, f) and (m, f) (Dowson & Landau 1982; FID when f is
    Inception's, Heusel et al. 2017, arXiv:1706.08500). In its squared form, as FID is told; it depends on n.
    """
    from scipy.linalg import sqrtm

    gap = one.mean(axis=0) - other.mean(axis=0)
    a, b = (np.atleast_2d(np.cov(values, rowvar=False)) for values in (one, other))
    root: Any = sqrtm(a @ b)
    return float(max(gap @ gap + np.trace(a) + np.trace(b) - 2 * np.trace(np.real(root)), 0.0))


def kernel(one: Floats, other: Floats) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x y / f + 1)^3 (Binkowski et al. 2018,
    arXiv:1801.01401), on features of unit spread: nought on average between two halves of one set, now and then below.
    """
    scale = np.sqrt((one.var(axis=0).mean() + other.var(axis=0).mean()) / 2) or 1.0
    x, y = one / scale, other / scale

    def similar(a: Floats, b: Floats) -> Floats:
        return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)

    n, m = len(x), len(y)
    xx, yy = similar(x, x), similar(y, y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * similar(x, y).mean())


def quantiles(values: list[float]) -> dict[str, float]:
    """A floor: the median of its splits, and the value that 95 in 100 of them lie below."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not len(known):
        return {}
    return {"median": round(float(np.median(known)), 6), "95": round(float(np.quantile(known, 0.95)), 6)}
