"""What is known about an exhibit's not existing: its nearest real pictures. Evidence, never proof.

`authentic_share` needs nothing; the rest brings torch and is loaded when it is first asked for, so that bake never
imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from render.evidence.authentic import authentic_share

if TYPE_CHECKING:
    from render.evidence.build import build_reference
    from render.evidence.check import Evidence, Neighbour, Verdict, authenticity
    from render.evidence.copies import ATTACKS, EVERYTHING, plant_copies

_HOMES = {
    "ATTACKS": "copies",
    "EVERYTHING": "copies",
    "Evidence": "check",
    "Neighbour": "check",
    "Verdict": "check",
    "authenticity": "check",
    "build_reference": "build",
    "plant_copies": "copies",
}

__all__ = [
    "ATTACKS",
    "EVERYTHING",
    "Evidence",
    "Neighbour",
    "Verdict",
    "authentic_share",
    "authenticity",
    "build_reference",
    "plant_copies",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"render.evidence.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'render.evidence' has no attribute '{name}'")
