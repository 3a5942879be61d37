"""Reading a `netG` of the well-known PyTorch DCGAN tutorial, of any depth, width and latent size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from render.errors import NonesuchError
from render.generators.dcgan import NetworkSettings
from render.generators.foreign import state_dict

if TYPE_CHECKING:
    from render.generators.convert import Converted, Pick

CONVOLUTION = re.compile(r"main\.(\d+)\.weight")


def read(path: Path, pick: Pick) -> Converted:
    """The tensors of a state dict with its plan, which their shapes tell. `pick` chooses nothing: there is one set."""
    from render.generators.convert import Converted

    tensors = state_dict(path)
    places = sorted(int(m[1]) for name, t in tensors.items() if (m := CONVOLUTION.fullmatch(name)) and t.dim() == 4)
    kernels = [tensors[f"main.{place}.weight"] for place in places]  # (in, out, 4, 4)
    if len(kernels) < 2 or any(kernel.shape[2:] != (4, 4) for kernel in kernels):
        found = ", ".join(list(tensors)[:3])
        raise NonesuchError(
            f"{path} is no generator of the DCGAN tutorial's layout (main.0.weight, main.1.weight and so on, kernels "
            f"of 4 x 4 pixels): it holds {found} and so on."
        )
    chain = [int(kernels[0].shape[0]), *(int(kernel.shape[1]) for kernel in kernels)]
    if any(int(kernel.shape[0]) != before for kernel, before in zip(kernels, chain, strict=False)):
        raise NonesuchError(f"{path}: its layers do not fit one after the other; is it the generator, not netD?")
    if chain[-1] not in (1, 3):
        raise NonesuchError(f"{path}: its last layer gives {chain[-1]} channels, where a picture has 3, or 1.")
    for name in [name for name in tensors if name.endswith(".running_mean")]:  # old PyTorch did not count batches
        tensors.setdefault(name.replace("running_mean", "num_batches_tracked"), torch.tensor(0))
    settings = NetworkSettings(latent=chain[0], channels=tuple(chain[1:-1]), colours=chain[-1])
    return Converted(tensors, settings.as_card(), settings.size)
