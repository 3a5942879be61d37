"""The ddpm family: noise-predicting diffusion in pixel space, with checkpoints of denoising-diffusion-pytorch.

Where the card's display mapping is the sky's, the network's pictures are linear flux in the bands g, r, z, as those of
the galaxy model of Smith et al. 2022 (arXiv:2111.01713), shown as z, r, g. Otherwise they are RGB as it stands.
A drawing steers by SDEdit (Meng et al. 2022, arXiv:2108.01073).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from render.display import SKY
from render.errors import NonesuchError
from render.generators import Drawings
from render.generators.building import autocast, filled
from render.generators.ddpm_network import DdpmNetwork, NetworkSettings
from render.generators.ddpm_samplers import SAMPLERS, draw
from render.generators.drawing import glow
from render.noise import STEPS, normals
from render.weights import Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe


@dataclass(frozen=True)
class Conditioning:
    """What steers a batch of n pictures. seeds: whose noise is added between the steps; in a walk, of both ends, and
    how far on the way (n,) the picture is. drawings: (n, 1, h, w) in data space, or None. The rest holds for the batch.
    """

    seeds: tuple[int, ...]
    others: tuple[int, ...]
    way: tuple[float, ...]
    drawings: Tensor | None
    sampler: str
    steps: int
    strength: float


class Checkpoint(nn.Module):
    """What the weights file holds."""

    betas: Tensor

    def __init__(self, settings: NetworkSettings, steps: int) -> None:
        super().__init__()
        self.unet = DdpmNetwork(settings)
        self.register_buffer("betas", torch.zeros(steps))


class DdpmGenerator:
    """A `DdpmNetwork` and its schedule behind the generator protocol."""

    def __init__(
        self, card: Card, held: Checkpoint, device: str, precision: str, drawings: Drawings | None = None
    ) -> None:
        self.card, self.device, self.precision, self.drawings = card, torch.device(device), precision, drawings
        self.held = held.to(self.device).eval().requires_grad_(False)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> DdpmGenerator:
        card = load_card(folder)
        settings, tensors = NetworkSettings.from_card(card.network), load_tensors(folder)
        coarsest = 2 ** (len(settings.multiples) - 1)
        if card.size % coarsest:
            raise NonesuchError(
                f"{folder}: a size of {card.size} px does not fit; it must be a multiple of {coarsest}."
            )
        steps = len(tensors["betas"]) if "betas" in tensors else 0
        return cls(card, filled(Checkpoint(settings, steps), tensors, folder), device, precision, drawings)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (self.held.unet.settings.colours, self.card.size, self.card.size)

    def condition(self, recipes: Sequence[Recipe]) -> Conditioning:
        settings = {(r.sampler, r.steps, r.strength, r.sketch is None) for r in recipes}
        if len(settings) != 1:
            raise ValueError("a batch has one sampler, number of steps and strength")
        sampler, steps, strength, free = settings.pop()
        if sampler not in SAMPLERS:
            raise NonesuchError(f"there is no sampler called '{sampler}'; the ddpm family has {', '.join(SAMPLERS)}.")
        if steps > len(self.held.betas):
            raise NonesuchError(
                f"'{self.card.name}' has {len(self.held.betas)} steps; {steps} are more than there are."
            )
        seeds = tuple(recipe.seed for recipe in recipes)
        drawings = None if free else torch.stack([self._drawing(str(recipe.sketch)) for recipe in recipes])
        return Conditioning(
            seeds, seeds, (0.0,) * len(seeds), drawings, sampler, steps, 1.0 if strength is None else strength
        )

    def mix(self, a: Conditioning, b: Conditioning, t: Sequence[float]) -> Conditioning:
        return replace(a, others=b.seeds, way=tuple(t))

    @torch.inference_mode()
    def images(self, conditioning: Conditioning, noise: Tensor) -> Tensor:
        c = conditioning
        shape = tuple(noise.shape[1:])

        def fresh(step: int) -> Tensor:
            rows = [between(a, b, t, shape, step) for a, b, t in zip(c.seeds, c.others, c.way, strict=True)]
            return torch.from_numpy(np.stack(rows))

        def predicted(x: Tensor, t: int) -> Tensor:
            moment = torch.full((len(x),), t, device=self.device)
            with autocast(self.device, self.precision):
                found: Tensor = self.held.unet(x, moment)
            return found.float()

        start = None if c.drawings is None else c.drawings.expand(-1, shape[0], -1, -1).to(self.device)
        x = draw(
            c.sampler, c.steps, self.held.betas, predicted, noise.to(self.device), fresh, start, c.strength
        )  # (n, colours, h, w)
        return self._shown(x.cpu())

    def _shown(self, x: Tensor) -> Tensor:
        """The network's own values to data space, (n, 3, h, w)."""
        if self.card.mapping.name != SKY or x.shape[1] != 3:
            return x.expand(-1, 3, -1, -1)
        linear = ((x.flip(1) + 1) / 2).numpy()
        return torch.from_numpy(self.card.mapping.from_linear(linear))

    def _drawing(self, sketch: str) -> Tensor:
        if self.drawings is None:
            raise NonesuchError("a recipe asks for a sketch, but no folder of sketches was given.")
        light = glow(self.drawings(sketch), self.card.size)
        if self.card.mapping.name == SKY:
            light = torch.from_numpy(self.card.mapping.to_linear((2 * light - 1).numpy()))
        return 2 * light - 1


def between(
    a: int, b: int, t: float, shape: tuple[int, ...], step: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Noise of one step: a seed's own, or on the way to another's, of variance 1 all along."""
    mine = normals(a, shape, step=step, stream=STEPS)
    if t == 0 or a == b:
        return mine
    theirs = normals(b, shape, step=step, stream=STEPS)
    return np.asarray(((1 - t) * mine + t * theirs) / np.hypot(1 - t, t), dtype=np.float32)
