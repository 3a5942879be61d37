"""A weights folder that judges silhouettes: the real ones, and what was measured of the check.

The threshold is set among the real silhouettes themselves, each beside all others but itself: no two of them are
copies, but a few are of one species by one artist. What is measured then is of silhouettes that were kept out, and of
planted copies, bent by a mesh of Pillow's, not by the code that bends for training.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import save_file

from render.display import DISTANCE, DisplayMapping
from render.errors import NonesuchError
from render.evidence import thumbnails
from render.evidence.build import of_fold_1, origin
from render.evidence.check import rounded
from render.evidence.copies import ATTACKS, EVERYTHING, NOTHING, altered
from render.evidence.outlines import FAMILY, OutlineEvidence, between, upright
from render.training.dataset import TrainingSet
from render.weights import MODEL, Card, Training, load_card, save_card

ALARMS = 0.02
"""The share of real silhouettes that may be as near to another as a copy: species differ less than galaxies do."""
SHAPE = replace(EVERYTHING, brightness=0.0, colour=0.0, noise=0.0, jpeg=None)
SHAPES = ("none", "angle", "mirror", "zoom", "shift")
"""The alterations that change an outline; the others change what a silhouette does not have."""
MESH, BEND = 4, 0.02
"""Squares to a side of the mesh that bends copies, and how far its corners move, as a share of the width."""
Bytes = npt.NDArray[np.uint8]
Progress = Callable[[str], None]


def build_outlines(
    training_set: Path, out: Path, name: str, planted: int = 100, progress: Progress = lambda text: None
) -> Card:
    """Write a weights folder for silhouettes and return its card; planted: copies that are altered in every way.

    Raises NonesuchError where too few are left to compare.
    """
    pictures, mapping = TrainingSet.open(training_set), DisplayMapping.named(DISTANCE)
    chosen = pictures.training()
    if len(chosen) < 16:
        raise NonesuchError(f"{training_set} has {len(chosen)} silhouettes to compare with; 16 are needed.")
    out.mkdir(parents=True, exist_ok=True)
    shown = [mapping.to_display(mapping.to_data(pictures.images[i])) for i in chosen]
    covers = [torch.from_numpy(one[..., 0].astype(np.float32) / 255) for one in shown]
    real = (upright(torch.stack(covers)) * 255).round().byte()
    progress("every silhouette beside all others")
    nearest = between(real.float() / 255, covers)
    offsets = torch.from_numpy(thumbnails.write_thumbnails(out / thumbnails.FILE, shown)).int()
    rows = (pictures.rows[i] for i in chosen)
    about = [
        {"file": r.get("taxon") or r["file"], "class_name": r.get("label") or None, "credit": r.get("attribution", "")}
        for r in rows
    ]
    told = torch.frombuffer(bytearray(json.dumps(about, separators=(",", ":")).encode()), dtype=torch.uint8)
    save_file({"real": real, "nearest": nearest, "offsets": offsets, "pictures": told}, out / MODEL)
    card = Card(
        name=name,
        family=FAMILY,
        title="The real silhouettes, and how much of one another they share",
        size=pictures.size,
        display=mapping.settings(),
        training=Training().model_copy(update=origin(pictures)),
        quality={"threshold": rounded(np.quantile(1 - nearest.numpy(), 1 - ALARMS))},
    )
    save_card(out, card)
    return _measured(out, pictures, shown, planted, progress)


def _measured(out: Path, pictures: TrainingSet, shown: list[Bytes], planted: int, progress: Progress) -> Card:
    evidence = OutlineEvidence.load(out)
    mapping, random = evidence.card.mapping, np.random.default_rng(4)
    kept_out = np.setdiff1d(np.arange(len(pictures.rows)), pictures.training())
    progress("silhouettes that were kept out")
    found = of_fold_1(evidence.check(torch.from_numpy(pictures.data(kept_out, mapping)).float()))
    caught: dict[str, Any] = {}
    for attack in (*SHAPES, "bend", "everything"):
        progress(f"copies: {attack}")
        count = min(len(shown), planted if attack == "everything" else max(1, planted // 3))
        copies = [copy_of(shown[i], attack, random) for i in random.choice(len(shown), count, replace=False)]
        data = torch.from_numpy(np.stack([mapping.from_display(one) for one in copies]))
        caught[attack] = {"copies": count, "caught": rounded(np.mean([v.near_copy for v in evidence.check(data)]))}
    quality = {**evidence.card.quality, "real_distances": evidence.scale(), **found, "caught": caught}
    save_card(out, evidence.card.model_copy(update={"quality": quality}))
    return load_card(out)


def copy_of(picture: Bytes, attack: str, random: np.random.Generator) -> Bytes:
    """A planted copy of a silhouette as it is shown, (h, w, 3)."""
    if attack in ("bend", "everything"):
        picture = _bent(picture, random)
    how = {"bend": NOTHING, "everything": SHAPE}.get(attack) or ATTACKS[attack]
    return altered(picture, how, random)


def _bent(picture: Bytes, random: np.random.Generator) -> Bytes:
    """The picture on a mesh whose corners have moved."""
    size = picture.shape[0]
    edges = np.linspace(0, size, MESH + 1).round()
    corners = np.stack(np.meshgrid(edges, edges), axis=-1) + random.normal(0, BEND * size, (MESH + 1, MESH + 1, 2))
    mesh = []
    for row in range(MESH):
        for column in range(MESH):
            box = tuple(int(v) for v in (edges[column], edges[row], edges[column + 1], edges[row + 1]))
            quad = [
                corners[r, c] for r, c in ((row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1))
            ]
            mesh.append((box, tuple(float(v) for corner in quad for v in corner)))
    image = Image.fromarray(picture).transform((size, size), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    return np.asarray(image)
