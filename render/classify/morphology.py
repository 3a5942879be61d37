"""Morphology by statmorph (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140), on the picture with its stretch undone.

The survey's pictures were stretched before they came here, so nothing of this may stand beside values from calibrated
frames. What it may stand beside is real galaxies put through this very function at the same size: `quantiles`, which a
classifier's card keeps under ``[quality.morphology]``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from render.classify.measure import FAINTEST, NEIGHBOUR_ABOVE_SKY, grown, locate
from render.classify.pixels import border_sky
from render.display import DisplayMapping
from render.errors import NonesuchError

WORST = 1
"""Of statmorph's flags: 0 is good, 1 suspect; from 2 on its values are not used."""
PERCENT = (5, 25, 50, 75, 95)
COMPARED = ("concentration", "asymmetry", "smoothness", "gini", "m20", "sersic_index", "half_light_px")
"""What is told beside real galaxies; the direction has no distribution that says anything."""


@dataclass(frozen=True)
class Morphology:
    """What statmorph finds. flag, flag_sersic: its own (0 good, 1 suspect, 2 bad, 4 nothing); what a flag from 2 on
    spoils is None.

    concentration, asymmetry, smoothness (Conselice 2003), gini, m20 (Lotz et al. 2004); sersic_index; half_light_px:
    semi-major axis in pixels of the model's own size; orientation_deg: counter-clockwise from the picture's horizontal.
    """

    flag: int
    flag_sersic: int
    concentration: float | None = None
    asymmetry: float | None = None
    smoothness: float | None = None
    gini: float | None = None
    m20: float | None = None
    sersic_index: float | None = None
    half_light_px: float | None = None
    orientation_deg: float | None = None

    def as_dict(self) -> dict[str, float | int]:
        """For the catalogue: what there is, rounded to what it is worth."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items() if v is not None}


NOTHING = Morphology(flag=4, flag_sersic=4)


def load() -> Any:
    """The library. Raises NonesuchError where it is not installed."""
    try:
        import statmorph
    except ImportError:
        raise NonesuchError("morphology needs statmorph: pip install 'nonesuch[morphology]'.") from None
    return statmorph


def morphology(picture: npt.NDArray[np.floating], mapping: DisplayMapping | None = None) -> Morphology:
    """Measure the central object of a picture in data space, (3, h, w).

    Raises NonesuchError where statmorph is not installed.
    """
    statmorph = load()
    found = locate(picture, mapping)
    if not found.detected:
        return NOTHING
    light = found.linear.mean(axis=0)
    grain = max(border_sky(light)[1], 1e-4)  # a generated sky may have none, and a weight must not be zero
    others = (found.smooth > max(NEIGHBOUR_ABOVE_SKY * found.smooth_spread, 2 * FAINTEST)) & ~grown(found.outline)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its flags say the same, and are kept
        try:
            told = statmorph.SourceMorphology(
                light,
                found.outline.astype(np.int64),
                1,
                mask=others,
                weightmap=np.full(light.shape, grain),
                skybox_size=light.shape[1] // 3,
            )
        except (ValueError, AssertionError, IndexError, FloatingPointError):
            return NOTHING  # statmorph raises where a picture leaves it nothing to begin with
    return _kept(told)


def _kept(told: Any) -> Morphology:
    flag, flag_sersic = int(told.flag), int(told.flag_sersic)
    values: dict[str, float | None] = {}
    if flag <= WORST:
        values = {
            name: _finite(getattr(told, name)) for name in ("concentration", "asymmetry", "smoothness", "gini", "m20")
        }
        values["half_light_px"] = _finite(told.rhalf_ellip)
        values["orientation_deg"] = _finite(np.degrees(-told.orientation_asymmetry) % 180)  # its rows count downwards
        if flag_sersic <= WORST:
            values["sersic_index"] = _finite(told.sersic_n)
    return Morphology(flag, flag_sersic, **values)


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) and value != -99 else None  # -99 is statmorph's "none"


def quantiles(measured: Sequence[Morphology]) -> dict[str, Any]:
    """For a card: pictures in all, `n` with good flags, and each value's quantiles by percent."""
    good = [one for one in measured if one.flag <= WORST]
    told: dict[str, Any] = {"pictures": len(measured), "n": len(good)}
    for name in COMPARED:
        values = [value for one in good if (value := getattr(one, name)) is not None]
        if len(values) >= 20:  # a 5 % quantile of fewer is one galaxy's own value
            told[name] = {
                str(p): round(float(v), 4) for p, v in zip(PERCENT, np.percentile(values, PERCENT), strict=True)
            }
    return told
