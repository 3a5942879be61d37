"""A few real pictures that may be shown beside generated ones: for the game "which one is real?".

They come from the test fold, so no shipped network ever learned from them, and travel as a weights folder of their own:
each as a lossless picture in the display mapping that generated ones have, marked as a real capture with its credit.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import tomlkit

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.media.images import png
from render.provenance import captured
from render.training.dataset import TEST_FOLD, TrainingSet
from render.weights import PICTURES, REFERENCE, Card, Credit, Training, load_card, save_card

CONTAMINATED = 0.75  # above it, something else than the galaxy fills the picture


def ship_real(prepared: Path, folder: Path, count: int, mapping: DisplayMapping) -> Card:
    """Choose `count` labelled pictures of the test fold, as many of each class as can be, and write them into `folder`.

    The choice depends on the files' names alone. Raises NonesuchError when the set has too few.
    """
    pictures = TrainingSet.open(prepared)
    chosen = _chosen(pictures, count)
    if len(chosen) < count:
        raise NonesuchError(
            f"{prepared} has {len(chosen)} labelled pictures in its test fold, not {count}: ask for fewer."
        )
    folder.mkdir(parents=True, exist_ok=True)
    told = tomlkit.aot()
    for place, index in enumerate(chosen, 1):
        row = pictures.rows[index]
        name = f"real-{place:02d}.png"
        shown = mapping.to_display(mapping.to_data(np.asarray(pictures.images[index])))
        (folder / name).write_bytes(png(shown, captured(row["attribution"], row["licence"])))
        one = {"file": name, "of": row["file"], "class": row["label"]}
        told.append(tomlkit.item({**one, "credit": row["attribution"], "licence": row["licence"]}))
    (folder / PICTURES).write_text(tomlkit.dumps({"picture": told}), encoding="utf-8")
    save_card(folder, _card(folder.name, pictures, chosen, mapping))
    return load_card(folder)


def _chosen(pictures: TrainingSet, count: int) -> list[int]:
    """Indices: class by class in turn, each class's pictures in the order of a hash of their names."""
    by_class: dict[str, list[tuple[str, int]]] = {}
    for index, row in enumerate(pictures.rows):
        clean = float(row.get("contamination") or 0) < CONTAMINATED
        if int(row["fold"]) == TEST_FOLD and row.get("label") and clean:
            key = hashlib.sha256(row["file"].encode()).hexdigest()
            by_class.setdefault(row["label"], []).append((key, index))
    queues = [sorted(found, reverse=True) for _, found in sorted(by_class.items())]
    chosen: list[int] = []
    while any(queues) and len(chosen) < count:
        chosen += [queue.pop()[1] for queue in queues if queue][: count - len(chosen)]
    return chosen


def _card(name: str, pictures: TrainingSet, chosen: list[int], mapping: DisplayMapping) -> Card:
    credits = pictures.credits(np.array(chosen))
    licences = list(dict.fromkeys(licence for _, licence in credits))
    return Card(
        name=name,
        family=REFERENCE,
        title="Real pictures, to be told from generated ones",
        size=pictures.size,
        classes=sorted({pictures.rows[index]["label"] for index in chosen}),
        licence="; ".join(licences),
        display=mapping.settings(),
        training=Training(
            data="no network: pictures of the test fold, from which nothing that ships learned",
            folds=[TEST_FOLD],
            pictures=len(chosen),
            credits=[
                Credit(name=credit, text=f"{found} pictures", licence=licence)
                for (credit, licence), found in credits.items()
            ],
        ),
    )
