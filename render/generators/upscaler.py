"""The second stage: what a generator draws, enlarged, with the detail that only larger pictures have.

An upscaler is a `FlowNetwork` that learned parts of large pictures and nothing but the last stretch of the way from
noise to them. A finished small picture is enlarged (bicubic), brought `BEGIN` of the way back to noise, which drowns
whatever is finer than the small picture could hold, and is led to its end again (Meng et al. 2022, "SDEdit",
arXiv:2108.01073): what lies where is the generator's, grain and edges are the upscaler's. The network saw squares of
one size, and its U-Net takes pictures of any. Each step it sees the picture moved by another part of its grid's cell
(cycle spinning, Coifman & Donoho 1995, "Translation-invariant de-noising"), or that grid would show in flat places.
At last the coarse structure becomes the generator's own again: on what lies there everything rests that is said of a
picture, and of a smooth galaxy that had become a little mottled a classifier would say that it is a spiral.

Its noise follows the generator's in one long vector, so that whatever walks through noise walks through both, and a
picture is drawn from the same numbers with an upscaler as without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from render.errors import NonesuchError
from render.generators import Generator, Splined
from render.generators.building import autocast, filled, placed
from render.generators.equaliser import equalised, own_strength
from render.generators.network import FlowNetwork, NetworkSettings
from render.generators.samplers import SAMPLERS
from render.weights import UPSCALER, Card, load_card, load_tensors, misfit

BEGIN = 0.4
"""The time at which an upscaler begins: an enlarged picture is two fifths noise then."""
STEPS = 8
SAMPLER = "ab2"
# All of these are part of what an upscaler's hash means in a recipe: others would draw other pictures by old recipes.
QUARTERS = ((0, 0), (2, 2), (1, 3), (3, 1), (0, 2), (2, 0), (1, 1), (3, 3))
"""By how many quarters of a cell the picture is moved, down and right, at each step."""
MARGIN = 8
"""Pixels around a picture that are drawn with it and cut off, for what happens at an edge."""
KEPT = 0.4
"""Where a generator's structure gives way to the upscaler's, as a share of the small picture's Nyquist frequency: there
half of either is taken.
"""


def path() -> list[float]:
    """The times of an upscaler's steps, from `BEGIN` to 0, denser to the end: fine grain is so faint beside a galaxy
    that it is decided where there is almost no noise, and steps of one length leave pictures smooth.
    """
    return [BEGIN * (1 - i / STEPS) ** 2 for i in range(STEPS + 1)]


class Upscaler:
    """A trained `FlowNetwork` that ends enlarged pictures."""

    def __init__(self, card: Card, network: FlowNetwork, device: str, precision: str) -> None:
        self.card, self.device, self.precision = card, torch.device(device), precision
        self.network = placed(network, self.device)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu", precision: str = "fp32") -> Upscaler:
        """Raises NonesuchError for weights of another family."""
        card = load_card(folder)
        if card.family != UPSCALER:
            raise NonesuchError(f"{folder}: its family is {card.family}, and only an upscaler enlarges pictures.")
        network = filled(FlowNetwork(NetworkSettings.from_card(card.network)), load_tensors(folder), folder)
        return cls(card, network, device, precision)

    def compile(self) -> None:
        """Translate the network at its first pass, as a generator's."""
        self.network.unet.compile(dynamic=False)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        side = self.card.size + 2 * MARGIN
        return (self.network.settings.colours, side, side)

    @torch.inference_mode()
    def enlarged(self, pictures: Tensor, noise: Tensor) -> Tensor:
        """(n, 3, h, w) in data space and (n, *noise_shape) standard normal, to (n, 3, size, size) on the CPU."""
        net, noise = self.network.settings, noise.to(self.device)
        large = pad(bicubic(pictures.to(self.device), self.card.size), (MARGIN,) * 4, "reflect")
        x = torch.lerp((large - net.shift) / net.scale, noise, BEGIN)
        x = SAMPLERS[SAMPLER](self._moved, x, path(), None) * net.scale + net.shift
        only = x.new_tensor([1.0, 0.0]).expand(len(x), -1)  # its gains have one row, for all pictures
        fine = equalised(x, net.gains, only, own_strength(noise))
        cycles = KEPT * pictures.shape[-1] / 2 * large.shape[-1] / self.card.size
        return (fine + coarse(large - fine, cycles))[..., MARGIN:-MARGIN, MARGIN:-MARGIN].cpu()

    def _moved(self, x: Tensor, t: float) -> Tensor:
        """The velocity as the network sees it at a step's own place; what leaves the margin comes in opposite."""
        down, right = (quarter * self.network.settings.fold // 4 for quarter in QUARTERS[path().index(t)])
        return self._velocity(x.roll((down, right), (2, 3)), t).roll((-down, -right), (2, 3))

    def _velocity(self, x: Tensor, t: float) -> Tensor:
        n, told = len(x), x.new_ones(len(x), 1)  # its one class and its one source: none
        undrawn, moment = x.new_zeros(n, 1, *x.shape[2:]), x.new_full((n,), t)
        with autocast(self.device, self.precision):
            v: Tensor = self.network(x, moment, told, told, undrawn, x.new_zeros(n))
        return v.float()


class Upscaled:
    """A generator and an upscaler behind it, as one generator."""

    def __init__(self, generator: Generator, upscaler: Upscaler) -> None:
        self.generator, self.upscaler = generator, upscaler
        self.card = generator.card.model_copy(update={"size": upscaler.card.size})

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """A vector: the generator's noise, then the upscaler's."""
        return (1, 1, sum(math.prod(one.noise_shape) for one in (self.generator, self.upscaler)))

    def condition(self, recipes: Sequence[Any]) -> Any:
        return self.generator.condition(recipes)

    def mix(self, a: Any, b: Any, t: Sequence[float]) -> Any:
        return self.generator.mix(a, b, t)

    def images(self, conditioning: Any, noise: Tensor) -> Tensor:
        first, second = self.generator.noise_shape, self.upscaler.noise_shape
        flat = noise.flatten(1)
        small = self.generator.images(conditioning, flat[:, : math.prod(first)].view(-1, *first))
        return self.upscaler.enlarged(small, flat[:, math.prod(first) :].view(-1, *second))


class UpscaledStyles(Upscaled):
    """The same of a family with a space of styles."""

    generator: Any

    def among(self, stations: Any, shares: Sequence[Sequence[float]]) -> Any:
        return self.generator.among(stations, shares)


def upscaled(generator: Generator, upscaler: Upscaler) -> Generator:
    """Both as one. Raises NonesuchError where the generator's pictures are not what the upscaler learned to end."""
    if (reason := misfit(upscaler.card, generator.card)) is not None:
        raise NonesuchError(f"{reason}.")
    return (UpscaledStyles if isinstance(generator, Splined) else Upscaled)(generator, upscaler)


def coarse(pictures: Tensor, cycles: float) -> Tensor:
    """(n, c, h, h) without what is finer than so many cycles a picture, of which half is left (a Gaussian's slope)."""
    size = pictures.shape[-1]
    away = torch.fft.fftfreq(size, 1 / size, device=pictures.device).square()
    gone = torch.exp2(-(away[:, None] + away[None, : size // 2 + 1]) / cycles**2)
    kept: Tensor = torch.fft.irfft2(torch.fft.rfft2(pictures) * gone, s=pictures.shape[-2:])
    return kept


def bicubic(pictures: Tensor, size: int) -> Tensor:
    """(n, c, h, w) to (n, c, size, size)."""
    return interpolate(pictures, size=(size, size), mode="bicubic", antialias=False)
