"""What the copy detector says of both sides of a report: how many are near-copies, and how many are authentic.

It is asked only where it knows what the generator learned from; then real pictures of fold 1, which were never learned
from, stand beside generated ones as what cannot have been copied.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from render.evidence.authentic import authentic_share
from render.evidence.check import Evidence
from render.plausibility.pictures import Pictures
from render.weights import Card, unfit

AT_ONCE = 50


def copied(
    detector: Path, card: Card, generated: Pictures, real: Pictures, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Figures of both, or nothing where the detector does not know what the card's weights learned from."""
    evidence = Evidence.load(detector)
    if evidence.reference is None or unfit(evidence.card, card):
        return {}
    told: dict[str, Any] = {}
    for name, pictures in (("generated", generated), ("real", real)):
        verdicts = []
        for begin in range(0, len(pictures), AT_ONCE):
            verdicts += evidence.check(torch.from_numpy(pictures[begin : begin + AT_ONCE]))
            progress(f"copies ({name})", len(verdicts), len(pictures))
        share = authentic_share(sum(bool(one.authentic) for one in verdicts), len(verdicts))
        told[name] = share | {"near_copies": sum(bool(one.near_copy) for one in verdicts)}
    return told
