"""Belts: what views of a sphere have in common because they lie on one circle of latitude.

Winds blow a gas giant's clouds along circles of latitude, so its map is nearly a function of latitude alone, all the
way around; a moon's is not. Views that overlap agree about a place, but not about the other side of the planet. So two
things are made common to a latitude's *zone*, as far as they are on the bodies that were learned from: the noise that
views begin from, and, in what all of them expect, how much of the variation is between zones (the *zonal share*).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from render.generators.sphere import Doubles, Floats, Views

STRONGEST = 3.0
"""How many times stronger belts may be made in one step: at first there is next to nothing of them."""


def zonal_share(picture: npt.NDArray[Any], north: float = 90.0, south: float = -90.0) -> float:
    """How much of the variance of a map, (h, 2 h, 3), lies between its rows, 0 to 1. north, south: where it ends."""
    height = len(picture)
    latitude = 180 * (0.5 - (np.arange(height) + 0.5) / height)
    seen = (latitude < north) & (latitude > south)
    rows, area = picture[seen].astype(np.float64), np.cos(np.radians(latitude[seen]))
    mean = rows.mean(axis=1)
    middle = np.average(mean, axis=0, weights=area)
    between = np.average((mean - middle) ** 2, axis=0, weights=area).sum()
    whole = np.average(((rows - middle) ** 2).mean(axis=1), axis=0, weights=area).sum()
    return float(between / whole) if whole > 0 else 0.0


@dataclass(frozen=True)
class Zones:
    """The zones of all pixels of some views, each a pixel high.

    which: the zone of a pixel, (views, size * size); of: of a point that holds noise. mean: from pixels to their zones,
    back: from zones to pixels, both sparse. area: of the sphere that a pixel stands for, adding up to 1.
    """

    which: npt.NDArray[np.int64]
    of: npt.NDArray[np.int64]
    mean: Any
    back: Any
    area: Floats

    @classmethod
    def across(cls, views: Views, points: Doubles) -> Zones:
        pixel = math.radians(views.degrees) / views.size
        place = _north(views.directions()) / pixel
        count = int(place.max()) + 2
        which = place.astype(int)
        beyond = (place - which).ravel()
        zone, number = which.ravel(), np.arange(which.size)
        coordinates = (np.concatenate([number, number]), np.concatenate([zone, zone + 1]))
        shares = np.concatenate([1 - beyond, beyond])
        back = sparse.coo_matrix((shares, coordinates), (which.size, count)).tocsr()
        total = np.asarray(back.sum(axis=0)).ravel()
        mean = sparse.diags(1 / np.maximum(total, 1e-9)) @ back.T
        middle = np.sin((np.arange(count) + 0.5) * pixel).clip(0)
        area = (middle / np.maximum(np.bincount(zone, minlength=count), 1))[zone]
        own = np.minimum((_north(points) / pixel).astype(int), count - 1)
        return cls(
            which.reshape(len(which), -1),
            own,
            mean.astype(np.float32).tocsr(),
            back.astype(np.float32),
            (area / area.sum()).astype(np.float32),
        )

    def alike(
        self, noise: Floats, points: Floats, seen: list[npt.NDArray[np.int64]], share: float
    ) -> npt.NDArray[np.float32]:
        """White noise of views, (views, c, size, size), of which a zone's sum is correlated by `share` with that of the
        same zone all around the sphere. It stays white, since one normal number takes the place of another.

        points: the noise that it was gathered from, (c, points). seen: which points fall into each view.
        """
        zones = self.mean.shape[0]
        everywhere = np.bincount(self.of, minlength=zones)
        common = np.stack([np.bincount(self.of, one, zones) for one in points]) / np.sqrt(np.maximum(everywhere, 1))
        out = noise.reshape(*noise.shape[:2], -1).copy()
        for view, (zone, mine) in enumerate(zip(self.which, seen, strict=True)):
            width = np.sqrt(np.maximum(np.bincount(zone, minlength=zones), 1))
            # as much as is common already, since a view's points are some of all
            before = np.sqrt((np.bincount(self.of[mine], minlength=zones) / np.maximum(everywhere, 1)).clip(0, 0.99))
            wanted = before + share * (1 - before)
            rest = np.sqrt((1 - wanted**2) / (1 - before**2))
            for channel in range(len(points)):
                sum_ = np.bincount(zone, out[view, channel], zones) / width
                new = wanted * common[channel] + rest * (sum_ - before * common[channel])
                out[view, channel] += ((new - sum_) / width)[zone]
        return out.reshape(noise.shape).astype(np.float32)

    def levelled(self, expected: Floats, share: float) -> Floats:
        """What views expect, (pixels, c), with at least `share` of its variance between zones and no more in all:
        belts become stronger by what everything else becomes weaker.
        """
        belts = self.back @ (self.mean @ expected)
        other = expected - belts
        middle = self.area @ belts
        between, within = float((self.area @ (belts - middle) ** 2).sum()), float((self.area @ other**2).sum())
        if between == 0 or within == 0 or between >= share * (between + within):
            return expected
        stronger = min(STRONGEST, math.sqrt(share * (between + within) / between))
        weaker = math.sqrt((1 - share) * (between + within) / within)
        return np.asarray(middle + stronger * (belts - middle) + weaker * other, dtype=np.float32)


def _north(directions: Doubles) -> Doubles:
    """(..., 3) to the angle from the south pole, 0 to pi."""
    return np.asarray(np.arcsin(np.clip(directions[..., 2], -1, 1)) + math.pi / 2)
