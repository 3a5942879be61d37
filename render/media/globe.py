"""A globe from a map: the sphere seen from afar, lit by one sun, leaning as its seed says, with or without rings.

The map is what the network drew. Phase, lean, longitude and rings are not: they are arithmetic on the recipe's seed, so
the same planet always hangs in the same light. Everything is computed in linear light and shown in sRGB.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from render.display import Floats
from render.noise import ASPECT, normals, uniforms
from render.recipe import Recipe

Doubles = npt.NDArray[np.float64]
RINGED = "gas_giant"
"""The class that may have rings."""
RING_SHARE = 0.4
RING_INNER, RING_OUTER = 1.3, 2.05  # in radii of the planet
CLOUDED = ("gas_giant",)
"""Classes whose light fades towards the limb, as an atmosphere's does."""
EXPOSURE = 1.15
NIGHT = 0.008
"""Light that the night side keeps, as a share of the day's: it is black to the eye, but not cut out."""


@dataclass(frozen=True)
class Aspect:
    """How a globe hangs before us, angles in degrees.

    phase: between sun and eye, seen from the globe: 0 is full, positive is lit from the right. sun_height: of the sun
    above the eye's plane. lean: of the axis, clockwise. towards: of the north pole to us. longitude: in the middle.
    """

    phase: float
    sun_height: float
    lean: float
    towards: float
    longitude: float
    rings: bool

    @classmethod
    def of(cls, recipe: Recipe) -> Aspect:
        """The aspect that belongs to a recipe's seed."""
        phase, height, lean, towards = (float(z) for z in normals(recipe.seed, (4,), stream=ASPECT)[:4])
        side, longitude, ring = uniforms(recipe.seed, 3, stream=ASPECT + 1)
        rings = recipe.class_name == RINGED and ring < RING_SHARE
        tilt = (1 if towards >= 0 else -1) * max(abs(towards) * 10, 9.0) if rings else towards * 14
        return cls(
            phase=round((1 if side < 0.5 else -1) * min(25 + abs(phase) * 32, 95), 1),
            sun_height=round(height * 9, 1),
            lean=round(float(np.clip(lean * 16, -40, 40)), 1),
            towards=round(float(np.clip(tilt, -35, 35)), 1),
            longitude=round(360 * longitude - 180, 1),
            rings=rings,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sun(self) -> Doubles:
        """The direction of the sun; x to the right, y up, z to the eye."""
        phase, height = math.radians(self.phase), math.radians(self.sun_height)
        return np.array([math.sin(phase) * math.cos(height), math.sin(height), math.cos(phase) * math.cos(height)])

    @property
    def axes(self) -> Doubles:
        """(3, 3): from the eye's axes to the globe's: x to longitude 0, y to 90 east, z to the north pole."""
        lean, towards, longitude = (math.radians(v) for v in (self.lean, self.towards, self.longitude))
        north = np.array([math.sin(lean) * math.cos(towards), math.cos(lean) * math.cos(towards), math.sin(towards)])
        facing = np.array([0.0, 0.0, 1.0])
        middle = facing - north * north[2]
        middle /= np.linalg.norm(middle)
        east = np.cross(north, middle)
        zero = math.cos(longitude) * middle - math.sin(longitude) * east
        return np.stack([zero, np.cross(north, zero), north])


def globe(surface: Floats, aspect: Aspect, recipe: Recipe, size: int) -> Floats:
    """A map, (3, h, 2 h) in data space, to the picture of its globe on black, (3, size, size) in data space."""
    reach = 1.14 if not aspect.rings else 2.16
    line = ((np.arange(size) + 0.5) / size * 2 - 1) * reach
    x, y = np.meshgrid(line, -line)
    pixel = 2 * reach / size
    light = _ball(surface, aspect, recipe, x, y, pixel)
    if aspect.rings:
        light = _with_rings(light, surface, aspect, recipe, x, y, pixel)
    return np.asarray(to_srgb(light).transpose(2, 0, 1) * 2 - 1, dtype=np.float32)


def _ball(surface: Floats, aspect: Aspect, recipe: Recipe, x: Doubles, y: Doubles, pixel: float) -> Doubles:
    """(size, size, 3): linear light of the sphere, its edge softened over a pixel."""
    radius = np.hypot(x, y)
    inside = np.clip((1 - radius) / pixel + 0.5, 0, 1)
    shrink = np.where(radius > 0.999, 0.999 / np.maximum(radius, 1e-9), 1.0)
    normal = np.stack([x * shrink, y * shrink, np.sqrt(np.clip(1 - (radius * shrink) ** 2, 0, 1))], axis=-1)
    colour = to_linear(sampled(surface, normal @ aspect.axes.T))
    day = np.clip(normal @ aspect.sun, -1, 1)
    lit = np.maximum((day + 0.07) / 1.07, 0) ** 1.3  # a little past the terminator, and softly
    if recipe.class_name in CLOUDED:
        lit = lit * (0.45 + 0.55 * np.sqrt(normal[..., 2]))
    if aspect.rings:
        lit = lit * (1 - 0.75 * _ring_shadow(normal, aspect, recipe))
    shaded = colour * (lit + NIGHT)[..., None] * EXPOSURE
    return np.asarray(shaded * inside[..., None])


def _profile(recipe: Recipe, radius: Doubles) -> Doubles:
    """How dense the rings are at distances from the middle: smooth noise with gaps, 0 outside."""
    place = (radius - RING_INNER) / (RING_OUTER - RING_INNER)
    waves = normals(recipe.seed, (24,), stream=ASPECT + 2).astype(np.float64)
    knots = np.linspace(0, 1, 24)
    fine = normals(recipe.seed, (90,), stream=ASPECT + 3).astype(np.float64)
    density = 0.55 + 0.28 * np.interp(place, knots, waves) + 0.12 * np.interp(place, np.linspace(0, 1, 90), fine)
    edge = np.clip(place / 0.03, 0, 1) * np.clip((1 - place) / 0.03, 0, 1)
    return np.asarray(np.clip(density, 0, 0.95) * edge)


def _ring_shadow(normal: Doubles, aspect: Aspect, recipe: Recipe) -> Doubles:
    """How much of the sun the rings keep from each point of the sphere."""
    north, sun = aspect.axes[2], aspect.sun
    rise = float(north @ sun)
    if abs(rise) < 1e-3:
        return np.zeros(normal.shape[:-1])
    way = -(normal @ north) / rise
    met = normal + np.maximum(way, 0)[..., None] * sun
    shadow: Doubles = np.where(way > 0, _profile(recipe, np.linalg.norm(met, axis=-1)), 0.0)
    return shadow


def _with_rings(
    ball: Doubles, surface: Floats, aspect: Aspect, recipe: Recipe, x: Doubles, y: Doubles, pixel: float
) -> Doubles:
    """Rings in the equator's plane: behind the sphere, before it, and in its shadow."""
    north, sun = aspect.axes[2], aspect.sun
    depth = -(x * north[0] + y * north[1]) / north[2]
    place = np.stack([x, y, depth], axis=-1)
    dense = _profile(recipe, np.linalg.norm(place, axis=-1))
    along = place @ sun
    from_axis = np.sqrt(np.maximum((place**2).sum(-1) - along**2, 0))
    shaded = (along < 0) & (from_axis < 1)
    same_side = float(north @ sun) * float(north[2]) > 0
    tint = to_linear((surface.reshape(3, -1).mean(1) + 1) / 2)
    tint = 0.35 * tint / max(float(tint.max()), 1e-3) + 0.65 * np.array([0.86, 0.8, 0.72])
    glow = np.where(shaded, 0.01, 0.62 if same_side else 0.22) * dense
    light = glow[..., None] * tint
    covered = np.clip((1 - np.hypot(x, y)) / pixel + 0.5, 0, 1)
    hidden = np.where(depth < 0, covered, 0.0)[..., None]
    front = np.where(depth >= 0, dense, 0.0)[..., None]
    return np.asarray(ball * (1 - front) + light * (1 - hidden))


def sampled(surface: Floats, directions: Doubles) -> Doubles:
    """What a map shows in directions, (..., 3), in [0, 1]: Catmull-Rom would ring at coasts, so bilinear."""
    height = surface.shape[1]
    row = np.clip((0.5 - np.arcsin(np.clip(directions[..., 2], -1, 1)) / math.pi) * height - 0.5, 0, height - 1.001)
    column = (np.arctan2(directions[..., 1], directions[..., 0]) / math.pi + 1) * height - 0.5
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    fy, fx = row - top, column - left
    one, two = left % (2 * height), (left + 1) % (2 * height)
    above = surface[:, top, one] * (1 - fx) + surface[:, top, two] * fx
    below = surface[:, top + 1, one] * (1 - fx) + surface[:, top + 1, two] * fx
    return np.asarray(np.clip(((above * (1 - fy) + below * fy) + 1) / 2, 0, 1).transpose(1, 2, 0))


def to_linear(shown: Any) -> Doubles:
    """sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    shown = np.asarray(shown, dtype=np.float64)
    light: Doubles = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    return light


def to_srgb(light: Doubles) -> Doubles:
    """Linear light to sRGB in [0, 1]; brighter than white is rolled off softly above 0.8."""
    light = np.where(light > 0.8, 0.8 + 0.2 * np.tanh((light - 0.8) / 0.2), np.maximum(light, 0))
    shown: Doubles = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return shown
