"""The flow family: rectified flow in pixel space, conditioned on class, source and sketch.

Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598) is applied only in the middle of the path, where it
sharpens without narrowing what can appear (Kynkaanniemi et al. 2024, arXiv:2404.07724); the other steps cost one pass.
What it leads away from has no class and, where the weights' card says so, pays no attention
(`render.generators.attention`), at the same cost.
A drawing is listened to by the same means: the step from the picture without it to the picture with it is taken more
than once, or less. Where nobody drew, the network's settings may ask for arms (`render.generators.arms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from render.display import DISTANCE
from render.errors import NonesuchError
from render.generators import Drawings, arms
from render.generators.attention import inattentive
from render.generators.balance import balanced
from render.generators.building import autocast, between, filled, one_hot, placed
from render.generators.colour import blurred_colour
from render.generators.drawing import steering
from render.generators.equaliser import equalised, own_strength
from render.generators.network import PART, WHOLE, FlowNetwork, NetworkSettings
from render.generators.outlines import whole_bodies
from render.generators.peaks import Peaks, raised
from render.generators.samplers import SAMPLERS, Velocity, ancestral, passes, times
from render.generators.sharpness import sharpened
from render.generators.symmetry import symmetric
from render.weights import Away, Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe

SHIFT = 2.5
GUIDED = (0.4, 0.88)
LISTENING = 4.0
"""How often the step towards the drawing is taken at strength 0; once, as the network learned it, at 0.75."""
DETAIL_FROM = 0.5
"""The time at which a network that draws in two begins with the large picture."""


@dataclass(frozen=True)
class Conditioning:
    """What steers a batch of n pictures.

    classes: (n, classes + 1) and sources: (n, sources + 1), weights that add up to 1, the last column "none"; sketch:
    (n, 1, h, w) in [0, 1]; drawn: (n,) 1 where there is a sketch. Sampler settings hold for the whole batch, as does
    listening: how often the step towards the drawing is taken; and symmetry: how like its own image, turned by
    half a circle, the coarse noise is made. away: what guidance leads away from besides having no class. below: the
    time from which steps grow denser to the end; there the network's expert takes over, where it has one. armed: (n,)
    1 where the sketch is of arms and no person's.
    """

    classes: Tensor
    sources: Tensor
    sketch: Tensor
    drawn: Tensor
    sampler: str
    steps: int
    guidance: float
    listening: float = 1.0
    symmetry: float = 0.0
    away: Away | None = None
    below: float = 0.0
    armed: Tensor = field(default_factory=lambda: torch.zeros(1))

    @property
    def path(self) -> list[float]:
        """The times of the sampler's steps, from 1 to 0."""
        return path(self.steps, self.below)

    def to(self, device: torch.device) -> Conditioning:
        """The same on another device."""
        tensors = {name: getattr(self, name).to(device) for name in ("classes", "sources", "sketch", "drawn", "armed")}
        return replace(self, **tensors)

    def passes(self) -> int:
        """Network passes that a picture costs, guidance included."""
        moments = self.path
        guided = sum(is_guided(t, self.guidance) for t in moments[:-1])
        second = sum(is_guided(t, self.guidance) for t in moments[1:-1]) if self.sampler == "heun" else 0
        own = passes(self.sampler, len(moments) - 1)
        return own + guided + second + (own if self.listening != 1 else 0)


def path(steps: int, below: float = 0.0) -> list[float]:
    """The times of a sampler's steps, from 1 to 0.

    Below that time it takes half as many steps as the whole path has, denser to the end. What is drawn there is as
    faint as grain: a picture that is expected while there is more noise than that is smooth.
    """
    whole = times(steps, SHIFT)
    if not below:
        return whole
    own = max(1, steps // 2) + 1
    return [t for t in whole if t >= below] + [below * (1 - i / own) ** 2 for i in range(1, own + 1)]


def is_guided(t: float, guidance: float) -> bool:
    """Whether guidance is applied at time t."""
    return guidance != 1 and GUIDED[0] <= t <= GUIDED[1]


class FlowGenerator:
    """A trained `FlowNetwork` behind the generator protocol."""

    def __init__(
        self, card: Card, network: FlowNetwork, device: str, precision: str, drawings: Drawings | None = None
    ) -> None:
        self.card = card
        self.device = torch.device(device)
        self.precision = precision
        self.network = placed(network, self.device)
        self.drawings = drawings

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> FlowGenerator:
        card = load_card(folder)
        network = filled(FlowNetwork(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
        return cls(card, network, device, precision, drawings)

    def compile(self) -> None:
        """Translate the network at its first pass; all batches have one shape. Pictures are then near, not the same."""
        for network in (self.network, self.network.expert, self.twin):
            if network is not None:
                network.unet.compile(dynamic=False)

    @cached_property
    def twin(self) -> FlowNetwork:
        """The network with the same tensors that pays no attention."""
        return inattentive(self.network)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (self.network.settings.colours, self._side, self._side)

    @property
    def _side(self) -> int:
        """Of what the network draws: pixels, or latents."""
        autoencoder = self.network.autoencoder
        return self.card.size // (autoencoder.settings.reduce if autoencoder else 1)

    def condition(self, recipes: Sequence[Recipe]) -> Conditioning:
        settings = {(r.sampler, r.steps, r.guidance, r.strength, r.symmetry, r.away) for r in recipes}
        if len(settings) != 1:
            raise ValueError("a batch has one sampler, number of steps, guidance, strength and symmetry")
        sampler, steps, guidance, strength, symmetry, away = settings.pop()
        if sampler not in SAMPLERS:
            raise NonesuchError(f"there is no sampler called '{sampler}'; the flow family has {', '.join(SAMPLERS)}.")
        card = self.card
        classes = torch.stack([one_hot(r.class_name, [*card.classes, None], "class", card) for r in recipes])
        sources = torch.stack([one_hot(r.source, [*card.sources, None], "source", card) for r in recipes])
        sketch = torch.zeros(len(recipes), 1, self._side, self._side)
        armed = torch.zeros(len(recipes))
        for row, recipe in enumerate(recipes):
            if recipe.sketch is not None:
                sketch[row] = self._drawing(recipe.sketch, as_it_is=strength is None)
            elif arms.has_arms(recipe.seed, self.network.settings.arms, classes[row]):
                sketch[row], armed[row] = torch.from_numpy(arms.drawn(recipe.seed, self._side)), 1
        return Conditioning(
            classes=classes,
            sources=sources,
            sketch=sketch,
            drawn=torch.maximum(torch.tensor([float(r.sketch is not None) for r in recipes]), armed),
            sampler=sampler,
            steps=steps,
            guidance=guidance,
            listening=1.0 if strength is None else LISTENING * (1 - strength),
            symmetry=symmetry or 0.0,
            away=away,
            below=(self.network.expert or self.network).settings.below,
            armed=armed,
        ).to(self.device)

    def mix(self, a: Conditioning, b: Conditioning, t: Sequence[float]) -> Conditioning:
        return Conditioning(
            classes=between(a.classes, b.classes, t),
            sources=between(a.sources, b.sources, t),
            sketch=between(a.sketch, b.sketch, t),
            drawn=between(a.drawn, b.drawn, t),
            sampler=a.sampler,
            steps=a.steps,
            guidance=a.guidance,
            listening=a.listening,
            symmetry=a.symmetry,
            away=a.away,
            below=a.below,
            armed=between(a.armed, b.armed, t),
        )

    @torch.inference_mode()
    def images(self, conditioning: Conditioning, noise: Tensor) -> Tensor:
        c, net = conditioning, self.network.settings
        noise = symmetric(noise.to(self.device), c.symmetry)
        noise = raised(noise, Peaks(**net.peaks) if net.peaks else None)
        sample = SAMPLERS[c.sampler]
        if net.zoom == 1:
            x = sample(self._velocity(c, c.sources, c.sketch), noise, c.path, None)
        else:
            x = self._in_two(c, noise)
        data = x * net.scale + net.shift
        if self.network.autoencoder is not None:
            data = self.network.autoencoder.decode(data)
        if self.card.mapping.name == DISTANCE:
            data = whole_bodies(data, -1 / (self.card.mapping.reach * self.card.size))
        coloured = blurred_colour(data.expand(-1, 3, -1, -1), net.colour)
        even = equalised(coloured, net.gains, c.classes, own_strength(noise)).cpu()
        by_hand = c.drawn - c.armed
        return sharpened(balanced(even, net.balance, c.classes, by_hand), net.sharpness)

    def _in_two(self, c: Conditioning, noise: Tensor) -> Tensor:
        """A small picture first; then it is enlarged, half of it becomes noise again, and the network, told that it
        sees a part in full, draws detail (Meng et al. 2022, arXiv:2108.01073). The U-Net takes pictures of any size.

        The small picture's noise is the large one's, added up over squares, which is white again.
        """
        zoom = self.network.settings.zoom
        small = avg_pool2d(noise, zoom) * zoom
        whole = self._velocity(c, self._scale(c, WHOLE), avg_pool2d(c.sketch, zoom))
        x = SAMPLERS[c.sampler](whole, small, times(c.steps, SHIFT), None)
        x = interpolate(x, scale_factor=zoom, mode="bicubic", antialias=False)
        x = (1 - DETAIL_FROM) * x + DETAIL_FROM * noise
        path = [DETAIL_FROM * t for t in times(max(2, c.steps // 3), 1.0)]
        part = self._velocity(c, self._scale(c, PART), c.sketch)
        if c.sampler == "ancestral":
            return ancestral(part, x, path, None, noise)
        return SAMPLERS[c.sampler](part, x, path, None)

    def _scale(self, c: Conditioning, which: int) -> Tensor:
        """(n, 3): what a network that draws in two is told in the place of a source."""
        return torch.eye(3, device=self.device)[which].expand(len(c.classes), -1)

    def _velocity(self, c: Conditioning, sources: Tensor, sketch: Tensor) -> Velocity:
        nothing = torch.zeros_like(c.classes)
        nothing[:, -1] = 1

        undrawn = torch.zeros_like(c.drawn)

        def network(x: Tensor, t: float, classes: Tensor, drawn: Tensor = c.drawn, twin: bool = False) -> Tensor:
            asked = (self.twin if twin else self.network).at(t)
            with autocast(self.device, self.precision):
                v: Tensor = asked(x, torch.full((len(x),), t, device=self.device), classes, sources, sketch, drawn)
            return v.float()

        def velocity(x: Tensor, t: float) -> Tensor:
            steered = v = network(x, t, c.classes)
            if is_guided(t, c.guidance):
                free = network(x, t, nothing, twin=c.away == "attention")
                v = free + c.guidance * (v - free)
            if c.listening != 1:
                v = v + (c.listening - 1) * (steered - network(x, t, c.classes, undrawn))
            return v

        return velocity

    def _drawing(self, sketch: str, as_it_is: bool) -> Tensor:
        """as_it_is: recipes from before there was a strength gave the network the sheet itself."""
        if self.drawings is None:
            raise NonesuchError("a recipe asks for a sketch, but no folder of sketches was given.")
        drawing = self.drawings(sketch)
        size = self._side
        if not as_it_is:
            return steering(drawing, size)
        return interpolate(drawing[None], (size, size), mode="bilinear", antialias=True)[0]
