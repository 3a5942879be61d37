"""The check of silhouettes: a body is laid upon every real one, and what they share is measured.

Nothing but an outline can be copied of a silhouette, so no features are learned. Both bodies are brought to one place
and size by their moments (Hu 1962, IRE Transactions on Information Theory 8, 179), one is turned all the way round, in
both hands, and the nearest few are then fitted: turned, shifted and stretched a little further. What counts is how much
of the area that either covers both cover (intersection over union).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from render.evidence.check import NEIGHBOURS, Neighbour, Verdict, rounded, share_below
from render.evidence.thumbnails import FILE as THUMBNAILS
from render.evidence.thumbnails import Thumbnails
from render.evidence.together import Twins
from render.weights import Card, load_card, load_tensors, verify

FAMILY = "outlines"
SIDE = 48
"""Pixels on which bodies are laid upon each other."""
REACH = 2.7
"""How many radii of gyration that picture shows from its middle to its edge."""
TURNS = 36
CANDIDATES = 4
"""Real bodies that a body is fitted to: those that it covers best before."""
FITS = (
    (math.radians(4), 0.06, 0.06, 0.05),
    (math.radians(1.5), 0.025, 0.025, 0.02),
    (math.radians(0.7), 0.01, 0.01, 0.008),
)
"""Rounds of the fit: how far angle, logarithms of both scales, and shift are varied, all at once."""


def upright(cover: Tensor) -> Tensor:
    """Silhouettes, (n, h, w) in [0, 1], to (n, SIDE, SIDE): the centroid in the middle, and all as wide about it."""
    n, height, width = cover.shape
    y = ((torch.arange(height) + 0.5) / height * 2 - 1)[None, :, None]
    x = ((torch.arange(width) + 0.5) / width * 2 - 1)[None, None, :]
    mass = cover.sum((1, 2)).clamp_min(1e-6)
    cx, cy = (cover * x).sum((1, 2)) / mass, (cover * y).sum((1, 2)) / mass
    away = (x - cx[:, None, None]) ** 2 + (y - cy[:, None, None]) ** 2
    radius = ((cover * away).sum((1, 2)) / mass).sqrt().clamp_min(1e-3) * REACH
    zero = torch.zeros_like(radius)
    moved = torch.stack([radius, zero, cx, zero, radius, cy], 1).view(n, 2, 3)
    return _seen(cover, moved)


def turned(body: Tensor) -> tuple[Tensor, Tensor]:
    """One upright body, (SIDE, SIDE), in all turns and both hands: (2 TURNS, SIDE, SIDE), and how, (2 TURNS, 2, 2)."""
    angle = torch.arange(TURNS) * (2 * math.pi / TURNS)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    both = torch.cat([turn, turn * torch.tensor([[-1.0], [1.0]])])
    return _seen(body.expand(len(both), -1, -1), torch.cat([both, torch.zeros(len(both), 2, 1)], 2)), both


def shared(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of bodies, (..., SIDE, SIDE) each, as soft at the edge as their pixels: (...)."""
    both = torch.minimum(one, other).sum((-2, -1))
    return both / torch.maximum(one, other).sum((-2, -1)).clamp_min(1e-6)


def fitted(body: Tensor, how: Tensor, real: Tensor) -> Tensor:
    """The best share of (k,) real bodies, (k, SIDE, SIDE), with a body that begins as `how`, (k, 2, 2), says."""
    k = len(real)
    now = torch.cat([how, torch.zeros(k, 2, 1)], 2)  # (k, 2, 3)
    best = torch.zeros(k)
    for step in FITS:
        trials = torch.tensor(list(product((-1.0, 0.0, 1.0), repeat=5)))  # angle, two scales, two shifts
        angle, wide, high = trials[:, 0] * step[0], (trials[:, 1] * step[1]).exp(), (trials[:, 2] * step[2]).exp()
        cos, sin = angle.cos(), angle.sin()
        change = torch.stack([torch.stack([cos * wide, -sin * high], 1), torch.stack([sin * wide, cos * high], 1)], 1)
        for i in range(k):
            moved = torch.cat([now[i, :, :2] @ change, (now[i, :, 2] + trials[:, 3:] * step[3])[:, :, None]], 2)
            found = shared(_seen(body.expand(len(moved), -1, -1), moved), real[i])
            best[i], now[i] = found.max(), moved[found.argmax()]
    return best


def _seen(cover: Tensor, moved: Tensor) -> Tensor:
    """(n, h, w) through affine maps, (n, 2, 3): (n, SIDE, SIDE)."""
    grid = affine_grid(moved, [len(cover), 1, SIDE, SIDE], align_corners=False)
    return grid_sample(cover[:, None], grid, align_corners=False)[:, 0]


def best_shares(cover: Tensor, real: Tensor, but: int | None = None) -> tuple[Tensor, Tensor]:
    """A silhouette, (h, w), beside upright real ones, (m, SIDE, SIDE): the best CANDIDATES, (k,), and their shares.

    but: the place of one that does not count.
    """
    body = upright(cover[None])[0]
    turns, how = turned(body)
    flat, held = turns.flatten(1), real.flatten(1)
    both = flat @ held.T  # (turns, m): nearly the intersection, as most pixels are covered or not
    share = both / (flat.sum(1)[:, None] + held.sum(1)[None] - both).clamp_min(1e-6)
    most = share.max(0)
    order = most.values.clone()
    if but is not None:
        order[but] = -1
    places = order.topk(min(CANDIDATES, len(real) - (but is not None))).indices
    shares = fitted(body, how[most.indices[places]], real[places])
    rank = shares.argsort(descending=True)
    return places[rank], shares[rank]


@dataclass(frozen=True)
class OutlineEvidence:
    """Real silhouettes that a generator learned from.

    real: (m, SIDE, SIDE) upright; nearest: (m,) what each lacks to its own nearest, ascending; own: the same in the
    order of the set.
    """

    folder: Path
    card: Card
    real: Tensor
    own: Tensor
    nearest: Tensor
    pictures: list[dict[str, Any]]
    thumbnails: Thumbnails

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> OutlineEvidence:
        """Raises NonesuchError when a file is not the one that the card describes."""
        card, tensors = load_card(folder), load_tensors(folder)
        verify(folder, (THUMBNAILS,))
        pictures = json.loads(tensors["pictures"].numpy().tobytes())
        own = tensors["nearest"].float()
        real = tensors["real"].float() / 255
        shown = Thumbnails(folder, tensors["offsets"].tolist())
        return cls(folder, card, real, own, own.sort().values, pictures, shown)

    @property
    def threshold(self) -> float | None:
        return self.card.quality.get("threshold")

    def thumbnail(self, index: int) -> bytes:
        """A real silhouette as a small WebP. Raises NonesuchError when none has that index."""
        return self.thumbnails[index]

    def check(self, images: Tensor) -> list[Verdict]:
        """Pictures in data space, (n, 3, h, w), each looked at alone."""
        return [self._check(self._cover(image)) for image in images]

    @torch.inference_mode()
    def _check(self, cover: Tensor) -> Verdict:
        places, shares = best_shares(cover, self.real)
        far, first = 1 - shares, int(places[0])
        return Verdict(
            near_copy=self.threshold is not None and float(shares[0]) >= self.threshold,
            distance=rounded(far[0]),
            percentile=share_below(self.nearest, float(far[0])),
            likeness=rounded(shares[0]),
            threshold=self.threshold,
            neighbours=tuple(self._neighbour(int(p), float(d)) for p, d in zip(places, far, strict=True))[:NEIGHBOURS],
            authentic=bool(far[0] > self.own[first]),
        )

    @torch.inference_mode()
    def twins(self, count: int, picture: Callable[[int], Tensor]) -> list[Twins]:
        """Pairs among `count` pictures that share as much as a copy shares with its original."""
        if self.threshold is None or count < 2:
            return []
        covers = [self._cover(picture(place)) for place in range(count)]
        bodies = upright(torch.stack(covers))
        found: dict[tuple[int, int], float] = {}
        for place, cover in enumerate(covers):
            for other, share in zip(*best_shares(cover, bodies, but=place), strict=True):
                pair = (min(place, int(other)), max(place, int(other)))
                found[pair] = max(found.get(pair, 0.0), float(share))
        alike = ((pair, share) for pair, share in sorted(found.items()) if share >= self.threshold)
        return [Twins(*pair, rounded(1 - share), rounded(share)) for pair, share in alike]

    def scale(self) -> dict[str, float]:
        """Percentiles of what a real body lacks to its own nearest: what distances are read against."""
        return {str(p): rounded(np.percentile(self.nearest.numpy(), p)) for p in (1, 5, 25, 50, 75, 95, 99)}

    def _cover(self, image: Tensor) -> Tensor:
        shown = self.card.mapping.to_display(image.numpy())
        return torch.from_numpy(shown[..., 0].astype(np.float32) / 255)

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        about = self.pictures[index]
        return Neighbour(index, about["file"], rounded(distance), about["credit"], about["class_name"])


def between(real: Tensor, covers: Sequence[Tensor]) -> Tensor:
    """What each of a set's silhouettes lacks to its nearest other, (m,)."""
    return torch.stack([1 - best_shares(cover, real, but=place)[1][0] for place, cover in enumerate(covers)])
