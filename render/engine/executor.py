"""Executors: frames in, pictures out. This one runs in this process; others may spread frames over machines.

Every batch is padded to one shape, because a network's last bits depend on the shape of its batch: so a picture has
the same pixels whether it was made with seven others or alone. A batch that does not fit into memory is halved, and the
size that fits is remembered (`render.engine.batches`).

On a CPU every core takes a batch of its own, a lane, with one thread inside the network. Cores that share one batch
wait for each other at every layer, and wait longest when an encoder holds one of them; lanes never wait, and a
picture's last bits do not depend on how many cores there are. On a GPU two lanes take turns: while one batch is drawn,
the next one's noise and conditioning are on their way to the device.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from render.cores import cores
from render.engine.batches import LARGEST, Batches, best_batch
from render.engine.frames import Frame, frames_of
from render.errors import NonesuchError
from render.generators import Drawings, Generator, Splined, load_generator
from render.noise import Floats
from render.recipe import Recipe
from render.weights import Card, load_card

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_BATCH = {"cpu": 8, "mps": 16, "cuda": 64}
MOST_LANES = 8
"""Cores beyond this number are left to the encoders: each lane holds a batch's activations."""


class Executor(Protocol):
    """What the loop knows of the device."""

    batch: int
    lanes: int
    """How many batches it works on side by side: `pictures` may be called from so many threads."""
    device_seconds: float
    """How long the device has worked so far; batches that are worked on at once share the time."""

    def enter_lane(self) -> None:
        """Called first on every thread that will call `pictures`."""

    def card(self, weights: str) -> Card:
        """The card of weights that recipes name by their sha256."""

    def prepare(self, recipe: Recipe) -> tuple[int, int, int]:
        """Called before frames of a recipe's weights: `batch` is then theirs. Returns (c, h, w) of their noise.

        Raises NonesuchError when these weights cannot be used.
        """

    def key(self, recipe: Recipe) -> str:
        """What is remembered of this device holds for: the device, the recipe's weights, its size, the precision."""

    def noise_shape(self, recipe: Recipe) -> tuple[int, int, int]:
        """(c, h, w) of the noise that a picture of the recipe's networks starts from."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        """(n, 3, h, w) float32 in the card's data space, in the frames' order."""


class LocalExecutor:
    """The device of this machine.

    folders: weights folder by sha256. batch: pictures in a padded batch; left out, it is measured on a GPU, and 8 on a
    CPU; it falls when memory does not suffice. lanes: batches side by side, on a CPU
    as many as it has cores. batches: what is remembered of sizes. compiled: let torch.compile translate the network.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        device: str = "cpu",
        precision: str = "fp32",
        batch: int | None = None,
        drawings: Drawings | None = None,
        lanes: int | None = None,
        batches: Batches | None = None,
        compiled: bool = False,
    ) -> None:
        self.folders = folders
        self.device = device
        self.precision = precision
        self.kind = device.partition(":")[0]
        self.batch = batch or DEFAULT_BATCH[self.kind]
        self.drawings = drawings
        self.lanes = lanes or (min(MOST_LANES, cores()) if device == "cpu" else 2)
        self.batches = batches or Batches()
        self.compiled = compiled
        self.device_seconds = 0.0
        self._chosen = batch
        self._prepared: tuple[str, ...] = ()
        self._loaded: dict[tuple[str, ...], Generator] = {}
        self._lock = Lock()
        self._turn: AbstractContextManager[object] = nullcontext() if device == "cpu" else Lock()

    def enter_lane(self) -> None:
        if self.device == "cpu":
            import torch

            torch.set_num_threads(1)  # of this thread

    def card(self, weights: str) -> Card:
        return load_card(self._folder(weights))

    def noise_shape(self, recipe: Recipe) -> tuple[int, int, int]:
        return self.generator(recipe).noise_shape

    def prepare(self, recipe: Recipe) -> tuple[int, int, int]:
        if recipe.networks != self._prepared:
            self.generator(recipe)
            self.batch = self._size(recipe)
            self._prepared = recipe.networks
        return self.noise_shape(recipe)

    def generator(self, recipe: Recipe) -> Generator:
        """The generator of a recipe's networks; only the last one used stays in memory."""
        with self._lock:
            if recipe.networks not in self._loaded:
                self._loaded.clear()
                self._loaded[recipe.networks] = self._load(recipe)
            return self._loaded[recipe.networks]

    def _load(self, recipe: Recipe) -> Generator:
        loaded = load_generator(self._folder(recipe.weights), self.device, self.precision, self.drawings)
        if self.compiled:
            compile_network(loaded)
        if recipe.upscaler is None:
            return loaded
        from render.generators.upscaler import Upscaler, upscaled

        upscaler = Upscaler.load(self._folder(recipe.upscaler), self.device, self.precision)
        if self.compiled:
            upscaler.compile()
        return upscaled(loaded, upscaler)

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        while True:
            batch = self.batch
            try:
                return np.concatenate([self._padded(frames[i : i + batch]) for i in range(0, len(frames), batch)])
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(batch, frames[0].a)  # outside the handler: the traceback holds the tensors that did not fit

    def _padded(self, frames: Sequence[Frame]) -> Floats:
        import torch

        generator = self.generator(frames[0].a)
        full = [*frames, *[frames[-1]] * (self.batch - len(frames))]
        noise = torch.from_numpy(np.stack([frame.noise for frame in full]))  # (batch, c, h, w)
        if self.kind == "cuda":
            noise = noise.pin_memory().to(self.device, non_blocking=True)
        conditioning = steered(generator, full)
        with self._turn:  # one batch's activations at a time
            start = time.perf_counter()
            data: Tensor = generator.images(conditioning, noise)  # (batch, 3, h, w)
            took = time.perf_counter() - start
        with self._lock:
            self.device_seconds += took / self.lanes if self.kind == "cpu" else took
        return data[: len(frames)].numpy()

    def _size(self, recipe: Recipe) -> int:
        """The batch for a recipe's weights: chosen, measured, or usual; never more than what once did not fit, or than
        their card says.
        """
        sampling = self.card(recipe.weights).sampling
        if sampling is not None and sampling.batch is not None:
            return sampling.batch
        key = self.key(recipe)
        fits = self.batches.get(key, "fits")
        size = self._chosen or self.batches.get(key, "measured")
        if size is None and self.kind == "cuda":
            size = best_batch(lambda size: self._timed(recipe, size), largest=fits or LARGEST)
            self.batches.keep(key, "measured", size)
        size = size or DEFAULT_BATCH[self.kind]
        return min(size, fits) if fits else size

    def _timed(self, recipe: Recipe, size: int) -> float | None:
        """Seconds for a batch of so many pictures, or None when there is no memory for it."""
        frame = next(frames_of(recipe, self.noise_shape(recipe)))
        before, self.batch = self.batch, size
        try:
            self._padded([frame])  # the first of a shape also allocates, and chooses how to convolve
            start = time.perf_counter()
            self._padded([frame])
            return time.perf_counter() - start
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return None
        finally:
            self.batch = before
            free_memory()

    def _halve(self, tried: int, recipe: Recipe) -> None:
        """tried: the batch that did not fit; another lane may have halved it already."""
        if tried == 1:
            raise NonesuchError(
                f"there is not enough memory on '{self.device}' for one picture of {recipe.size} px: "
                "close other programs, or choose another device or smaller weights."
            )
        self.batch = min(self.batch, tried // 2)
        self.batches.keep(self.key(recipe), "fits", self.batch)
        free_memory()

    def key(self, recipe: Recipe) -> str:
        name = self.kind
        if self.kind == "cuda":
            import torch

            name = torch.cuda.get_device_name(self.device)
        return f"{name}, {'+'.join(one[:16] for one in recipe.networks)}, {recipe.size} px, {self.precision}"

    def _folder(self, weights: str) -> Path:
        if weights not in self.folders:
            raise NonesuchError(
                f"no weights with the sha256 {weights[:12]}… belong to this gallery: they changed meanwhile; run again."
            )
        return self.folders[weights]


def steered(generator: Generator, frames: Sequence[Frame]) -> Any:
    """The conditioning of a batch: of each picture alone, between two keyframes, or among all of a spline through W or
    of a plane.

    Raises NonesuchError for such a spline in a family that has no W.
    """
    if frames[0].plane and not isinstance(generator, Splined):
        return _between_corners(generator, frames)
    if frames[0].stations:
        if not isinstance(generator, Splined):
            raise NonesuchError(f"the family '{generator.card.family}' has no W, so no spline goes through it.")
        return generator.among(generator.condition(frames[0].stations), [frame.shares for frame in frames])
    conditioning = generator.condition([frame.a for frame in frames])
    if any(frame.t for frame in frames):
        other = generator.condition([frame.b for frame in frames])
        return generator.mix(conditioning, other, [frame.t for frame in frames])
    return conditioning


def _between_corners(generator: Generator, frames: Sequence[Frame]) -> Any:
    """Across on the upper and on the lower side, and then down between the two."""
    corners = [generator.condition([frame.stations[corner] for frame in frames]) for corner in range(4)]
    across = [frame.shares[1] + frame.shares[3] for frame in frames]
    down = [frame.shares[2] + frame.shares[3] for frame in frames]
    upper, lower = generator.mix(corners[0], corners[1], across), generator.mix(corners[2], corners[3], across)
    return generator.mix(upper, lower, down)


def free_memory() -> None:
    """Give back what tensors that are gone still hold."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def compile_network(generator: Generator) -> None:
    """Have torch.compile translate a generator's network for the one shape that all batches have.

    Raises NonesuchError for a family that offers no such network.
    """
    network = getattr(generator, "compile", None)
    if network is None:
        raise NonesuchError(
            f"the family '{generator.card.family}' cannot be compiled: leave out render.compile in gallery.toml."
        )
    network()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice; PyTorch says so in three ways."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "not enough memory" in text)


def device_here(wanted: str) -> str:
    """The device that ``render.device`` asks for, "auto" told, with a number put on it to see that it works.

    Raises NonesuchError when it is not here.
    """
    import torch

    device = best_device() if wanted == "auto" else wanted
    try:
        torch.ones(1, device=device).add(1).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch says it in each of these ways
        reason = str(error).splitlines()[0].partition(". ")[0][:160].rstrip(".")
        raise NonesuchError(
            f"the device '{device}' does not work here ({reason}): set render.device in gallery.toml to \"auto\"."
        ) from None
    return device


def best_device() -> str:
    """The fastest device that PyTorch finds here."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
