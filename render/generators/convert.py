"""Other people's weights to a weights folder: read safely, told what they are, written once as safetensors with a card.

A family that can be brought along has a reader, ``reader(path, pick) -> Converted``, named in
`render.generators.READERS`. What it returns is loaded by the family's own generator before the folder gets its name, so
a file of another architecture ends in one sentence and leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from safetensors.torch import save_file
from torch import Tensor

from render.display import DisplayMapping
from render.errors import NonesuchError, UsageError
from render.generators import READERS, load_generator
from render.generators.pipeline_folder import FOLDER, LORA
from render.weights import MODEL, Card, Credit, Sampling, Training, save_card, sha256_of

Pick = Literal["ema", "raw"]
"""Which weights, where a file holds both: the moving average, or those that were trained."""

BESIDE = ("running_mean", "running_var", "num_batches_tracked", "w_avg", "noise_const", "resample_filter")
"""What lies beside the parameters in a state dict: statistics, filters, noise that nothing trained."""


@dataclass(frozen=True)
class Converted:
    """What a reader found. network: what the card keeps under ``[network]``; classes: how many the network knows; size:
    of its pictures in pixels, 0 where the file does not say; files: of a pipeline, by name inside its folder;
    parameters: how many they hold; sky: how its pictures of the sky are shown.
    """

    tensors: dict[str, Tensor]
    network: dict[str, Any]
    size: int
    sampling: Sampling = field(default_factory=Sampling.in_one_pass)
    classes: int = 0
    files: dict[str, Path] = field(default_factory=dict)
    parameters: int = 0
    sky: DisplayMapping = field(default_factory=DisplayMapping)
    about: dict[str, Any] = field(default_factory=dict)  # what else is known of the file, for the card's `quality`


@dataclass(frozen=True)
class Wish:
    """What a person says of a file that the file cannot say itself. classes: their names, in the network's order."""

    title: str = "picture"
    licence: str = "unknown"
    data: str = ""
    credit: str = ""
    classes: tuple[str, ...] = ()
    display: str = "plain"
    pick: Pick = "ema"
    size: int | None = None
    lora: Path | None = None
    lora_scale: float = 1.0


def convert(source: Path, out: Path, family: str, wish: Wish | None = None) -> Card:
    """Write the weights folder `out` from the file or folder `source`; returns its card.

    Raises UsageError when `out` exists or the family cannot be brought along, and NonesuchError for what is wrong
    with the file; then nothing is written.
    """
    wish = wish or Wish()
    if family not in READERS:
        raise UsageError(f"no weights of the family '{family}' can be imported; {', '.join(sorted(READERS))} can.")
    if wish.lora and (family != "pipeline" or wish.lora.suffix != ".safetensors" or not wish.lora.is_file()):
        raise UsageError(f"{wish.lora}: a LoRA is a .safetensors file, and belongs to a pipeline (--family pipeline).")
    if out.exists():
        raise UsageError(f"{out} exists already: choose another folder or delete it first.")
    module, _, name = READERS[family].partition(":")
    reader: Callable[[Path, Pick], Converted] = getattr(import_module(module), name)
    found = reader(source, wish.pick)
    if not found.size and wish.size is None:
        raise UsageError(f"{source} does not say how large its pictures are: say so with --size, in pixels.")
    building = out.with_name(f".{out.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        listed = _brought(found, wish, building / FOLDER) if found.files else None
        save_file({name: value.contiguous() for name, value in found.tensors.items()}, building / MODEL, listed)
        save_card(building, _card(found, source, out.name, family, wish))
        try:
            card = load_generator(building).card
        except NonesuchError as error:
            raise NonesuchError(str(error).replace(str(building), str(source))) from None
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return card


def _brought(found: Converted, wish: Wish, into: Path) -> dict[str, str]:
    """The files of a pipeline, linked where the disk allows and copied where not; returns their sha256 by name."""
    files = found.files | ({LORA: wish.lora} if wish.lora else {})
    for name, file in files.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file.resolve(), target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(file, target)
    return {name: sha256_of(into / name) for name in files}


def trained(tensors: Mapping[str, Tensor]) -> int:
    """How many parameters there are among the tensors of a state dict."""
    return sum(value.numel() for name, value in tensors.items() if not name.endswith(BESIDE))


def _card(found: Converted, source: Path, name: str, family: str, wish: Wish) -> Card:
    names = list(wish.classes) or [f"class_{i}" for i in range(found.classes)]
    if len(names) != found.classes:
        raise UsageError(f"{source} knows {found.classes} classes, not {len(names)}: name each once, in its order.")
    credits = [Credit(name=wish.credit, text="weights", licence=wish.licence)] if wish.credit else []
    mapping = DisplayMapping.plain() if wish.display == "plain" else found.sky
    return Card(
        name=name,
        family=family,
        title=wish.title,
        size=found.size or wish.size or 0,
        parameters=found.parameters or trained(found.tensors),
        classes=names,
        licence=wish.licence,
        network=found.network | ({"lora": wish.lora_scale} if wish.lora else {}),
        display=mapping.settings(),
        sampling=found.sampling,
        training=Training(data=wish.data, credits=credits),
        quality=found.about,
    )
