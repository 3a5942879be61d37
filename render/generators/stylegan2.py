"""The stylegan2 family: StyleGAN2 (Karras et al. 2020), as trained by StyleGAN2-ADA too.

Walks go through W, the space of styles, where the way between two pictures is shorter than through z: the w of two
keyframes are mixed on a straight line, or those of all keyframes on a closed cubic spline. A recipe may pull w to its
mean (truncation), take the finer layers' styles from another seed (style mixing, Karras et al. 2019, arXiv:1812.04948,
section 3.1), and draw the layers' noise from its own seed instead of taking the weights' constant one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from render.errors import NonesuchError
from render.generators import Drawings
from render.generators.building import autocast, between, class_rows, filled
from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network
from render.noise import LAYERS, normals
from render.weights import Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe


@dataclass(frozen=True)
class Conditioning:
    """What steers a batch of n pictures.

    classes: (n, classes). psi: (n, 1, 1). finer: (n, layers, 1), 1 where the styles are those of `other`, an own
    latent for each picture, (n, latent). noise: for each styled layer (n or 1, 1, h, w); own: (n, 1, 1, 1), 1 where it
    is the recipe's own. seeds: each picture's; ws: (n,
    layers, styles) where they no longer follow from the noise that a picture starts from, as between two keyframes.
    """

    classes: Tensor
    psi: Tensor
    finer: Tensor
    other: Tensor
    noise: tuple[Tensor, ...]
    own: Tensor
    seeds: tuple[int, ...]
    ws: Tensor | None = None


class StyleGan2Generator:
    """A trained `StyleGan2Network` behind the generator protocol."""

    def __init__(self, card: Card, network: StyleGan2Network, device: str, precision: str) -> None:
        self.card, self.precision, self.device = card, precision, torch.device(device)
        self.network = network.to(self.device).eval().requires_grad_(False)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> StyleGan2Generator:
        card = load_card(folder)
        network = filled(StyleGan2Network(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
        return cls(card, network, device, precision)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (self.network.settings.latent, 1, 1)

    def condition(self, recipes: Sequence[Recipe]) -> Conditioning:
        psi = torch.tensor([1.0 if r.truncation is None else r.truncation for r in recipes], device=self.device)
        return Conditioning(
            classes=class_rows(recipes, self.card).to(self.device),
            psi=psi[:, None, None],
            finer=torch.stack([self._finer(recipe) for recipe in recipes]),
            other=self._latents([r.seed if r.style_seed is None else r.style_seed for r in recipes]),
            noise=self._layer_noise(recipes),
            own=torch.tensor([float(r.layer_noise == "seed") for r in recipes], device=self.device)[
                :, None, None, None
            ],
            seeds=tuple(recipe.seed for recipe in recipes),
        )

    def mix(self, a: Conditioning, b: Conditioning, t: Sequence[float]) -> Conditioning:
        """In W: each keyframe's own w, on the straight line between both. Noise keeps its variance on the way."""
        ws = between(self._ws(a, self._latents(a.seeds)), self._ws(b, self._latents(b.seeds)), t)
        if not a.own.any():
            return replace(a, ws=ws)
        amount = torch.tensor(list(t), device=self.device)[:, None, None, None]
        norm = (amount**2 + (1 - amount) ** 2).sqrt()
        pairs = zip(a.noise, b.noise, strict=True)
        noise = tuple(torch.where(a.own > 0, between(x, y, t) / norm, x) for x, y in pairs)
        return replace(a, ws=ws, noise=noise)

    @torch.inference_mode()
    def among(self, stations: Conditioning, shares: Sequence[Sequence[float]]) -> Conditioning:
        """In W: a weighted mean of all stations' own w, (n, layers, styles). Noise keeps its variance on the way."""
        weights = torch.tensor([list(row) for row in shares], device=self.device)  # (n, stations)
        ws = torch.einsum("nk,kls->nls", weights, self._ws(stations, self._latents(stations.seeds)))
        if not stations.own.any():
            return replace(stations, ws=ws)
        even = weights / weights.square().sum(1, keepdim=True).sqrt()
        noise = tuple(torch.einsum("nk,kchw->nchw", even, one) for one in stations.noise)
        return replace(stations, ws=ws, noise=noise)

    @torch.inference_mode()
    def images(self, conditioning: Conditioning, noise: Tensor) -> Tensor:
        ws = conditioning.ws
        if ws is None:
            ws = self._ws(conditioning, noise.to(self.device).flatten(1))
        with autocast(self.device, self.precision):
            pictures: Tensor = self.network.synthesis(ws, conditioning.noise)
        return pictures.float().expand(-1, 3, -1, -1).cpu()

    def _ws(self, c: Conditioning, z: Tensor) -> Tensor:
        own: Tensor = self.network.ws(z, c.classes, c.psi)
        if not c.finer.any():
            return own
        other: Tensor = self.network.ws(c.other, c.classes, c.psi)
        return torch.where(c.finer > 0, other, own)

    def _latents(self, seeds: Sequence[int]) -> Tensor:
        rows = np.stack([normals(seed, (self.network.settings.latent,)) for seed in seeds])
        return torch.from_numpy(rows).to(self.device)

    def _finer(self, recipe: Recipe) -> Tensor:
        """(layers, 1), 1 from the layer on at which the other seed's styles begin."""
        layers = self.network.settings.layers
        if recipe.style_from is not None and recipe.style_from >= layers:
            raise NonesuchError(
                f"'{self.card.name}' has the layers 0 to {layers - 1}: there are no styles from {recipe.style_from} on."
            )
        begin = layers if recipe.style_from is None else recipe.style_from
        return (torch.arange(layers, device=self.device) >= begin).float()[:, None]

    def _layer_noise(self, recipes: Sequence[Recipe]) -> tuple[Tensor, ...]:
        """The weights' constant noise, (1, 1, h, w) each, unless a recipe wants its own: then (n, 1, h, w)."""
        constant = self.network.constant_noise()
        if all(recipe.layer_noise is None for recipe in recipes):
            return tuple(constant)
        made = []
        for layer, noise in enumerate(constant):
            rows = [noise[0] if r.layer_noise is None else self._own_noise(r.seed, layer, noise) for r in recipes]
            made.append(torch.stack(rows))
        return tuple(made)

    def _own_noise(self, seed: int, layer: int, like: Tensor) -> Tensor:
        drawn = normals(seed, tuple(like.shape[1:]), step=layer, stream=LAYERS)
        return torch.from_numpy(drawn).to(self.device)
