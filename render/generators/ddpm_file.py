"""Reading a checkpoint of lucidrains' denoising-diffusion-pytorch 0.5.2 to 0.6.6: ``{'step', 'model', 'ema'}``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.ddpm_network import NetworkSettings
from render.generators.foreign import read_checkpoint
from render.weights import Sampling

if TYPE_CHECKING:
    from render.generators.convert import Converted, Pick

UNET = "denoise_fn."
FLUX = DisplayMapping(softening=0.02)
"""How pictures in linear flux are shown: galaxies lie far below the brightest star that a picture may hold."""
STEPS = 50


def read(path: Path, pick: Pick) -> Converted:
    """The U-Net and its schedule; `pick` chooses between the moving average and the weights as they were trained."""
    from render.generators.convert import Converted

    held = read_checkpoint(path)
    entry = {"ema": "ema", "raw": "model"}[pick]
    found = held.get(entry) if isinstance(held, Mapping) else None
    if not isinstance(found, Mapping):
        names = ", ".join(str(name) for name in list(held)[:3]) if isinstance(held, Mapping) else type(held).__name__
        raise NonesuchError(
            f"{path} has no entry '{entry}' with a denoising-diffusion-pytorch model: it holds {names}."
        )
    tensors = {str(k).removeprefix("module."): v for k, v in found.items() if isinstance(v, Tensor)}
    unet = {name.removeprefix(UNET): value for name, value in tensors.items() if name.startswith(UNET)}
    betas = tensors.get("betas")
    if betas is None or betas.dim() != 1 or "final_conv.1.weight" not in unet or "downs.0.2.fn.g" not in unet:
        raise NonesuchError(
            f"{path} is no checkpoint of denoising-diffusion-pytorch 0.5.2 to 0.6.6: its U-Net with linear attention "
            "(denoise_fn.downs.0.2.fn.g and so on) or its schedule (betas) is not there."
        )
    settings = _settings(unet)
    about = {"checkpoint_step": int(held["step"])} if isinstance(held.get("step"), int) else {}
    return Converted(
        {**{f"unet.{name}": value for name, value in unet.items()}, "betas": betas.float()},
        settings.as_card(),
        size=0,  # the network takes any size, and the file does not say which it learned
        sampling=Sampling(sampler="ddim", steps=STEPS, guidance=1.0),
        about=about,
        sky=FLUX,
    )


def _settings(unet: Mapping[str, Tensor]) -> NetworkSettings:
    width = int(unet["mlp.2.bias"].shape[0]) if "mlp.2.bias" in unet else 64
    grids: list[int] = []
    while (name := f"downs.{len(grids)}.1.block1.block.0.bias") in unet:
        grids.append(int(unet[name].shape[0]))
    colours = int(unet["final_conv.1.weight"].shape[0])
    return NetworkSettings(width, tuple(max(1, grid // width) for grid in grids), colours)
