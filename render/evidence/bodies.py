"""The check of surfaces: a map beside the bodies that its generator learned from, each one thing, not many views.

Two questions, for two kinds of copy. Does it *look* like one of them: colours, and how much structure there is of each
width, compared as a distance? And is a *part* of it theirs: light without broad and zonal structure, window by window,
correlated with every body at nearby latitudes and all longitudes, in both hands, north up or down (by FFT along
longitude, on which a sphere closes)? Bodies of which only a part was ever seen count with that part; of one without
relief, such as Uranus, no part can be known again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from render.evidence.check import NEIGHBOURS, Neighbour, Verdict, rounded, share_below
from render.evidence.thumbnails import FILE as THUMBNAILS
from render.evidence.thumbnails import Thumbnails
from render.evidence.together import Twins
from render.weights import Card, load_card, load_tensors, verify

FAMILY = "bodies"
ROWS = 64
"""Of the map that is looked at, twice as wide: three degrees a pixel, finer than what makes two bodies one."""
BANDS = (0.7, 1.4, 2.8, 5.6, 11.2)
"""Pixels (standard deviations) between which structure is measured."""
COARSE = 4.0
"""Structure wider than this is no part of what is correlated: many bodies have a bright half."""
TALL, WIDE = 20, 32
"""Rows and columns of a window: 56 x 90 degrees."""
DRIFT = (-2, 0, 2)
"""Rows by which a window may lie further south on a body."""
RIM = 12.0
"""Degrees inside the edge of what was seen of a body that count for nothing: the edge itself is in no landscape."""
Floats = npt.NDArray[np.float32]


def reduced(data: Floats) -> Floats:
    """A map in data space, (3, h, 2 h), to (ROWS, 2 ROWS, 3) in [0, 1]."""
    shown = np.clip((np.asarray(data, dtype=np.float32).transpose(1, 2, 0) + 1) / 2, 0, 1)
    size = (2 * ROWS, ROWS)
    channels = [
        Image.fromarray(np.ascontiguousarray(shown[..., c])).resize(size, Image.Resampling.BOX) for c in (0, 1, 2)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def areas(seen: tuple[float, float]) -> Floats:
    """(ROWS, 1): the share of the sphere that a pixel of each row covers; 0 where a body was never seen.

    seen: degrees of latitude, the northern edge and the southern one.
    """
    latitude = 90 - (np.arange(ROWS) + 0.5) * 180 / ROWS
    area = np.cos(np.radians(latitude)) * (latitude < seen[0]) * (latitude > seen[1])
    return np.asarray(area / area.sum() / (2 * ROWS), dtype=np.float32)[:, None]


def smooth(plane: Floats, width: float) -> Floats:
    """A Gaussian over a map's plane, (ROWS, 2 ROWS), that closes over the date line."""
    return np.asarray(gaussian_filter(plane, width, mode=("nearest", "wrap")), dtype=np.float32)


def look(colours: Floats, seen: tuple[float, float] = (90.0, -90.0)) -> Floats:
    """What a map, (ROWS, 2 ROWS, 3), looks like in 13 numbers: mean and spread of light and two colours, the logarithm
    of the structure in each of BANDS, how much of it all is zonal, and how much darker the poles are.
    """
    area = areas(seen)
    light = colours.mean(axis=2)
    planes = [light, colours[..., 0] - colours[..., 2], colours[..., 1] - light]
    means = [float((plane * area).sum()) for plane in planes]
    spreads = [float(np.sqrt(((plane - mean) ** 2 * area).sum())) for plane, mean in zip(planes, means, strict=True)]
    levels = [light, *(smooth(light, width) for width in BANDS)]
    bands = [np.log(np.sqrt(((a - b) ** 2 * area).sum()) + 1e-3) for a, b in pairwise(levels)]
    rows = light.mean(axis=1, keepdims=True)
    zonal = float(((rows - means[0]) ** 2 * area * 2 * ROWS).sum()) / (spreads[0] ** 2 + 1e-4)
    away = np.abs(np.linspace(-1, 1, ROWS))[:, None]
    poles = float(((rows - means[0]) * (away - 0.5) * area * 2 * ROWS).sum())
    return np.array([*means, *spreads, *bands, zonal, poles], dtype=np.float32)


def relief(colours: Floats, seen: tuple[float, float] = (90.0, -90.0)) -> Floats:
    """The light of a map without broad and zonal structure, (ROWS, 2 ROWS), as strong in every neighbourhood; 0 where
    nothing was seen.
    """
    light = smooth(colours.mean(axis=2), 0.7)
    light = light - smooth(light, COARSE)
    light = light - light.mean(axis=1, keepdims=True)
    even = light / (np.sqrt(smooth(light**2, 2 * COARSE)) + 0.002)
    inside = (seen[0] - RIM if seen[0] < 90 else 90.0, seen[1] + RIM if seen[1] > -90 else -90.0)
    return np.asarray(even * (areas(inside) > 0), dtype=np.float32)


def windows(plane: Floats) -> Iterator[tuple[int, Floats]]:
    """Windows of a relief, in both hands and north up or down: the first row where some belong, and what they show,
    (windows, TALL, WIDE).
    """
    turned = np.stack([plane, plane[:, ::-1], plane[::-1], plane[::-1, ::-1]])
    for top in range(4, ROWS - TALL - 3, TALL // 2 - 1):
        lefts = range(0, 2 * ROWS, WIDE // 2)
        rows = turned[:, top : top + TALL]
        yield top, np.concatenate([np.take(rows, range(at, at + WIDE), axis=2, mode="wrap") for at in lefts])


@dataclass(frozen=True)
class Ground:
    """The reliefs of bodies, ready to be searched. waves, power: (m, ROWS, ROWS + 1) spectra along longitude, of the
    relief and of its square.
    """

    waves: Tensor
    power: Tensor

    @classmethod
    def of(cls, reliefs: Sequence[Floats]) -> Ground:
        planes = torch.from_numpy(np.stack(reliefs))
        return cls(torch.fft.rfft(planes), torch.fft.rfft(planes**2))

    def likeness(self, plane: Floats) -> Tensor:
        """The best correlation of any window of a relief with each of the bodies, (m,)."""
        best = torch.full((len(self.waves),), -1.0)
        cos = torch.from_numpy(np.sqrt(np.maximum(areas((90.0, -90.0)), 0))).float()
        for top, shown in windows(plane):
            weight = cos[top : top + TALL]
            asked = torch.from_numpy(shown) * weight  # (w, TALL, WIDE)
            energy = asked.square().sum((1, 2))
            asked, energy = asked[energy > 1e-9], energy[energy > 1e-9]
            if not len(asked):  # flat: there is nothing to be known again
                continue
            waves = torch.fft.rfft(asked * weight, 2 * ROWS).conj()
            mask = torch.fft.rfft((weight**2).expand(TALL, WIDE), 2 * ROWS).conj()
            for row in (top + drift for drift in DRIFT):
                held, power = self.waves[:, row : row + TALL], self.power[:, row : row + TALL]
                met = torch.fft.irfft(torch.einsum("mrf,wrf->mwf", held, waves), 2 * ROWS)  # (m, w, longitudes)
                there = torch.fft.irfft((power * mask).sum(1), 2 * ROWS).clamp_min(0)[:, None]
                full = there > 0.6 * (weight**2).sum() * WIDE  # windows that lie on what nobody saw prove nothing
                share = met / (there * energy[:, None]).sqrt().clamp_min(1e-9)
                best = torch.maximum(best, torch.where(full, share, torch.tensor(-1.0)).flatten(1).amax(1))
        return best


@dataclass(frozen=True)
class BodyEvidence:
    """The bodies that a generator learned from.

    looks: (m, 13); own: how far each body looks from its nearest other; spread: of every number over the bodies.
    """

    folder: Path
    card: Card
    looks: Tensor
    spread: Tensor
    own: Tensor
    ground: Ground
    pictures: list[dict[str, Any]]
    thumbnails: Thumbnails

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> BodyEvidence:
        """Raises NonesuchError when a file is not the one that the card describes."""
        card, tensors = load_card(folder), load_tensors(folder)
        verify(folder, (THUMBNAILS,))
        return cls(
            folder,
            card,
            tensors["looks"],
            tensors["spread"],
            tensors["own"],
            Ground.of(list(tensors["reliefs"].float().numpy())),
            json.loads(tensors["pictures"].numpy().tobytes()),
            Thumbnails(folder, tensors["offsets"].tolist()),
        )

    @property
    def threshold(self) -> float | None:
        return self.card.quality.get("threshold")

    def thumbnail(self, index: int) -> bytes:
        """A body's map as a small WebP. Raises NonesuchError when none has that index."""
        return self.thumbnails[index]

    def check(self, images: Tensor) -> list[Verdict]:
        """Maps in data space, (n, 3, h, 2 h)."""
        return [self.verdict(reduced(image.numpy())) for image in images]

    def verdict(self, colours: Floats) -> Verdict:
        """Of a map, (ROWS, 2 ROWS, 3) in [0, 1]."""
        far = self.distances(look(colours))
        likeness = self.ground.likeness(relief(colours))
        best = int(likeness.argmax())
        near_copy = self.threshold is not None and float(likeness[best]) >= self.threshold
        nearest = far.argsort()[:NEIGHBOURS].tolist()
        if near_copy:  # the one it is a copy of stands first
            nearest = [best, *(one for one in nearest if one != best)][:NEIGHBOURS]
        first = int(far.argmin())
        return Verdict(
            near_copy=near_copy,
            distance=rounded(far[first]),
            percentile=share_below(self.own.sort().values, float(far[first])),
            likeness=rounded(likeness[best]),
            threshold=self.threshold,
            neighbours=tuple(self._neighbour(one, float(far[one])) for one in nearest),
            authentic=bool(far[first] > self.own[first]),
        )

    def distances(self, seen: Floats) -> Tensor:
        """How far a look, (13,), is from every body's, (m,)."""
        return apart(torch.from_numpy(seen)[None], self.looks, self.spread)[0]

    def twins(self, count: int, picture: Callable[[int], Tensor]) -> list[Twins]:
        """Pairs among `count` maps of which a part is the same."""
        if self.threshold is None or count < 2:
            return []
        maps = [reduced(picture(place).numpy()) for place in range(count)]
        looks = torch.from_numpy(np.stack([look(one) for one in maps]))
        far = apart(looks, looks, self.spread)
        ground = Ground.of([relief(one) for one in maps])
        found = []
        for one in range(count - 1):
            likeness = ground.likeness(relief(maps[one]))
            pairs = ((one, other) for other in range(one + 1, count) if likeness[other] >= self.threshold)
            found += [Twins(*pair, rounded(far[pair]), rounded(likeness[pair[1]])) for pair in pairs]
        return found

    def scale(self) -> dict[str, float]:
        """Percentiles of how far a body looks from its nearest other: what distances are read against."""
        return {str(p): rounded(np.percentile(self.own.numpy(), p)) for p in (1, 5, 25, 50, 75, 95, 99)}

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        about = self.pictures[index]
        return Neighbour(index, about["file"], rounded(distance), about["credit"], about["class_name"])


def apart(ones: Tensor, others: Tensor, spread: Tensor) -> Tensor:
    """Distances of looks, (n, 13) and (m, 13), each number in units of its spread over the bodies: (n, m)."""
    far: Tensor = torch.cdist(ones / spread, others / spread) / ones.shape[1] ** 0.5
    return far
