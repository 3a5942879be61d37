"""What every family does alike: build a network from its card, put its class into numbers, choose its precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from render.errors import NonesuchError
from render.weights import Card

if TYPE_CHECKING:
    from render.recipe import Recipe

Network = TypeVar("Network", bound=nn.Module)


def filled(network: Network, tensors: Mapping[str, Tensor], source: Path) -> Network:
    """The network with these tensors in it, in single precision; NonesuchError when they are not this network's."""
    own = network.state_dict()
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    missing = [name for name in own if name not in tensors]
    unknown = [name for name in tensors if name not in own]
    wrong = [name for name in own if name in tensors and own[name].shape != tensors[name].shape]
    if missing or unknown:
        what = f"there is no '{missing[0]}'" if missing else f"'{unknown[0]}' belongs to none of its layers"
    elif wrong:
        shapes = [" x ".join(map(str, some[wrong[0]].shape)) or "one number" for some in (tensors, own)]
        what = f"'{wrong[0]}' is {shapes[0]} and should be {shapes[1]}"
    else:
        network.load_state_dict(tensors)
        return network
    raise NonesuchError(f"{source}: the tensors are not those of the network that it should hold: {what}.")


def placed(network: Network, device: torch.device) -> Network:
    """The network on its device, for drawing alone; channels last is what oneDNN and cuDNN convolve fastest."""
    network = network.to(device).eval().requires_grad_(False)
    moved: Network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's stub
    return moved


def one_hot(name: str | None, names: Sequence[str | None], what: str, card: Card) -> Tensor:
    """(len(names),) with a 1 where the name stands; `names` may hold None for "none of them"."""
    if name not in names:
        known = ", ".join(one for one in names if one is not None)
        asked = f"knows no {what} '{name}'" if name is not None else f"must be told a {what}"
        raise NonesuchError(f"'{card.name}' {asked}; it knows {known or 'none'}.")
    row = torch.zeros(len(names))
    row[list(names).index(name)] = 1
    return row


def class_rows(recipes: Sequence[Recipe], card: Card) -> Tensor:
    """(n, classes), a 1 at each recipe's class; (n, 0) for a card without classes."""
    if not card.classes:
        return torch.zeros(len(recipes), 0)
    return torch.stack([one_hot(recipe.class_name, card.classes, "class", card) for recipe in recipes])


def autocast(device: torch.device, precision: str) -> torch.autocast | nullcontext[None]:
    """bf16 where it was asked for, otherwise nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if precision == "bf16" else nullcontext()


def between(a: Tensor, b: Tensor, t: Sequence[float]) -> Tensor:
    """(n, ...) on the way from one batch to another, each row at its own t in [0, 1]."""
    amount = torch.tensor(list(t), dtype=torch.float32, device=a.device).view(-1, *[1] * (a.dim() - 1))
    return (1 - amount) * a + amount * b
