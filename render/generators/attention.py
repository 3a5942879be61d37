"""A network that pays no attention: what guidance leads away from, besides pictures of no class.

In the twin of a network every place attends to itself alone, so what it draws holds together only as far as its
convolutions reach. The step from the twin's picture to the network's own leads to what belongs together: discs that are
whole, arms that answer each other (perturbed-attention guidance, Ahn et al. 2024, arXiv:2403.17377).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


class SelfAlone:
    """In the place of diffusers' processor of attention: values stay where they are: each place sees itself."""

    def __call__(self, attention: Any, hidden_states: Tensor, temb: Tensor | None = None, **others: Any) -> Tensor:
        """(n, c, h, w) to the same. The names are diffusers', and what else it hands over is for cross-attention."""
        n, channels, h, w = hidden_states.shape
        places = hidden_states.view(n, channels, h * w)
        if attention.group_norm is not None:
            places = attention.group_norm(places)
        values = attention.to_out[0](attention.to_v(places.transpose(1, 2))).transpose(1, 2).reshape(n, channels, h, w)
        result: Tensor = (values + hidden_states) / attention.rescale_output_factor
        return result


def inattentive(network: N) -> N:
    """A twin of the network that holds the same tensors and pays no attention."""
    tensors = [*network.parameters(), *network.buffers()]
    twin = deepcopy(network, {id(tensor): tensor for tensor in tensors})
    for module in twin.modules():
        if isinstance(module, Attention):
            module.processor = SelfAlone()
    return twin
