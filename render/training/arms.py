"""In how many galaxies of each class experts saw spiral arms: half as many are drawn after arms.

EFIGI's experts (Baillard et al. 2011, doi:10.1051/0004-6361/201016423) gave every galaxy the strength of its arms and
its inclination, each in five steps from 0 to 1. Arms of middling strength on a disc that is not seen from its edge are
what one notices. A network's other galaxies are as large, as bright and as blue as all of their class, those with arms
among them; so the more are drawn after arms, the fewer are left that are red or seen from their edge.
"""

from __future__ import annotations

from render.training.dataset import TrainingSet
from render.training.quality import of_the_look
from render.weights import Card

STRONG, FACING = 0.5, 0.5
"""At least so strong are arms, and at most so inclined is the disc."""
DRAWN = 0.5
"""The share of them that is drawn after arms: by twice as many, the colours of galaxy-96's lay 1.8 times as far from
those of real ones as real halves do, by none 1.3 times."""


def arms_seen(training_set: TrainingSet, card: Card) -> list[float]:
    """For each class of the card the share to draw after arms, told without fold 1; empty where no expert told."""
    seen = []
    for name in card.classes:
        rows = [training_set.rows[index] for index in of_the_look(training_set, card).get(name, [])]
        told = [(float(row.get("arm_strength") or -1), float(row.get("inclination") or -1)) for row in rows]
        with_arms = sum(strength >= STRONG and 0 <= inclined <= FACING for strength, inclined in told)
        seen.append(round(DRAWN * with_arms / len(rows), 2) if rows else 0.0)
    return seen if any(seen) else []
