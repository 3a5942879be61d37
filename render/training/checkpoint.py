"""Checkpoints that survive SIGKILL: one safetensors file, written beside and renamed, from which a run goes on exactly.

Holds the raw weights, their moving average and the optimiser's moments; everything random is drawn from generators
keyed by the step (see `step_generator`), so there is no random state to save.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

CHECKPOINT = "checkpoint.safetensors"


def step_generator(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """The random numbers of one step on one process: the same whether or not the run was interrupted before it."""
    digest = hashlib.sha256(f"{seed}/{step}/{rank}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def save_checkpoint(
    folder: Path, network: nn.Module, average: nn.Module, optimiser: Optimizer, progress: dict[str, Any]
) -> None:
    """Write the whole state durably under its final name; killed at any point, the former checkpoint remains."""
    tensors = {f"network/{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in average.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{k}": v for k, v in state.items() if isinstance(v, Tensor)}
    metadata = {key: str(value) for key, value in progress.items()}
    temporary = folder / f".{CHECKPOINT}"
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, temporary, metadata)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(folder / CHECKPOINT)


def load_checkpoint(
    folder: Path, network: nn.Module, average: nn.Module, optimiser: Optimizer
) -> dict[str, str] | None:
    """Put a saved state back in place and return its progress, or None when there is none."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    groups: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimiser": {}}
    with safe_open(path, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 - a safetensors handle is no dict
            group, _, name = key.partition("/")
            groups[group][name] = file.get_tensor(key)
        progress: dict[str, str] = file.metadata()
    network.load_state_dict(groups["network"])
    average.load_state_dict(groups["average"])
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in groups["optimiser"].items():
        index, _, key = name.partition("/")
        state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return progress
