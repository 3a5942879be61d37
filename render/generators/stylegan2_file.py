"""Reading a published StyleGAN2-ADA-PyTorch .pkl without running anything in it.

Such a file is a pickle of whole networks, each with the Python source of its class, which the original program
executes. Here an unpickler knows a short list of names and builds tensors and plain containers from them; the source is
never looked at, and every other name is refused. The list is made anew for each file, so a file cannot change it
for the next.
"""

from __future__ import annotations

import io
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from render.errors import NonesuchError
from render.generators.foreign import DAMAGED
from render.generators.stylegan2_network import NetworkSettings

if TYPE_CHECKING:
    from render.generators.convert import Converted, Pick

ENTRY: dict[str, str] = {"ema": "G_ema", "raw": "G"}
SOFT = "lrelu"


class Refused(pickle.UnpicklingError):
    """A name that is not on the list; `str` is the name."""


@dataclass
class Held:
    """A network as it lies in the file: the name of its class, and its attributes."""

    name: str
    state: Mapping[str, Any]


class Reader(pickle.Unpickler):
    """An unpickler that knows `known` and nothing else."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(file)
        self.known = known()

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise Refused(f"{module}.{name}")
        return self.known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise Refused("a persistent object")


def known() -> dict[tuple[str, str], Callable[..., Any]]:
    """What a published file needs: networks, tensors, numbers of NumPy, plain containers."""

    class EasyDict(dict[str, Any]):
        pass

    class Dtype:
        def __init__(self, code: str, *_: Any) -> None:
            self.code, self.order = code, "="

        def __setstate__(self, state: tuple[Any, ...]) -> None:
            self.order = state[1] if state[1] in ("<", ">") else "="

    def network(meta: Mapping[str, Any]) -> Held:
        return Held(str(meta["class_name"]), dict(meta["state"]))

    def parameter(tensor: Tensor, requires_grad: bool, hooks: Any) -> Tensor:
        return tensor

    def tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
        rebuild: Callable[..., Tensor] = torch._utils._rebuild_tensor_v2
        return rebuild(storage, offset, size, stride, False, OrderedDict())

    def storage(data: bytes) -> Any:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)

    def number(dtype: Dtype, data: bytes) -> Any:
        if not re.fullmatch(r"[biufc]\d{1,2}", dtype.code):
            raise Refused(f"a number of type {dtype.code!r}")
        return np.frombuffer(data, np.dtype(dtype.order + dtype.code))[0].item()

    names: dict[tuple[str, str], Callable[..., Any]] = {
        ("torch_utils.persistence", "_reconstruct_persistent_obj"): network,
        ("torch._utils", "_rebuild_parameter"): parameter,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch.storage", "_load_from_bytes"): storage,
        ("collections", "OrderedDict"): OrderedDict,
        ("dnnlib.util", "EasyDict"): EasyDict,
        ("numpy", "dtype"): Dtype,
    }
    return names | {(f"numpy.{core}.multiarray", "scalar"): number for core in ("core", "_core")}


def read(path: Path, pick: Pick) -> Converted:
    """The generator of a .pkl: the moving average of its weights (`G_ema`), or those that were trained (`G`)."""
    from render.generators.convert import Converted

    held = networks(path).get(ENTRY[pick])
    if not isinstance(held, Held):
        raise NonesuchError(f"{path} holds no network '{ENTRY[pick]}': it is no StyleGAN2-ADA-PyTorch file.")
    tensors = {name: value.contiguous() for name, value in tensors_of(held).items()}
    settings = settings_of(path, held, tensors)
    return Converted(tensors, settings.as_card(), settings.size, classes=settings.classes)


def networks(path: Path) -> dict[str, Any]:
    """The dictionary that a .pkl holds, its networks as `Held`; NonesuchError names what was refused, and why."""
    if not path.is_file():
        raise NonesuchError(f"{path} is not there: name the file of weights.")
    try:
        with path.open("rb") as file:
            found = Reader(file).load()
    except Refused as error:
        raise NonesuchError(
            f"{path} was not read: it asks for {error}, which no StyleGAN2-ADA-PyTorch file needs, and nothing in a "
            "file of weights is ever run."
        ) from None
    except (pickle.UnpicklingError, TypeError, AttributeError, UnicodeDecodeError, MemoryError, *DAMAGED):
        raise NonesuchError(
            f"{path} is no whole StyleGAN2-ADA-PyTorch .pkl (another kind of file, damaged or cut short)."
        ) from None
    if not isinstance(found, dict):
        raise NonesuchError(f"{path} holds no dictionary of networks: it is no StyleGAN2-ADA-PyTorch file.")
    return found


def tensors_of(held: Held, prefix: str = "") -> dict[str, Tensor]:
    """Parameters and buffers by the names that a state dict gives them."""
    state = held.state
    own = {**state.get("_parameters", {}), **state.get("_buffers", {})}
    found = {prefix + str(name): value for name, value in own.items() if isinstance(value, Tensor)}
    for name, inner in state.get("_modules", {}).items():
        if isinstance(inner, Held):
            found |= tensors_of(inner, f"{prefix}{name}.")
    return found


def settings_of(path: Path, held: Held, tensors: Mapping[str, Tensor]) -> NetworkSettings:
    """The plan of a generator, which its shapes tell; NonesuchError when it is none of StyleGAN2."""
    named = (re.fullmatch(r"synthesis\.b(\d+)\.conv1\.weight", name) for name in tensors)
    sizes = sorted(int(found[1]) for found in named if found)
    if not sizes or sizes != [4 << i for i in range(len(sizes))] or "mapping.w_avg" not in tensors:
        raise NonesuchError(f"{path}: its '{held.name}' is no generator of StyleGAN2 (StyleGAN3 is another family).")
    first = submodule(held, "synthesis", "b4", "conv1").state
    if first.get("activation", SOFT) != SOFT:
        raise NonesuchError(f"{path}: its activation is '{first['activation']}'; only '{SOFT}' is known here.")
    if "synthesis.b4.torgb.weight" not in tensors and "synthesis.b8.skip.weight" not in tensors:
        raise NonesuchError(f"{path}: its architecture is neither 'skip' nor 'resnet'; no other is known here.")
    styles = len(tensors["mapping.w_avg"])
    classes = tensors["mapping.embed.weight"].shape[1] if "mapping.embed.weight" in tensors else 0
    settings = NetworkSettings(
        latent=int(tensors["mapping.fc0.weight"].shape[1]) - (styles if classes else 0),
        styles=styles,
        depth=sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in tensors),
        channels=tuple(int(tensors[f"synthesis.b{size}.conv1.weight"].shape[0]) for size in sizes),
        classes=int(classes),
        shape="skip" if "synthesis.b4.torgb.weight" in tensors else "resnet",
        colours=int(tensors[f"synthesis.b{sizes[-1]}.torgb.weight"].shape[0]),
        clamp=float(first.get("conv_clamp") or 0),
    )
    if settings.colours not in (1, 3):
        raise NonesuchError(f"{path}: its pictures have {settings.colours} channels, where a picture has 3, or 1.")
    return settings


def submodule(held: Held, *names: str) -> Held:
    """A network inside a network; an empty one where there is none."""
    for name in names:
        inner = held.state.get("_modules", {}).get(name)
        held = inner if isinstance(inner, Held) else Held(name, {})
    return held
