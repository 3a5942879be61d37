"""Generators: one file per family behind one small protocol.

A generator turns a batch of recipes into a batch of pictures. It is the only device code at render time; noise comes
from `render.noise`, keyed by the recipe, so a generator draws none itself. A family is found by the name in its card,
through the entry point group ``nonesuch.generators``, so that one can also come from another distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from render.errors import NonesuchError
from render.weights import Card, load_card

if TYPE_CHECKING:
    from torch import Tensor

    from render.recipe import Recipe


class Drawings(Protocol):
    """From a drawing's or picture's sha256 to the sheet as it was made, (colours, h, w) float32 in [0, 1]."""

    def __call__(self, sha256: str, colours: int = 1, /) -> Tensor: ...


BUILT_IN = {
    "flow": "render.generators.flow:FlowGenerator",
    "dcgan": "render.generators.dcgan:DcganGenerator",
    "ddpm": "render.generators.ddpm:DdpmGenerator",
    "pipeline": "render.generators.pipeline:PipelineGenerator",
    "vae": "render.generators.vae:VaeGenerator",
    "stylegan2": "render.generators.stylegan2:StyleGan2Generator",
    "surface": "render.generators.surface:SurfaceGenerator",
}
ALGORITHMS = {"flow": 1, "dcgan": 1, "vae": 1, "stylegan2": 1, "ddpm": 1, "pipeline": 1, "surface": 1}
"""The version of the algorithm by family, so that a plan needs no torch; families from outside are version 1.
Raised when the same recipe would give another picture: it is part of every recipe."""

SAMPLERS = {
    "flow": ("euler", "heun", "ab2", "ancestral"),
    "ddpm": ("ddpm", "ddim", "dpm++"),
    "surface": ("euler", "heun", "ab2"),
}
"""The samplers of the families that choose among their own; for `gallery.toml`, which knows no torch."""

PROMPTED = ("pipeline",)
"""The families that read prompts and masks."""

THROUGH_W = ("stylegan2",)
"""The families through whose space of styles, W, a spline can go."""

STRENGTHS = {"flow": 0.6, "ddpm": 0.6, "pipeline": 0.7}
"""The families that drawings can steer, and how far a picture may leave its drawing where nobody says (0 to 1)."""

READERS = {
    "dcgan": "render.generators.dcgan_file:read",
    "ddpm": "render.generators.ddpm_file:read",
    "pipeline": "render.generators.pipeline_folder:read",
    "stylegan2": "render.generators.stylegan2_file:read",
}
"""What reads other people's files of a family, for `nonesuch weights import`; see `render.generators.convert`."""


@runtime_checkable
class Generator(Protocol):
    """What the engine knows of a family."""

    card: Card

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """(c, h, w) of the noise that one picture starts from."""

    def condition(self, recipes: Sequence[Recipe]) -> Any:
        """What steers each picture of the batch: class, source, sketch, settings of the sampler."""

    def mix(self, a: Any, b: Any, t: Sequence[float]) -> Any:
        """Between two conditionings of len(t) pictures each, at each picture's own t in [0, 1], for walks."""

    def images(self, conditioning: Any, noise: Tensor) -> Tensor:
        """(n, *noise_shape) standard normal to (n, 3, h, w) float32 in the card's data space, on the CPU."""


@runtime_checkable
class Splined(Protocol):
    """What a family with a space of styles can do besides."""

    def among(self, stations: Any, shares: Sequence[Sequence[float]]) -> Any:
        """The conditioning of n pictures among those of k stations, by each picture's k shares, which add up to 1."""


def load_generator(
    folder: Path, device: str = "cpu", precision: str = "fp32", drawings: Drawings | None = None
) -> Generator:
    """The generator of the family that the card names; its weights are verified before they are read."""
    family = load_card(folder).family
    from importlib.metadata import entry_points

    found = {point.name: point.value for point in entry_points(group="nonesuch.generators")} | BUILT_IN
    if family not in found:
        known = ", ".join(sorted(found))
        raise NonesuchError(f"{folder}: there is no generator for the family '{family}'; known families are {known}.")
    module, _, name = found[family].partition(":")
    loaded: Generator = getattr(__import__(module, fromlist=[name]), name).load(folder, device, precision, drawings)
    return loaded
