"""A tiny generator of the real architecture with random weights: what tests of engine and stages render with."""

from __future__ import annotations

from pathlib import Path

from render.recipe import Recipe
from render.weights import Card, Sampling, Training, load_card, save_card, weights_hash

CLASSES = ["elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical"]


LEARNED_FROM = "7" * 64
"""The hash of the pictures that the tiny network says it learned from; a detector with the same one may judge it."""


def tiny_weights(folder: Path, size: int = 24) -> Path:
    """A weights folder that the flow family loads; the same random numbers every time."""
    import torch
    from safetensors.torch import save_file

    from render.display import DisplayMapping
    from render.generators.network import FlowNetwork, NetworkSettings

    folder.mkdir(parents=True)
    settings = NetworkSettings(size=size, channels=(16, 32), groups=8, head=8, classes=len(CLASSES), sources=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = FlowNetwork(settings)
    save_file({name: value.half() for name, value in network.state_dict().items()}, folder / "model.safetensors")
    card = Card(
        name="tiny",
        family="flow",
        size=size,
        classes=CLASSES,
        sources=["efigi", "sdss"],
        network=settings.as_card(),
        display=DisplayMapping().settings(),
        sampling=Sampling(sampler="ab2", steps=3, guidance=1.5),
        training=Training(pictures_sha256=LEARNED_FROM),
    )
    save_card(folder, card)
    return folder


def recipe(folder: Path, seed: int) -> Recipe:
    """An image recipe for a weights folder."""
    card = load_card(folder)
    kind = card.classes[seed % len(card.classes)]
    return Recipe("flow", weights_hash(folder), seed, "ab2", 3, 1.5, card.size, class_name=kind, source="efigi")
