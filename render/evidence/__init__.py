"""What is known about an exhibit's not existing: its nearest real pictures. Evidence, never proof."""

from render.evidence.build import build_reference
from render.evidence.check import Evidence, Neighbour, Verdict, authenticity
from render.evidence.copies import ATTACKS, EVERYTHING, plant_copies

__all__ = [
    "ATTACKS",
    "EVERYTHING",
    "Evidence",
    "Neighbour",
    "Verdict",
    "authenticity",
    "build_reference",
    "plant_copies",
]
