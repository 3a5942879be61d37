"""Reading other people's weights files without running anything in them.

A safetensors file holds only tensors. A file of `torch.save` is a pickle, a little program: PyTorch's own restricted
unpickler (`weights_only=True`) takes tensors and plain containers out of it and refuses all else by name.
"""

from __future__ import annotations

import pickle
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from render.errors import NonesuchError

WRAPPERS = ("state_dict", "model_state_dict", "generator", "netG", "G", "model")
"""Under which of a checkpoint's entries people keep the tensors."""


def read_checkpoint(path: Path) -> Any:
    """What a .safetensors, .pt or .pth file holds: tensors in plain containers.

    Raises NonesuchError for a file that is missing, cut short, or holds anything that would have to be run.
    """
    if not path.is_file():
        raise NonesuchError(f"{path} is not there: name the file of weights.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise NonesuchError(refusal(path, str(error))) from None
    except Exception as error:  # whatever a damaged file provokes: each reader has errors of its own
        if not isinstance(error, DAMAGED) and type(error).__name__ != "SafetensorError":
            raise
        raise NonesuchError(f"{path} is no whole file of weights (damaged or cut short): fetch it again.") from None


DAMAGED = (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, struct.error, zipfile.BadZipFile)
GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


def refusal(path: Path, reason: str) -> str:
    """One sentence for a pickle that was not read, with the name of what it wanted to call where it is known."""
    found = GLOBAL.search(reason)
    if found:
        return (
            f"{path} was not read: it wants to call '{found[1]}', and nothing in a file of weights is ever run; "
            "save the tensors alone (a state dict) where the model was made."
        )
    return f"{path} is no file of weights that can be read safely: save a state dict by torch.save, or safetensors."


def state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, out of a wrapper where there is one, without DataParallel's "module."."""
    held = read_checkpoint(path)
    while isinstance(held, Mapping) and not any(isinstance(value, Tensor) for value in held.values()):
        inner = next((held[name] for name in WRAPPERS if isinstance(held.get(name), Mapping)), None)
        if inner is None:
            break
        held = inner
    tensors = {str(k): v for k, v in held.items() if isinstance(v, Tensor)} if isinstance(held, Mapping) else {}
    if not tensors:
        raise NonesuchError(f"{path} holds no state dict: save the generator's by torch.save(netG.state_dict(), ...).")
    return {name.removeprefix("module."): value.contiguous() for name, value in tensors.items()}
