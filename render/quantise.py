"""Weights in 8 bits where 8 bits hold them: half of the bytes on a disk and of what a visitor of the draw page fetches.

A matrix or kernel is stored as whole numbers from -127 to 127, each of its output channels (the first axis) with a
scale of its own in single precision beside it, ``weight = whole * scale`` (symmetric, per channel: Krishnamoorthi 2018,
arXiv:1806.08342). Biases and norms stay as they are, and so does a tensor of which more than `TOLERANCE` would be lost.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from torch import Tensor

from render.errors import NonesuchError, UsageError
from render.finished import write_tensors
from render.generators import BUILT_IN
from render.weights import BROWSER, CARD, MODEL, UPSCALER, Card, load_card, load_tensors, save_card

SCALE = ".scale"
"""What the name of a tensor's scales ends in, after the tensor's own."""
LARGEST = 127
TOLERANCE = 0.01
"""The root mean square of what rounding changes, as a share of the tensor's own: with this, pictures change about as
much as by drawing them in bf16 (`benchmarks/quantise.py`)."""


def quantised(tensors: dict[str, Tensor], tolerance: float = TOLERANCE) -> dict[str, Tensor]:
    """Tensors as they are stored in 8 bits: int8 with scales (channels,) beside them, or what they were."""
    out: dict[str, Tensor] = {}
    for name, value in tensors.items():
        out[name] = value
        if not value.is_floating_point() or value.dim() < 2 or name + SCALE in tensors:
            continue
        whole, scale = _rounded(value.float())
        kept = dequantised({name: whole, name + SCALE: scale})[name]
        if (kept - value.float()).norm() <= tolerance * value.float().norm():
            out[name], out[name + SCALE] = whole, scale
    return out


def _rounded(value: Tensor) -> tuple[Tensor, Tensor]:
    """int8 of a tensor's shape, and its scales (channels,)."""
    rows = value.flatten(1)
    scale = (rows.abs().amax(dim=1) / LARGEST).clamp(min=torch.finfo(torch.float32).tiny)
    whole = (rows / scale[:, None]).round()
    return whole.to(torch.int8).view_as(value), scale


def dequantised(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that `quantised` was given, up to its tolerance; those in 8 bits in single precision."""
    out: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in tensors:
            continue
        scale = tensors.get(name + SCALE)
        if scale is not None and value.dtype == torch.int8:
            value = value.float() * scale.view(-1, *[1] * (value.dim() - 1))
        out[name] = value
    return out


def quantise(folder: Path, out: Path) -> Card:
    """Write the weights folder `out`: that of `folder` with its tensors in 8 bits; returns its card.

    A graph for browsers is left behind, since it names places in the former file. Raises UsageError when `out` exists,
    and NonesuchError for weights that draw nothing, or that lie elsewhere (a pipeline's).
    """
    if out.exists():
        raise UsageError(f"{out} exists already: choose another folder or delete it first.")
    card = load_card(folder)
    if card.family not in (*BUILT_IN, UPSCALER) or MODEL not in card.sha256:
        raise NonesuchError(
            f"{folder} is of the family '{card.family}': only what draws or enlarges with a {MODEL} is quantised."
        )
    tensors = {name: value.contiguous() for name, value in quantised(load_tensors(folder)).items()}
    building = out.with_name(f".{out.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        write_tensors(building / MODEL, tensors, card)
        for name in card.sha256:
            if name not in (CARD, MODEL) and not name.startswith(Path(BROWSER).stem):
                shutil.copyfile(folder / name, building / name)
        save_card(building, card)
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return load_card(out)
