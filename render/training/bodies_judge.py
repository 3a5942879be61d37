"""A weights folder that judges surfaces: the bodies that a generator learned from, and what was measured of the check.

Evidence is per body, leaving one out: how like its nearest other body is every body? No two bodies are copies, so the
threshold lies above all of that. Where two maps show one body, neither counts for the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from render.display import DisplayMapping
from render.errors import UsageError
from render.evidence import thumbnails
from render.evidence.bodies import FAMILY, ROWS, BodyEvidence, Floats, Ground, apart, look, reduced, relief
from render.evidence.build import of_fold_1
from render.evidence.check import rounded
from render.training.surface import Body, credits, identity, load_bodies
from render.weights import MODEL, Card, Training, load_card, save_card

MARGIN = 0.02
"""By how much a copy is more like a body than any other body is like it."""
PLANTED = 24
ATTACKS = ("none", "turned", "mirrored", "upside down", "colours", "a part", "blended", "everything")


def build_bodies(
    maps: Path, labels: Path, out: Path, name: str, about: str = "", progress: Callable[[str], None] = lambda text: None
) -> Card:
    """Write a weights folder for the maps that `labels` names in `maps` and return its card. Bodies in folds 1 and 2
    are what false alarms are measured on. Raises UsageError where fewer than three bodies are left.
    """
    bodies = load_bodies(maps, labels)
    learned = [body for body in bodies if not body.held]
    if len({body.body for body in learned}) < 3:
        raise UsageError(f"{labels} leaves fewer than three bodies to compare with: all others are in folds 1 and 2.")
    out.mkdir(parents=True, exist_ok=True)
    seen = [(body.north, body.south) for body in learned]
    shown = [shown_of(body) for body in learned]
    looks = torch.from_numpy(np.stack([look(*one) for one in zip(shown, seen, strict=True)]))
    reliefs = np.stack([relief(*one) for one in zip(shown, seen, strict=True)])
    spread = looks.std(0).clamp_min(1e-3)
    others = torch.tensor([[a.body != b.body for b in learned] for a in learned])
    own = torch.where(others, apart(looks, looks, spread), torch.inf).amin(1)
    progress("every body beside all others")
    ground = Ground.of(list(reliefs))
    alike = torch.stack([ground.likeness(plane) for plane in reliefs])
    threshold = float(torch.where(others, alike, torch.tensor(-1.0)).max()) + MARGIN
    small = [np.asarray(Image.fromarray(body.sharp).resize((4 * ROWS, 2 * ROWS))) for body in learned]
    offsets = torch.from_numpy(thumbnails.write_thumbnails(out / thumbnails.FILE, small)).int()
    about_each = [
        {"file": body.name, "class_name": body.label, "credit": body.row.get("attribution", "")} for body in learned
    ]
    told = torch.frombuffer(bytearray(json.dumps(about_each, separators=(",", ":")).encode()), dtype=torch.uint8)
    tensors = {"looks": looks, "spread": spread, "own": own, "reliefs": torch.from_numpy(reliefs).half()}
    save_file({**tensors, "offsets": offsets, "pictures": told}, out / MODEL)
    card = Card(
        name=name,
        family=FAMILY,
        title="The bodies that surfaces were learned from, one by one",
        size=ROWS,
        display=DisplayMapping.plain().settings(),
        training=Training(
            data=about or maps.name,
            pictures_sha256=identity(learned),
            folds=sorted({body.fold for body in learned}),
            pictures=len(learned),
            credits=credits(learned),
        ),
        quality={"threshold": rounded(threshold)},
    )
    save_card(out, card)
    return _measured(out, [body for body in bodies if body.held], learned, shown, progress)


def shown_of(body: Body) -> Floats:
    """A body's map as evidence looks at it."""
    return reduced(body.sharp.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)


def _measured(
    out: Path, held: Sequence[Body], learned: Sequence[Body], shown: Sequence[Floats], progress: Callable[[str], None]
) -> Card:
    evidence = BodyEvidence.load(out)
    kept_out = [shown_of(body) for body in held]
    verdicts = [evidence.verdict(one) for one in kept_out]
    others = kept_out or [np.full_like(shown[0], 0.5)]  # what covers a part of a copy must be no copy itself
    whole = [i for i, body in enumerate(learned) if body.north == 90 and body.south == -90]
    caught: dict[str, Any] = {}
    random = np.random.default_rng(4)
    for attack in ATTACKS:
        progress(f"copies: {attack}")
        picked = random.choice(whole, min(PLANTED, len(whole)), replace=False)
        copies = [copy_of(shown[i], others[n % len(others)], attack, random) for n, i in enumerate(picked)]
        found = [evidence.verdict(one).near_copy for one in copies]
        caught[attack] = {"copies": len(found), "caught": rounded(np.mean(found))}
    quality = {**evidence.card.quality, "real_distances": evidence.scale(), **of_fold_1(verdicts), "caught": caught}
    save_card(out, evidence.card.model_copy(update={"quality": quality}))
    return load_card(out)


def copy_of(shown: Floats, another: Floats, attack: str, random: np.random.Generator) -> Floats:
    """A planted copy of a map, (ROWS, 2 ROWS, 3) in [0, 1]; another: a map of which a part, or half of the light, is
    put over it.
    """
    every = attack == "everything"
    copy = shown
    if every or attack == "turned":
        copy = np.roll(copy, int(random.integers(2 * ROWS)), axis=1)
    if attack == "mirrored" or (every and random.random() < 0.5):
        copy = copy[:, ::-1]
    if attack == "upside down" or (every and random.random() < 0.5):
        copy = copy[::-1]
    if every or attack == "colours":
        copy = np.clip(copy * random.uniform(0.6, 1.2, 3) + random.uniform(-0.1, 0.1, 3), 0, 1)
        copy = copy ** random.uniform(0.7, 1.4)
    if every or attack == "blended":
        share = random.uniform(0.1, 0.35)
        copy = (1 - share) * copy + share * another
    if every or attack == "a part":
        copy = np.concatenate([copy[:, :ROWS], another[:, ROWS:]], axis=1)
    return np.asarray(np.clip(copy, 0, 1), dtype=np.float32)
