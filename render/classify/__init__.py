"""Pictures to classes, attributes and measurements.

`CLASSES` and `measure` need numpy only; `Classifier` brings torch and is loaded when it is first asked for, so that
captions and bake never import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from render.classify.classes import ATTRIBUTES, CLASSES
from render.classify.measure import Measurements, measure

if TYPE_CHECKING:
    from render.classify.classifier import Classification, Classifier

__all__ = ["ATTRIBUTES", "CLASSES", "Classification", "Classifier", "Measurements", "measure"]


def __getattr__(name: str) -> Any:
    if name in ("Classification", "Classifier"):
        from render.classify import classifier

        return getattr(classifier, name)
    raise AttributeError(f"module 'render.classify' has no attribute '{name}'")
