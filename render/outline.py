"""Outlines as distances: how far each place of a silhouette lies from its edge, and the edge back from that.

A field of signed distances (Osher & Sethian 1988) says at 64 pixels where an edge runs to a fraction of a pixel, so
that it can be drawn crisp at any size, which a picture of 64 pixels cannot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

FINER = 4
"""Times that a picture is enlarged before distances are measured to whole pixels."""
THIN = 0.25
"""The cover of a pixel at which a body ends in small pictures of real ones: tails and legs are thinner than a pixel."""


def signed_distances(cover: Floats, level: float = 0.5) -> Floats:
    """How much of each pixel a silhouette covers, (h, w) in [0, 1], to the distance of its middle from the edge.

    In shares of the picture's width, positive inside; beyond the picture there is nothing. Without a body, all is as
    far away as the picture is wide. level: the cover at which a body ends.
    """
    from scipy.ndimage import distance_transform_edt

    height, width = cover.shape
    size = (width * FINER, height * FINER)
    inside = np.asarray(Image.fromarray(cover).resize(size, Image.Resampling.BICUBIC)) >= level
    if not inside.any():
        return np.full(cover.shape, -1.0, dtype=np.float32)
    inside = np.pad(inside, 1)
    far = distance_transform_edt(inside) - distance_transform_edt(~inside)
    far -= np.where(inside, 0.5, -0.5)  # the edge runs between two pixels, not through one's middle
    far = far[1:-1, 1:-1]
    means = far.reshape(height, FINER, width, FINER).mean(axis=(1, 3))
    return np.asarray(means / (width * FINER), dtype=np.float32)
