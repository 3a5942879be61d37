"""A pool of latents: pictures go through a finished autoencoder, and a flow network learns what comes out.

Latent diffusion (Rombach et al. 2022, arXiv:2112.10752): a grid of a sixteenth of the pixels and a few channels is what
the network draws, so that pictures of 256 px and more cost as little as small ones. Drawings lie beside the latents at
their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import avg_pool2d

from render.errors import NonesuchError, UsageError
from render.generators.autoencoder import FAMILY, Autoencoder, AutoencoderSettings
from render.generators.building import filled
from render.training.checkpoint import step_generator
from render.training.examples import Batch, Drawn, seen
from render.training.flow import FlowSettings, measured_scales
from render.training.sketch import sketches
from render.weights import Card, load_card, load_tensors

AT_ONCE = 8
"""Pictures that are encoded together."""
LOOK = FlowSettings(batch=64)
"""How many are looked at to measure what latents are like."""


@dataclass(frozen=True)
class Latents(Drawn):
    """Pictures behind an autoencoder."""

    autoencoder: Autoencoder

    @property
    def size(self) -> int:
        return super().size // self.autoencoder.settings.reduce

    def scales(self, fold: int) -> dict[str, Any]:
        settings = self.autoencoder.settings
        kept = {"colours": settings.latent, "autoencoder": settings.as_card()}
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold) | kept

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        data, classes, sources = self.pictures.draw(settings.batch, generator)
        with torch.no_grad():
            latents = torch.cat([self.autoencoder.encode(some.clamp(-1, 1)) for some in torch.split(data, AT_ONCE)])
        drawing = sketches(avg_pool2d(data, self.autoencoder.settings.reduce), generator)
        drawn = seen(len(data), settings, generator)
        return Batch(latents, classes, sources, drawing, drawn)


def load_autoencoder(folder: Path, size: int, display: dict[str, Any]) -> Autoencoder:
    """The autoencoder of a weights folder, ready to encode pictures of `size` px in that display mapping.

    Raises NonesuchError for other weights, and UsageError for one that was trained on pictures shown otherwise.
    """
    card: Card = load_card(folder)
    if card.family != FAMILY:
        raise NonesuchError(f"{folder} holds a {card.family}: `nonesuch train autoencoder` makes what is asked for.")
    if card.display != display:
        asked, theirs = display["name"], card.display.get("name")
        raise UsageError(f"{folder} learned pictures in the display mapping '{theirs}', and '{asked}' is asked for.")
    settings = AutoencoderSettings(**card.network)
    if size % (settings.reduce * 4):
        raise UsageError(f"{folder} reduces pictures {settings.reduce} times, and {size} px cannot be.")
    return filled(Autoencoder(settings), load_tensors(folder), folder).eval().requires_grad_(False)
