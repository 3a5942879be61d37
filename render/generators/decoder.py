"""What the families share whose network turns a latent and a class into a picture in one pass: dcgan and vae."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from render.generators import Drawings
from render.generators.building import autocast, between, class_rows, filled
from render.weights import Card, load_card, load_tensors

if TYPE_CHECKING:
    from render.recipe import Recipe


class DecoderGenerator(ABC):
    """Trained weights behind the generator protocol. A conditioning is (n, classes).

    network: from z (n, latent) and classes (n, classes) to pictures (n, 1 or 3, size, size) in data space; its
    `settings` say how long the latent is.
    """

    def __init__(self, card: Card, network: nn.Module, device: str, precision: str) -> None:
        self.card, self.precision, self.device = card, precision, torch.device(device)
        self.network = network.to(self.device).eval().requires_grad_(False)

    @staticmethod
    @abstractmethod
    def build(settings: dict[str, Any]) -> nn.Module:
        """The network that a card's ``[network]`` describes."""

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> Self:
        card = load_card(folder)
        return cls(card, filled(cls.build(card.network), load_tensors(folder), folder), device, precision)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        settings: Any = self.network.settings
        return (settings.latent, 1, 1)

    def condition(self, recipes: Sequence[Recipe]) -> Tensor:
        return class_rows(recipes, self.card).to(self.device)

    def mix(self, a: Tensor, b: Tensor, t: Sequence[float]) -> Tensor:
        return between(a, b, t)

    @torch.inference_mode()
    def images(self, conditioning: Tensor, noise: Tensor) -> Tensor:
        with autocast(self.device, self.precision):
            pictures: Tensor = self.network(noise.to(self.device).flatten(1), conditioning)
        return pictures.float().expand(-1, 3, -1, -1).cpu()
