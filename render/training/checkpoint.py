"""Checkpoints that survive SIGKILL: one safetensors file, written beside and renamed, from which a run goes on exactly.

Holds networks, their moving averages and the moments of optimisers, each part under its name. Everything random is
drawn from generators keyed by the step (see `step_generator`), so there is no random state to save.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from render.errors import NonesuchError

CHECKPOINT = "checkpoint.safetensors"


def step_generator(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """The random numbers of one step on one process: the same whether or not the run was interrupted before it."""
    digest = hashlib.sha256(f"{seed}/{step}/{rank}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


Part = nn.Module | Optimizer
"""What a checkpoint keeps under a name."""


def save_checkpoint(folder: Path, parts: Mapping[str, Part], progress: dict[str, Any]) -> None:
    """Write the whole state durably under its final name; killed at any point, the former checkpoint remains."""
    tensors: dict[str, Tensor] = {}
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            tensors |= {f"{name}/{k}": v for k, v in part.state_dict().items()}
            continue
        for index, state in part.state_dict()["state"].items():
            tensors |= {f"{name}/{index}/{k}": v for k, v in state.items() if isinstance(v, Tensor)}
    metadata = {key: str(value) for key, value in progress.items()}
    temporary = folder / f".{CHECKPOINT}"
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, temporary, metadata)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, parts: Mapping[str, Part]) -> dict[str, str] | None:
    """Put a saved state back in place and return its progress, or None when there is none.

    Raises NonesuchError when the folder holds the checkpoint of another training.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    groups: dict[str, dict[str, Tensor]] = {name: {} for name in parts}
    try:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - a safetensors handle is no dict
                group, _, name = key.partition("/")
                groups[group][name] = file.get_tensor(key)
            progress: dict[str, str] = file.metadata()
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                part.load_state_dict(groups[name])
            else:
                groups_of_rates = part.state_dict()["param_groups"]
                part.load_state_dict({"state": _states(groups[name]), "param_groups": groups_of_rates})
    except (RuntimeError, KeyError):
        raise NonesuchError(
            f"{path} is the checkpoint of another training (other settings or classes): name another folder by --run."
        ) from None
    return progress


def _states(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """An optimiser's moments by parameter."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = value
    return state
