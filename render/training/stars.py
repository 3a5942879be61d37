"""How far peaks of the noise must be raised for as many stars to stand around galaxies as around real ones.

Stars are counted by how far they rise above the picture's own grain, faint, middling and bright ones apart: a field of
faint ones alone is what gives generated pictures away.
"""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

from render.generators.flow import FlowGenerator
from render.generators.peaks import Peaks
from render.training.dataset import TrainingSet
from render.training.quality import Pictures, of_the_look
from render.training.samples import pictures_of_class

CANDIDATES = (
    None,
    Peaks(0.8, 2.75, 0.3),
    Peaks(0.8, 2.5, 0.3),
    Peaks(0.8, 2.25, 0.3),
    Peaks(1.0, 2.5, 0.3),
)
"""None leaves the noise alone. Wider peaks grow into blots, higher ones into stars brighter than any real one."""
PER_CLASS = 32
REAL_PER_CLASS = 150
FIRST_SEED = 60_000
"""Seeds of their own: by those of the equaliser's pictures the same chance would speak twice."""
SIGMAS = (6, 12, 25)
"""By how many standard deviations of its surroundings a faint, a middling and a bright star stands out."""
SHARP, SOFT, APART = 0.7, 2.0, 5
"""A star is what is left of a picture blurred by the first after it was blurred by the second, in pixels, and higher
than all else in a square of the third."""
CORE, EDGE = 1 / 6, 3
"""The share of a picture's side around its middle, and the pixels at its edge, where no star is looked for."""
DARK = 0.125
"""The share of the display's range that counts as sky: light on a galaxy may be a knot of its own."""


def stars(pictures: Pictures) -> npt.NDArray[np.int64]:
    """How many points of light each picture, (n, 3, h, w) in data space, has in its sky, (n, 3): beyond 6, 12 and 25
    standard deviations of its grain, which is told from the median, for stars are rare.
    """
    side = pictures.shape[-1]
    across = np.arange(side) - (side - 1) / 2
    sought = np.hypot(across[:, None], across[None, :]) > CORE * side
    sought &= np.maximum.outer(abs(across), abs(across)) < side / 2 - EDGE
    found = []
    for light in pictures.mean(axis=1, dtype=np.float64):
        points = gaussian_filter(light, SHARP) - gaussian_filter(light, SOFT)
        grain = 1.4826 * np.median(np.abs(points - np.median(points)))
        lone = sought & (points == maximum_filter(points, APART)) & (median_filter(light, 9) < 2 * DARK - 1)
        found.append([int((lone & (points > sigmas * grain)).sum()) for sigmas in SIGMAS])
    return np.array(found, dtype=np.int64).reshape(-1, len(SIGMAS))


def fitting_peaks(generator: FlowGenerator, training_set: TrainingSet, per_class: int = PER_CLASS) -> dict[str, float]:
    """The settings with which generated pictures have as many stars of each brightness as real ones of their look, fold
    1 left out, classes weighing as they are common; empty where the noise is best left alone, or no picture has a
    label. The generator's settings are left as they were.
    """
    card, settings = generator.card, generator.network.settings
    rows = of_the_look(training_set, card)
    if not rows:
        return {}
    common = {name: len(of_class) / sum(map(len, rows.values())) for name, of_class in rows.items()}
    real = np.zeros(len(SIGMAS))
    for name, of_class in rows.items():
        some = np.random.default_rng(0).permutation(of_class)[:REAL_PER_CLASS]
        real += common[name] * stars(training_set.data(some, card.mapping).astype(np.float32)).mean(axis=0)

    def off(peaks: Peaks | None) -> float:
        generator.network.settings = replace(settings, peaks=asdict(peaks) if peaks else {})
        made = np.zeros(len(SIGMAS))
        for index, name in enumerate(card.classes or ["picture"]):
            if name in rows:
                first = FIRST_SEED + 1_000 * index
                drawn = pictures_of_class(generator, index, range(first, first + per_class))
                made += common[name] * stars(drawn).mean(axis=0)
        few = 1 / (per_class * len(rows))  # one star in all: what is nought may be by chance
        return float(np.abs(np.log((made + few) / (real + few))).mean())

    try:
        best = min(CANDIDATES, key=off)
    finally:
        generator.network.settings = settings
    return asdict(best) if best else {}
