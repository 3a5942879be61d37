"""Bringing a pipeline of diffusers along: from a folder or the hub, safetensors alone, every file pinned by its sha256.

Such a folder may hold code (``.py``, which diffusers would import) and pickles (``.bin`` and others, which run what
they like). A folder with one of them is refused; from the hub neither is fetched. In a weights folder the pipeline
lies in ``pipeline/``, and ``model.safetensors`` holds no tensors but the list of its files with their sha256, so that
the hash in every recipe stands for all of them.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from render.errors import NonesuchError
from render.weights import MODEL, Sampling, sha256_of, verify

if TYPE_CHECKING:
    from render.generators.convert import Converted, Pick

FOLDER = "pipeline"
INDEX = "model_index.json"
LORA = "lora.safetensors"
HARMLESS = (".json", ".safetensors", ".txt", ".model", ".md")
CODE = (".py", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".so")
LIBRARIES = ("diffusers", "transformers")
HUB = re.compile(r"[\w.-]+/[\w.-]+")
STEPS, GUIDANCE = 30, 7.5


def read(path: Path, pick: Pick) -> Converted:
    """A pipeline's folder, or its name on the hub. `pick` chooses nothing."""
    from render.generators.convert import Converted

    folder = path if path.is_dir() else fetched(path)
    files = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}
    for name, file in files.items():
        if file.suffix.lower() in CODE:
            what = "code" if file.suffix == ".py" else "a pickle, which can run code"
            raise NonesuchError(f"{path} was not read: '{name}' is {what}; keep its safetensors and json files alone.")
    kept = {name: file for name, file in files.items() if file.suffix.lower() in HARMLESS and not hidden(name)}
    index = components(folder / INDEX)
    for name, file in kept.items():
        if file.suffix == ".safetensors":
            tensors(file, name)
    scheduler = index.get("scheduler")
    return Converted(
        {},
        {"pipeline": str(index["_class_name"])},
        size=picture_size(folder),
        sampling=Sampling(sampler=scheduler[1] if scheduler else "none", steps=STEPS, guidance=GUIDANCE),
        files=kept,
        parameters=sum(tensors(file, name) for name, file in kept.items() if file.suffix == ".safetensors"),
    )


def hidden(name: str) -> bool:
    """Whether a file lies in a hidden folder, such as the hub's own bookkeeping."""
    return any(part.startswith(".") for part in Path(name).parts)


def components(index: Path) -> dict[str, Any]:
    """``model_index.json``, whose parts must all be classes of diffusers or transformers: others would be code."""
    try:
        parts: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        name = str(parts["_class_name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NonesuchError(
            f"{index.parent} is no pipeline of diffusers: {INDEX} is missing or damaged ({type(error).__name__})."
        ) from None
    own = [part for part in parts.values() if isinstance(part, list) and part and part[0] is not None]
    for library, kind in [("diffusers", name), *((str(part[0]), str(part[-1])) for part in own)]:
        known = library in LIBRARIES or library == "stable_diffusion"  # the safety checker's, inside diffusers
        if not known or not kind.isidentifier():
            raise NonesuchError(f"{index} was not read: '{kind}' of '{library}' would be code from elsewhere.")
    return parts


def tensors(file: Path, name: str) -> int:
    """How many numbers a safetensors file holds, from its header; refuses a file that is cut short."""
    try:
        with safe_open(file, "np") as held:
            return sum(math.prod(held.get_slice(key).get_shape()) for key in held.keys())  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise NonesuchError(f"'{name}' is no whole safetensors file ({error}): fetch it again.") from None


def picture_size(folder: Path) -> int:
    """Pixels of a side, from the settings of the network and the autoencoder; 0 where they do not say."""

    def settings(part: str) -> dict[str, Any]:
        try:
            read: dict[str, Any] = json.loads((folder / part / "config.json").read_text(encoding="utf-8"))
            return read
        except (OSError, ValueError):
            return {}

    sample = settings("unet").get("sample_size") or settings("transformer").get("sample_size")
    levels = settings("vae").get("block_out_channels")
    if not isinstance(sample, int):
        return 0
    return int(sample * 2 ** (len(levels) - 1)) if isinstance(levels, list) else int(sample)


def fetched(name: Path) -> Path:
    """The folder of a pipeline on the hub, fetched into the hub's own cache; neither code nor pickles are."""
    if not HUB.fullmatch(str(name)):
        raise NonesuchError(f"there is no folder {name}: name a pipeline's folder, or owner/name on the hub.")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(str(name), allow_patterns=[f"*{suffix}" for suffix in HARMLESS]))
    except Exception as error:  # the hub's client raises errors of its own, of httpx and of the system
        raise NonesuchError(
            f"there is no folder {name} here, and the hub could not be asked for it ({type(error).__name__}): "
            "go online, or name a folder."
        ) from None


def checked(folder: Path) -> Path:
    """The pipeline inside a weights folder, when it is, file by file, what its weights file lists."""
    verify(folder, (MODEL,))
    with safe_open(folder / MODEL, "np") as held:
        listed: dict[str, str] = dict(held.metadata() or {})
    kept = folder / FOLDER
    there = {str(file.relative_to(kept)) for file in kept.rglob("*") if file.is_file()}
    listed.pop("format", None)
    if odd := sorted(there ^ set(listed)):
        raise NonesuchError(f"{kept}: '{odd[0]}' is not as the weights folder lists its files: import it again.")
    for name, digest in listed.items():
        if sha256_of(kept / name) != digest:
            raise NonesuchError(f"{kept / name} is not the file that was imported (its sha256 differs).")
    return kept
