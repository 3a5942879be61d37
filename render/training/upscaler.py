"""Training the second stage: parts of large pictures, on the last stretch of the way from noise to them.

What the network is for begins with an enlarged picture that is partly noise (`render.generators.upscaler`), so it
learns no time much later than that, and no part is ever reduced. It is told neither class nor source nor drawing: what
a picture shows is in the picture. It may begin from a generator's weights, which know sky and galaxies already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from render.display import DISTANCE, DisplayMapping
from render.errors import NonesuchError, UsageError
from render.finished import finish
from render.generators.flow import FlowGenerator
from render.generators.upscaler import BEGIN, Upscaler, bicubic
from render.noise import normals
from render.training.checkpoint import step_generator
from render.training.dataset import TEST_FOLD, TUNE_FOLD, TrainingSet
from render.training.equaliser import gains_between
from render.training.examples import Batch, Drawn
from render.training.flow import LOOK, FlowSettings, FlowTraining, Graft, measured_scales
from render.training.grafting import grafted, startable
from render.training.pool import Turns
from render.training.quality import real_pictures, spectrum_error
from render.training.run import Report, train
from render.training.sheets import sample_sheet, save_sheet
from render.training.shipping import Description, begun, card_of, gather, look, write_weights
from render.training.vae import unseen
from render.weights import UPSCALER, Card, save_card

LATEST = BEGIN + 0.2
"""The latest time that is learned: beyond what is asked for, since neighbouring times support each other."""
CHANNELS = (48, 96, 128)
"""Of a new network's levels: 3.6 M parameters."""
PART, GRID = 128, 16
"""Pixels of a part's side at most, and what a side is a multiple of."""
SHOWN, MEASURED = 5, 48
"""Pictures on the sheet, and for the card's figures."""
NOTHING = "picture"


@dataclass(frozen=True)
class Parts(Drawn):
    """Parts of pictures, `side` px wide and high, without class, source or drawing."""

    side: int

    @property
    def class_names(self) -> list[str]:
        return []

    @property
    def source_names(self) -> list[str]:
        return []

    @property
    def size(self) -> int:
        return self.side

    def scales(self, fold: int) -> dict[str, Any]:
        return measured_scales(self.batch(LOOK, step_generator(0, 0)).data, fold)

    def batch(self, settings: FlowSettings, generator: torch.Generator) -> Batch:
        data, _, _ = self.pictures.draw(settings.batch, generator)
        corners = torch.randint(data.shape[-1] - self.side + 1, (len(data), 2), generator=generator).tolist()
        parts = torch.stack(
            [
                one[:, top : top + self.side, left : left + self.side]
                for one, (top, left) in zip(data, corners, strict=True)
            ]
        )
        n, none = len(data), torch.zeros(len(data), dtype=torch.long)
        return Batch(parts, none, none.clone(), torch.zeros(n, 1, self.side, self.side), torch.zeros(n))


class UpscalerTraining(FlowTraining):
    """One run in a folder of its own. shown: large pictures that it never saw, for the sheet; smaller: the side to
    which pictures are reduced before it enlarges them there.
    """

    family = UPSCALER

    def __init__(
        self, pool: Parts, run: Path, settings: FlowSettings, start: Graft | None, shown: Tensor, smaller: int
    ) -> None:
        super().__init__(pool, run, settings, start)
        self.shown, self.smaller = shown, smaller

    def upscaler(self, card: Card) -> Upscaler:
        """The averaged weights as they enlarge, where they stand."""
        return Upscaler(card, self.average, str(self.accelerator.device), "fp32")

    def sheets(self, card: Card, per_class: int) -> dict[str, Image.Image]:
        return {"sheet": compared(self.upscaler(card), self.shown, self.smaller)}

    def generator(self, card: Card) -> FlowGenerator:
        raise UsageError(f"'{card.name}' draws no pictures: it enlarges what others draw.")


def pair(upscaler: Upscaler, large: Tensor, smaller: int) -> tuple[Tensor, Tensor]:
    """Large pictures, (n, 3, h, h), reduced to `smaller` px, and what the upscaler makes of them. Each has noise of its
    own, the same every time.
    """
    small = interpolate(large, size=(smaller, smaller), mode="area")
    noise = [torch.from_numpy(normals(seed, upscaler.noise_shape)) for seed in range(len(small))]
    enlarged = [upscaler.enlarged(one[None], other[None]) for one, other in zip(small, noise, strict=True)]
    return small, torch.cat(enlarged)


def compared(upscaler: Upscaler, shown: Tensor, smaller: int) -> Image.Image:
    """Large pictures in three rows: reduced and interpolated; reduced and enlarged by the upscaler; as they are."""
    small, large = pair(upscaler, shown, smaller)
    rows = torch.cat([bicubic(small, upscaler.card.size), large, shown]).numpy()
    return sample_sheet(rows, upscaler.card.mapping, len(shown))


def upscaler_quality(upscaler: Upscaler, training_set: TrainingSet, smaller: int) -> dict[str, Any]:
    """The figures for a card: how far the spectrum of enlarged pictures of fold 1 is from their own, beside that of
    bicubic interpolation and of other real pictures (fold 2); and how well they keep what they were enlarged from, in
    dB. Empty when the set keeps no fold 1.
    """
    mapping = upscaler.card.mapping
    real = real_pictures(training_set, [NOTHING], TEST_FOLD, mapping)
    if not real:
        return {}
    some = real[NOTHING][:MEASURED]
    small, large = pair(upscaler, torch.from_numpy(some), smaller)
    again = interpolate(large, size=(smaller, smaller), mode="area")
    error = float((again - small).square().mean())
    own = {NOTHING: some}
    plain = bicubic(small, training_set.size).numpy()
    told: dict[str, Any] = {
        "reduced_to": smaller,
        "real": len(some),
        "decibels_kept": round(float(10 * np.log10(4 / max(error, 1e-12))), 2),
        "spectrum_error": {
            "upscaler": spectrum_error({NOTHING: large.numpy()}, own),
            "bicubic": spectrum_error({NOTHING: plain}, own),
        },
    }
    other = real_pictures(training_set, [NOTHING], TUNE_FOLD, mapping)
    if other:
        told["spectrum_error"]["real"] = spectrum_error(other, own)
    return told


def train_upscaler(
    source: Path,
    run: Path,
    out: Path,
    settings: FlowSettings,
    about: Description,
    mapping: DisplayMapping,
    turns: Turns = "all",
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
    start: Path | None = None,
    smaller: int = 96,
) -> Card:
    """Train on the prepared set `source` and write the weights folder `out`; goes on exactly where it was killed.

    start: a generator or an upscaler to begin from. smaller: the side of the pictures that will be enlarged, for the
    sheet and the figures. Raises UsageError for pictures that are too small, or outlines.
    """
    if mapping.name == DISTANCE:
        raise UsageError("silhouettes need no upscaler: they are published at any size.")
    training_set, pictures = gather(source, run, mapping, None, turns, labelled=False)
    size = training_set.size
    if size % GRID or size <= smaller:
        raise UsageError(
            f"{source} holds pictures of {size} px: an upscaler from {smaller} px needs larger ones, of a multiple of"
            f" {GRID} px."
        )
    side = min(PART, size // 2 // GRID * GRID) or size
    before = startable(start, ("flow", UPSCALER)) if start else None
    settings = replace(settings, latest=LATEST, channels=settings.channels or (() if before else CHANNELS))
    if before:
        settings = replace(begun(settings, before, side), below=0.0)
    pool = Parts(pictures, side)
    graft = grafted(start, pool, settings.fold, mapping) if start else None
    shown, _ = unseen(training_set, mapping, pictures)
    held = torch.from_numpy(shown[:SHOWN].astype(np.float32))
    training = UpscalerTraining(pool, run, settings, graft, held, smaller)

    def told(state: UpscalerTraining) -> Card:
        return card_of(state, training_set, mapping, about, before).model_copy(update={"sampling": None})

    train(training, report, lambda state: look(state, told(state)), stop)
    if training.accelerator.is_main_process:
        touch(training.upscaler(told(training)), training_set, smaller)
        card = told(training)
        card = card.model_copy(update={"quality": upscaler_quality(training.upscaler(card), training_set, smaller)})
        write_weights(out, training, card)
        return card
    return told(training)


def touch(upscaler: Upscaler, training_set: TrainingSet, smaller: int) -> None:
    """The last touch to a finished upscaler: the gains by which enlarged pictures of fold 2 show every spatial
    frequency as strongly as they did before they were reduced, and as differently (`render.generators.equaliser`).
    """
    mapping = upscaler.card.mapping
    upscaler.network.settings = replace(upscaler.network.settings, gains={})
    real = real_pictures(training_set, [NOTHING], TUNE_FOLD, mapping)
    if real:
        _, made = pair(upscaler, torch.from_numpy(real[NOTHING]), smaller)
        gains = gains_between(made.numpy(), real[NOTHING], mapping)
        upscaler.network.settings = replace(upscaler.network.settings, gains=gains)


def touch_upscaler(training_set: TrainingSet, folder: Path, smaller: int) -> Card:
    """Measure the last touch of finished weights again and write it into their card, with sheet and figures. Raises
    NonesuchError for another family, or another training set.
    """
    upscaler = Upscaler.load(folder)
    if upscaler.card.training.pictures_sha256 != training_set.identity():
        raise NonesuchError(f"{folder} did not learn from {training_set.folder}: name the set that its card describes.")
    touch(upscaler, training_set, smaller)
    card = upscaler.card.model_copy(update={"network": upscaler.network.settings.as_card()})
    card = card.model_copy(update={"quality": upscaler_quality(upscaler, training_set, smaller)})
    held = real_pictures(training_set, [NOTHING], TEST_FOLD, card.mapping).get(NOTHING)
    if held is not None:
        save_sheet(folder, "sheet", compared(upscaler, torch.from_numpy(held[:SHOWN]), smaller))
    finish(folder, card)
    save_card(folder, card)
    return card
