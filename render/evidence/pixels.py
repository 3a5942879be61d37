"""The second view: plain pixels, reduced by principal components, over the eight symmetries of the square.

It knows nothing but light at places, so it is easy to understand and easy to deceive (a copy turned by 20 degrees is
far away); it stands beside the network's answer, which decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from render.evidence.network import shrink

SIDE = 24
COMPONENTS = 48


def eight(light: Tensor) -> Tensor:
    """(n, 3, s, s) -> (n, 8, 3, s, s): the symmetries of the square."""
    turns = [torch.rot90(light, k, (2, 3)) for k in range(4)]
    return torch.stack([*turns, *(turn.flip(3) for turn in turns)], dim=1)


@dataclass(frozen=True)
class PixelBasis:
    """mean (3 SIDE^2,), axes (components, 3 SIDE^2) orthonormal, of light in [0, 1]."""

    mean: Tensor
    axes: Tensor

    def project(self, data: Tensor) -> Tensor:
        """Pictures in data space, (n, 3, h, w), in all eight symmetries: (n, 8, components)."""
        out = torch.empty(len(data), 8, len(self.axes))
        for i, picture in enumerate(data):  # one by one: an answer cannot depend on what else was asked
            views = eight(shrink(picture[None].cpu(), SIDE))[0].flatten(1)  # (8, 3 SIDE^2)
            out[i] = (views - self.mean) @ self.axes.T
        return out


def fit_basis(data: Tensor) -> PixelBasis:
    """The principal components of pictures in data space and of their mirrored and turned copies."""
    light = torch.cat([shrink(part, SIDE) for part in torch.split(data, 256)])
    mean = eight(light.mean(0, keepdim=True)).mean((0, 1)).flatten()
    covariance = torch.zeros(mean.numel(), mean.numel())
    for part in torch.split(light, 512):
        rows = eight(part).flatten(0, 1).flatten(1) - mean
        covariance += rows.T @ rows
    # in double precision: of a few dozen pictures most eigenvalues are alike, and single precision does not converge
    _, vectors = torch.linalg.eigh(covariance.double())
    kept = min(COMPONENTS, max(1, len(data) - 1))
    return PixelBasis(mean, vectors.flip(1).T[:kept].float().contiguous())


def nearest_pixels(views: Tensor, reference: Tensor) -> Tensor:
    """views (8, components), reference (m, components) -> distance of each over the symmetries, (m,)."""
    return torch.cdist(views, reference, compute_mode="donot_use_mm_for_euclid_dist").amin(0)
