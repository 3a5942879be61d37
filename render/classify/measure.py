"""What can be measured of a galaxy's picture with a ruler: size, tilt, concentration, colour, what else is near.

Pictures come in data space; light is measured where the stretch is undone. Neighbouring stars are taken out as the SDSS
deblender does it (Lupton et al. 2001, ASP Conf. 238, 269): a galaxy looks the same turned by half a turn, so of every
pixel and its counterpart beyond the centre the fainter is kept. numpy only: captions and pages need no torch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from render.classify.pixels import (
    Centre,
    Floats,
    Mask,
    Plane,
    border_sky,
    components,
    shift_free_peak,
    smoothed,
    symmetric,
)
from render.display import DisplayMapping

ABOVE_SKY = 2.5  # an object's pixel is this many sigma above the sky of the smoothed picture
FAINTEST = 0.015  # ... and at least this much light (white is 1): a generated sky may have hardly any noise
NEIGHBOUR_ABOVE_SKY = 6.0
SMALLEST = 0.0008  # of the picture's area: what is smaller is noise (7 pixels of 96 x 96)
SUBPIXELS = 3  # a side: apertures of two or three pixels would otherwise be counted in whole pixels


@dataclass(frozen=True)
class Measurements:
    """Numbers about the object in the middle of a picture; all zero, and `detected` false, when nothing is there."""

    detected: bool = False
    axis_ratio: float = 0.0  # minor by major axis of the outline, 1 = round
    position_angle_deg: float = 0.0  # of the major axis, counter-clockwise from the picture's horizontal, [0, 180)
    half_light_radius: float = 0.0  # along the major axis, as a fraction of the picture's width
    concentration: float = 0.0  # 5 log10(r80 / r20) in elliptical apertures (Conselice 2003, ApJS 147, 1)
    colour: float = 0.0  # 2.5 log10(red / blue), as magnitudes: 0 = neutral, above 0 = redder
    core_colour: float = 0.0  # the same inside half the half-light radius
    disc_colour: float = 0.0  # the same between one and two half-light radii
    brightness: float = 0.0  # mean light within the half-light ellipse, 1 = white
    neighbours_in_field: int = 0  # other sources, outside the galaxy's outline

    def as_dict(self) -> dict[str, float | int | bool]:
        """For the catalogue: plain numbers, rounded to what the measurement is worth."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Located:
    """The object in the middle of a picture: what every measurement begins with.

    linear: light above the sky, (3, h, w), white is 1; spread: the sky's sigma by channel, (3,); smooth: the channels'
    mean, smoothed, less its own sky, (h, w), whose sigma is smooth_spread; outline: the object's pixels, perhaps none.
    """

    linear: Plane
    spread: Plane
    smooth: Plane
    smooth_spread: float
    centre: Centre
    outline: Mask

    @property
    def detected(self) -> bool:
        return bool(self.outline.sum() >= SMALLEST * self.outline.size)


def locate(picture: npt.NDArray[np.floating], mapping: DisplayMapping | None = None) -> Located:
    """Find the central object of a picture in data space, (3, h, w)."""
    linear = (mapping or DisplayMapping()).to_linear(np.asarray(picture, dtype=np.float32)).astype(np.float64)
    sky = np.array([border_sky(channel) for channel in linear])  # (3, 2): level and spread
    linear -= sky[:, :1, None]
    smooth = smoothed(linear.mean(axis=0))
    level, spread = border_sky(smooth)
    smooth -= level
    centre = shift_free_peak(smooth)
    outline = central_component(symmetric(smooth, centre) > max(ABOVE_SKY * spread, FAINTEST), centre)
    return Located(linear, sky[:, 1], smooth, spread, centre, outline)


def measure(picture: npt.NDArray[np.floating], mapping: DisplayMapping | None = None) -> Measurements:
    """Measure the central object of a picture in data space, (3, h, w)."""
    return measured(locate(picture, mapping))


def measured(found: Located) -> Measurements:
    """Measure an object that was located."""
    if not found.detected:
        return Measurements()
    outline, centre, smooth = found.outline, found.centre, found.smooth
    kept = np.stack([symmetric(channel, centre) for channel in found.linear])  # (3, h, w)
    kept += found.spread[:, None, None] / np.sqrt(np.pi)  # of two noisy values the fainter is too faint by that much
    light = kept.mean(axis=0)
    axis_ratio, angle = shape(np.sqrt(np.clip(light, 0, None)) * outline, centre)
    r20, r50, r80 = light_radii(light * outline, centre, axis_ratio, angle)
    radius = elliptical_radius(light.shape, centre, axis_ratio, angle)
    inner = radius <= max(r50, 1.0, float(radius.min()))
    others = components((smooth > max(NEIGHBOUR_ABOVE_SKY * found.smooth_spread, 2 * FAINTEST)) & ~grown(outline))
    areas = np.bincount(others[others > 0])
    return Measurements(
        detected=True,
        axis_ratio=axis_ratio,
        position_angle_deg=float(np.degrees(angle) % 180),
        half_light_radius=r50 / light.shape[1],
        concentration=float(5 * np.log10(r80 / r20)),
        colour=red_blue(kept, outline),
        core_colour=red_blue(kept, radius < max(0.5 * r50, 1.5)),
        disc_colour=red_blue(kept, outline & (radius > r50) & (radius < 2 * r50)),
        brightness=float(np.clip(light[inner].mean(), 0, 1)),
        neighbours_in_field=int((areas >= SMALLEST * outline.size).sum()),
    )


def central_component(mask: Mask, centre: Centre) -> Mask:
    """The connected part of the mask that holds the centre; empty when the centre is sky."""
    labels = components(mask)
    label = labels[round(centre[0]), round(centre[1])]
    return np.asarray((labels == label) & (label > 0))


def grown(mask: Mask) -> Mask:
    """The mask and a rim of two hundredths of the picture, where the galaxy's own faint edge is."""
    return smoothed(mask.astype(np.float64), 0.02 * mask.shape[1]) > 0.02


def shape(weight: Plane, centre: Centre) -> tuple[float, float]:
    """Axis ratio and the major axis' angle (radians, counter-clockwise) from second moments of the weight, (h, w).

    For ellipses that share centre, tilt and axis ratio the ratio of the moments is that of the axes, squared, whatever
    the profile (Bertin & Arnouts 1996, A&AS 117, 393, section 10). A pixel's own width, 1/12, is taken off.
    """
    y, x = np.indices(weight.shape, dtype=np.float64)
    x, y = x - centre[1], centre[0] - y  # up is positive
    total = weight.sum()
    if total <= 0:
        return 1.0, 0.0  # no light: as good as round
    xx, yy, xy = ((weight * product).sum() / total for product in (x * x, y * y, x * y))
    mean, half, tilt = (xx + yy) / 2, (xx - yy) / 2, float(np.hypot((xx - yy) / 2, xy))
    minor = max(mean - tilt - 1 / 12, 1 / 12)
    major = max(mean + tilt - 1 / 12, minor)
    return float(np.sqrt(minor / major)), float(0.5 * np.arctan2(xy, half))


def elliptical_radius(size: tuple[int, ...], centre: Centre, axis_ratio: float, angle: float, parts: int = 1) -> Plane:
    """Every (sub)pixel's distance from the centre, in pixels along the major axis, (h * parts, w * parts)."""
    y, x = np.indices((size[0] * parts, size[1] * parts), dtype=np.float64)
    x, y = (x + 0.5) / parts - 0.5 - centre[1], centre[0] - ((y + 0.5) / parts - 0.5)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return np.asarray(np.hypot(along, across / max(axis_ratio, 0.05)))


def light_radii(light: Plane, centre: Centre, axis_ratio: float, angle: float) -> tuple[float, float, float]:
    """The semi-major axes, in pixels, of the ellipses that hold 20, 50 and 80 % of the outlined light."""
    fine = np.kron(np.clip(light, 0, None), np.full((SUBPIXELS, SUBPIXELS), 1 / SUBPIXELS**2)).ravel()
    radius = elliptical_radius(light.shape, centre, axis_ratio, angle, SUBPIXELS).ravel()
    inside = fine > 0
    order = np.argsort(radius[inside], kind="stable")
    share = np.cumsum(fine[inside][order])
    r20, r50, r80 = np.interp(np.array([0.2, 0.5, 0.8]) * share[-1], share, radius[inside][order])
    return max(float(r20), 0.3), max(float(r50), 0.3), max(float(r80), 0.3)


def red_blue(linear: Plane, where: Mask) -> float:
    """2.5 log10 of red over blue light, (3, h, w), within the mask; kept within 3 magnitudes."""
    red, blue = (max(float(linear[channel][where].sum()), 1e-6) for channel in (0, 2))
    return float(np.clip(2.5 * np.log10(red / blue), -3, 3)) if where.any() else 0.0


__all__ = ["Floats", "Measurements", "measure"]
