"""Diffusers' `UNet2DModel`, without the other hundred networks that come when it is asked for by its name.

The packages `diffusers.models.unets` and `diffusers.models.transformers` import every network that they hold, and those
scipy's statistics and, where it is installed, peft: twice what PyTorch itself takes, in every process that draws a
picture. Here each package stands in `sys.modules` as a bare folder while the one module is imported, and no longer:
whoever asks for the packages later (`render.generators.pipeline`) gets them whole, with the same class in them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType

PACKAGES = ("diffusers.models.unets", "diffusers.models.transformers")


@contextmanager
def folders(names: tuple[str, ...]) -> Generator[None, None, None]:
    """While inside, modules of these packages are found and their ``__init__`` is not run, unless it was already."""
    bare = {name: ModuleType(name) for name in names if name not in sys.modules}
    for name, package in bare.items():
        home, _, last = name.rpartition(".")
        package.__path__ = [f"{folder}/{last}" for folder in importlib.import_module(home).__path__]
    sys.modules.update(bare)
    try:
        yield
    finally:
        for name in bare:
            del sys.modules[name]


with folders(PACKAGES):
    from diffusers.models.unets.unet_2d import UNet2DModel

__all__ = ["UNet2DModel"]
