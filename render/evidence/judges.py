"""What compares exhibits with the real pictures that their generator learned from: a kind for each kind of picture."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from render.errors import NonesuchError
from render.weights import Card, load_card

if TYPE_CHECKING:
    from torch import Tensor

    from render.evidence.check import Verdict
    from render.evidence.together import Twins

HOMES = {
    "copydetector": "render.evidence.check:Evidence",
    "outlines": "render.evidence.outlines:OutlineEvidence",
    "bodies": "render.evidence.bodies:BodyEvidence",
}


class Judge(Protocol):
    """What the stages ask of a judge."""

    @property
    def card(self) -> Card: ...

    def check(self, images: Tensor) -> list[Verdict]:
        """Pictures in data space, (n, 3, h, w), each looked at alone."""

    def thumbnail(self, index: int) -> bytes:
        """A real picture of those that it knows, as a small WebP."""

    def twins(self, count: int, picture: Callable[[int], Tensor]) -> list[Twins]:
        """Pairs among `count` pictures, (3, h, w) each by their place, that are nearly the same."""


def load_judge(folder: Path) -> Judge:
    """The judge that a folder holds. Raises NonesuchError for other weights."""
    family = load_card(folder).family
    if family not in HOMES:
        raise NonesuchError(f"{folder} holds a {family}, which compares nothing: name other weights under [evidence].")
    module, _, name = HOMES[family].partition(":")
    judge: Judge = getattr(import_module(module), name).load(folder)
    return judge
