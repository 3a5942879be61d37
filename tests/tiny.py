"""A tiny generator of the real architecture with random weights, and the gallery that wants its pictures: what tests of
engine and stages render with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from render.recipe import Recipe
from render.weights import Card, Sampling, Training, load_card, save_card, weights_hash

CLASSES = ["elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical"]

LOOP = """[[walk]]
collection = "galaxies"
slug = "loop"
frames = 8
width = 128
keyframes = [{ seed = 1 }, { seed = 2 }]
"""
PLANE = """[[walk]]
collection = "galaxies"
slug = "plane"
path = "plane"
frames = 9
width = 128
keyframes = [{ seed = 1 }, { seed = 2 }, { seed = 3, class = "elliptical" }, { seed = 4 }]
"""


def tiny_gallery(
    count: int = 4, own: str = "", *, weights: str = "./tiny", batch: int = 4, judged: bool = False
) -> str:
    """The text of a gallery.toml that wants so many galaxies; tables may follow it.

    own: more lines of the collection. judged: by ./classifier and ./detector; else the two stages have no weights, say
    so and do nothing.
    """
    classifier, detector = ("./classifier", "./detector") if judged else ("./none", "./none")
    return f"""
[gallery]
title = "nonesuch"
[render]
device = "cpu"
batch = {batch}
[classify]
weights = "{classifier}"
[evidence]
weights = "{detector}"
[[collection]]
slug = "galaxies"
title = "galaxy"
plural = "galaxies"
weights = "{weights}"
count = {count}
{own}
"""


LEARNED_FROM = "7" * 64
"""The hash of the pictures that the tiny network says it learned from; a detector with the same one may judge it."""


def tiny_weights(folder: Path, size: int = 24, seed: int = 0, **shape: Any) -> Path:
    """A weights folder that the flow family loads; the same random numbers every time. shape: other settings of its
    network.
    """
    import torch
    from safetensors.torch import save_file

    from render.display import DisplayMapping
    from render.generators.network import FlowNetwork, NetworkSettings

    folder.mkdir(parents=True)
    shape = {"channels": (16, 32), "groups": 8, "head": 8} | shape
    settings = NetworkSettings(size=size, classes=len(CLASSES), sources=2, **shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
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


def tiny_upscaler(folder: Path, size: int = 48, seed: int = 0) -> Path:
    """A second stage for the tiny network, with random weights, that says that it learned from the same pictures."""
    import torch
    from safetensors.torch import save_file

    from render.display import DisplayMapping
    from render.generators.network import FlowNetwork, NetworkSettings

    folder.mkdir(parents=True)
    settings = NetworkSettings(size=24, channels=(16, 32), groups=8, head=8, classes=0, sources=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FlowNetwork(settings)
    save_file({name: value.half() for name, value in network.state_dict().items()}, folder / "model.safetensors")
    card = Card(
        name="tiny-upscaler",
        family="upscaler",
        size=size,
        network=settings.as_card(),
        display=DisplayMapping().settings(),
        training=Training(pictures_sha256=LEARNED_FROM),
    )
    save_card(folder, card)
    return folder


def tiny_classifier(folder: Path) -> None:
    """A classifier of the real architecture with random weights."""
    import torch
    from safetensors.torch import save_file

    from render.classify.classifier import packed
    from render.classify.network import ClassifierNetwork, ClassifierSettings

    folder.mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_file(packed([ClassifierNetwork(4) for _ in range(2)]), folder / "model.safetensors")
    network = ClassifierSettings(4, 32, 2).as_dict() | {"temperature": 1.5, "bias": [0.0] * 7}
    save_card(folder, Card(name="t", family="classifier", size=32, classes=CLASSES, network=network))


def tiny_detector(folder: Path) -> None:
    """The shipped copy detector with a reference set of eight noisy pictures, which nothing is a copy of."""
    import numpy as np

    from render.evidence import Evidence, build_reference
    from render.resources import resource

    known = folder.with_name("known")
    known.mkdir()
    pictures = np.random.default_rng(0).integers(0, 255, (8, 24, 24, 3), dtype=np.uint8)
    np.save(known / "images.npy", pictures)
    rows = [f"{n}.png,made,,{3 + n % 7},CC0,nobody" for n in range(8)]
    (known / "index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    network = Evidence.load(resource("weights") / "galaxy-copydetector").network
    card = build_reference(known, folder, network, threshold=99.0, planted=3)
    learned = card.training.model_copy(update={"pictures_sha256": LEARNED_FROM})
    save_card(folder, card.model_copy(update={"training": learned}))


def tiny_surface(folder: Path) -> Path:
    """A weights folder of the surface family: few views of a few pixels, random weights."""
    import torch
    from safetensors.torch import save_file

    from render.display import DisplayMapping
    from render.generators.network import FlowNetwork, NetworkSettings
    from render.weights import Surface

    folder.mkdir(parents=True)
    bodies = {"mars": "rocky_planet", "venus": "rocky_planet", "neptune": "gas_giant"}
    settings = NetworkSettings(
        size=16, channels=(16, 32), groups=8, head=8, classes=2, sources=len(bodies), shift=0.0, spread=0.5
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = FlowNetwork(settings)
    save_file({name: value.half() for name, value in network.state_dict().items()}, folder / "model.safetensors")
    card = Card(
        name="tiny-surface",
        family="surface",
        size=16,
        classes=["gas_giant", "rocky_planet"],
        network=settings.as_card(),
        display=DisplayMapping.plain().settings(),
        sampling=Sampling(sampler="ab2", steps=4, guidance=1.0, batch=1),
        surface=Surface(bodies=bodies, height=48, wide=(80.0, 18), near=(70.0, 24)),
    )
    save_card(folder, card)
    return folder


@contextmanager
def drawn_roughly() -> Iterator[None]:
    """Flow trainings inside draw their sheets, and the pictures that figures are measured on, in three steps and not in
    sixteen; their cards say so.
    """
    from render.training.flow import FlowTraining

    rough = FlowTraining.sampling.model_copy(update={"steps": 3})
    with patch.object(FlowTraining, "sampling", rough):
        yield


def recipe(folder: Path, seed: int) -> Recipe:
    """An image recipe for a weights folder."""
    card = load_card(folder)
    kind = card.classes[seed % len(card.classes)]
    return Recipe("flow", weights_hash(folder), seed, "ab2", 3, 1.5, card.size, class_name=kind, source="efigi")
