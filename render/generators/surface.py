"""The surface family: maps of whole spheres, drawn as overlapping views that agree.

The network is that of the flow family, on square views of 64 pixels. All views of a sphere go from noise to picture
together: after every pass each takes, wherever others see the same place, the mean of what all of them expect there
(Bar-Tal et al. 2023, "MultiDiffusion", arXiv:2302.08113; on expected pictures instead of noisy ones, as Kim et al.
2024, "SyncTweedies", arXiv:2403.14370). Their noise belongs to points of the sphere, not to views, so they agree from
the start (`render.generators.sphere`); and as much as the bodies of its kind are belted, all views of one latitude
agree (`render.generators.zones`). Wide views settle what lies where; narrow ones begin from them, half-way to
noise (Meng et al. 2022, "SDEdit", arXiv:2108.01073), and add detail.

Two planes that galaxies use for a drawing tell a view what it sees: one holds the distance from the equator (0 there, 1
at the poles), so that belts lie along circles of latitude; the other the view's width as a share of the widest.

A sphere's look is a blend of two bodies that the network learned from, drawn from the seed: the source's vector takes
shares, so a blend is a place between two bodies and not either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from render.errors import NonesuchError
from render.generators import Drawings
from render.generators.building import autocast, between, filled, one_hot, placed
from render.generators.colour import blurred_colour
from render.generators.flow import is_guided
from render.generators.network import FlowNetwork, NetworkSettings
from render.generators.samplers import SAMPLERS, times
from render.generators.sphere import Floats, Views, gathered, lattice, map_directions, owners, weights
from render.generators.zones import Zones
from render.noise import STYLE, uniforms
from render.weights import Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe

POINTS = 500_000
"""Of the sphere that hold noise: at least one for every pixel of the narrowest views."""
SHIFT = 2.0
NEAR_FROM = 0.5
"""The time at which narrow views begin."""
AGREE, LAY = 1.0, 3.0
"""How sharply views give way to each other while they are drawn, and when the map is laid out."""
CHUNK = 16
"""Views in one pass: part of what makes two renders the same bytes."""
SAMPLERS_HERE = ("euler", "heun", "ab2")


@dataclass(frozen=True)
class Conditioning:
    """What steers n spheres: classes (n, classes + 1) and bodies (n, bodies + 1), weights that add up to 1; zonal: how
    much of what they are to look like is belts, 0 to 1 each.
    """

    classes: Tensor
    bodies: Tensor
    zonal: Tensor
    sampler: str
    steps: int
    guidance: float


@dataclass(frozen=True)
class Layer:
    """Views with what never changes of them. agree: how views blend; own: which points' noise each pixel takes; zones:
    what lies on one latitude.
    """

    views: Views
    share: float  # of the widest view's width
    agree: Any
    own: Any
    zones: Zones
    latitude: Tensor  # (views, 1, size, size)

    @classmethod
    def of(cls, degrees: float, count: int, size: int, widest: float) -> Layer:
        views = Views.around(count, degrees, size)
        directions = views.directions()
        agree, points = weights(directions.reshape(-1, 3), views, AGREE), lattice(POINTS)
        zones = Zones.across(views, points)
        return cls(views, degrees / widest, agree, owners(points, views), zones, from_equator(directions))

    def noise(self, points: Floats, zonal: float) -> Tensor:
        """(views, 3, size, size) of (3, points)."""
        noise = gathered(points, self.own, self.views.size)
        return torch.from_numpy(self.zones.alike(noise, points, self.own[0], zonal) if zonal else noise)

    def agreed(self, expected: Tensor, zonal: float) -> Tensor:
        """What all views expect together, (views, 3, size, size)."""
        size = self.views.size
        together = self.agree @ pixels(expected).numpy()
        return as_views(self.zones.levelled(together, zonal) if zonal else together, size)


def from_equator(directions: Any) -> Tensor:
    """The plane that holds the distance from the equator: (n, h, w, 3) to (n, 1, h, w), 0 there and 1 at the poles."""
    return torch.from_numpy(np.abs(np.arcsin(np.clip(directions[..., 2], -1, 1))) / (math.pi / 2)).float()[:, None]


class SurfaceGenerator:
    """A `FlowNetwork` that learned views of spheres, behind the generator protocol; its pictures are maps."""

    def __init__(self, card: Card, network: FlowNetwork, device: str, precision: str) -> None:
        if card.surface is None:
            raise NonesuchError(f"the card of '{card.name}' has no [surface], which the family 'surface' needs.")
        self.card, self.surface = card, card.surface
        self.device, self.precision = torch.device(device), precision
        self.network = placed(network, self.device)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> SurfaceGenerator:
        card = load_card(folder)
        network = filled(FlowNetwork(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
        return cls(card, network, device, precision)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (3, 1, POINTS)

    @cached_property
    def wide(self) -> Layer:
        return Layer.of(*self.surface.wide, self.card.size, self.surface.wide[0])

    @cached_property
    def near(self) -> Layer:
        return Layer.of(*self.surface.near, self.card.size, self.surface.wide[0])

    @cached_property
    def closer(self) -> Any:
        """From the wide views' pixels to the narrow ones'."""
        return weights(self.near.views.directions().reshape(-1, 3), self.wide.views, AGREE)

    @cached_property
    def laid(self) -> Any:
        """From the narrow views' pixels to the map's."""
        return weights(map_directions(self.surface.height), self.near.views, LAY)

    def condition(self, recipes: Sequence[Recipe]) -> Conditioning:
        settings = {(r.sampler, r.steps, r.guidance) for r in recipes}
        if len(settings) != 1:
            raise ValueError("a batch has one sampler, number of steps and guidance")
        sampler, steps, guidance = settings.pop()
        if sampler not in SAMPLERS_HERE:
            known = ", ".join(SAMPLERS_HERE)
            raise NonesuchError(f"the surface family has no sampler called '{sampler}'; it has {known}.")
        if any(r.sketch is not None for r in recipes):
            raise NonesuchError(f"'{self.card.name}' takes no sketches: leave them out of its collection.")
        classes = [one_hot(r.class_name, [*self.card.classes, None], "class", self.card) for r in recipes]
        bodies = torch.stack([self._blend(r) for r in recipes])
        belted = torch.tensor([*(self.surface.zonal.get(name, 0.0) for name in self.surface.bodies), 0.0])
        return Conditioning(torch.stack(classes), bodies, bodies @ belted, sampler, steps, guidance)

    def mix(self, a: Conditioning, b: Conditioning, t: Sequence[float]) -> Conditioning:
        return replace(
            a,
            classes=between(a.classes, b.classes, t),
            bodies=between(a.bodies, b.bodies, t),
            zonal=between(a.zonal[:, None], b.zonal[:, None], t)[:, 0],
        )

    @torch.inference_mode()
    def images(self, conditioning: Conditioning, noise: Tensor) -> Tensor:
        """(n, 3, 1, POINTS) to maps, (n, 3, height, 2 height). One after the other: a map has hundreds of views."""
        return torch.stack([self._map(conditioning, row, noise[row, :, 0].cpu().numpy()) for row in range(len(noise))])

    def _map(self, c: Conditioning, row: int, points: Floats) -> Tensor:
        sample, zonal = SAMPLERS[c.sampler], float(c.zonal[row])
        x = sample(self._velocity(c, row, self.wide), self.wide.noise(points, zonal), times(c.steps, SHIFT), None)
        closer = as_views(self.closer @ pixels(x).numpy(), self.card.size)
        x = (1 - NEAR_FROM) * closer + NEAR_FROM * self.near.noise(points, zonal)
        path = [NEAR_FROM * t for t in times(max(2, c.steps // 3), 1.0)]
        x = sample(self._velocity(c, row, self.near), x, path, None)
        net, height = self.network.settings, self.surface.height
        x = blurred_colour(x * net.scale + net.shift, net.colour)
        return torch.from_numpy(self.laid @ pixels(x).numpy()).T.reshape(3, height, 2 * height)

    def _velocity(self, c: Conditioning, row: int, layer: Layer) -> Any:
        """The velocity of all views of one sphere, (views, 3, size, size), after they have agreed."""
        steer = c.classes[row], c.bodies[row]
        nothing = none_of(c.classes[row]), none_of(c.bodies[row])

        def velocity(x: Tensor, t: float) -> Tensor:
            v = self._passes(x, t, steer, layer)
            if is_guided(t, c.guidance):
                free = self._passes(x, t, nothing, layer)
                v = free + c.guidance * (v - free)
            return (x - layer.agreed(x - t * v, float(c.zonal[row]))) / t

        return velocity

    def _passes(self, x: Tensor, t: float, steer: tuple[Tensor, Tensor], layer: Layer) -> Tensor:
        out = []
        for start in range(0, len(x), CHUNK):
            some, latitude = x[start : start + CHUNK], layer.latitude[start : start + CHUNK]
            n = len(some)
            classes, bodies = (one.expand(n, -1) for one in steer)
            told = (some, torch.full((n,), t), classes, bodies, latitude, torch.full((n,), layer.share))
            with autocast(self.device, self.precision):
                v = self.network(*(one.to(self.device) for one in told))
            out.append(v.float().cpu())
        return torch.cat(out)

    def _blend(self, recipe: Recipe) -> Tensor:
        """(bodies + 1,): the body that is asked for, or two of the class in shares that the seed decides."""
        names = list(self.surface.bodies)
        if recipe.source is not None:
            return one_hot(recipe.source, [*names, None], "body", self.card)
        row = torch.zeros(len(names) + 1)
        some = [i for i, name in enumerate(names) if recipe.class_name in (None, self.surface.bodies[name])]
        first, second, share = uniforms(recipe.seed, 3, stream=STYLE)
        a = some.pop(int(first * len(some)))
        b = some[int(second * len(some))] if some else a
        row[a] += 0.3 + 0.4 * share
        row[b] += 0.7 - 0.4 * share
        return row


def none_of(shares: Tensor) -> Tensor:
    """The same vector with all of its weight on the last place, "none"."""
    nothing = torch.zeros_like(shares)
    nothing[-1] = 1
    return nothing


def pixels(x: Tensor) -> Tensor:
    """(views, 3, size, size) to (views * size * size, 3)."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def as_views(values: Floats, size: int) -> Tensor:
    """The inverse of `pixels`."""
    return torch.from_numpy(values).view(-1, size, size, values.shape[1]).permute(0, 3, 1, 2)
