"""Distortions of a batch of pictures: what somebody, or a generator, might do to a picture and still show that picture.

Turning, mirroring, zooming and shifting are part of the view's sampling grid (`placed`); blur and JPEG are drawn from
copies of the set made once (`Variants`), since both are slow; light and noise are changed on the batch. All strengths
come from the step's own random generator on the CPU, so that a run can be resumed exactly.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d


@dataclass(frozen=True)
class Strength:
    """How far each distortion goes; the defaults go a little beyond what the planted copies of the test do.

    shift is what is left after a picture was centred on its own light, as a share of its width.
    """

    zoom: float = 1.25  # between 1/zoom and zoom
    shift: float = 0.03
    brightness: float = 0.25
    colour: float = 0.25
    gamma: float = 0.2
    noise: float = 0.04
    worn: bool = True  # blur and JPEG

    @classmethod
    def turned_only(cls) -> Strength:
        """Any angle and mirror, nothing else."""
        return cls(zoom=1.0, shift=0.005, brightness=0.0, colour=0.0, gamma=0.0, noise=0.0, worn=False)


@dataclass(frozen=True)
class Variants:
    """The set as it is, through JPEG and blurred: uint8, (pictures, 3, s, s) each."""

    plain: Tensor
    jpeg: Tensor
    blurred: Tensor

    def __len__(self) -> int:
        return len(self.plain)

    def drawn(self, chosen: Tensor, worn: bool, generator: torch.Generator) -> Tensor:
        """A batch as light in [0, 1]: plain, or one of the worn copies mixed in by any share."""
        plain = self.plain[chosen].float() / 255
        if not worn:
            return plain
        jpeg, blurred = self.jpeg[chosen].float() / 255, self.blurred[chosen].float() / 255
        through = torch.where(torch.rand(len(chosen), 1, 1, 1, generator=generator) < 0.5, jpeg, plain)
        return torch.lerp(through, blurred, torch.rand(len(chosen), 1, 1, 1, generator=generator))


def variants(light: Tensor, seed: int) -> Variants:
    """Make the worn copies of light in [0, 1] kept as uint8, (n, 3, s, s); JPEG qualities are between 35 and 80."""
    qualities = np.random.default_rng(seed).integers(35, 81, len(light))
    jpeg = torch.empty_like(light)
    for i, quality in enumerate(qualities):
        buffer = io.BytesIO()
        Image.fromarray(light[i].permute(1, 2, 0).numpy()).save(buffer, "JPEG", quality=int(quality))
        jpeg[i] = torch.from_numpy(np.asarray(Image.open(buffer)).copy()).permute(2, 0, 1)
    blurred = torch.cat([(gaussian(part.float()) + 0.5).byte() for part in torch.split(light, 256)])
    return Variants(light, jpeg, blurred)


def gaussian(light: Tensor) -> Tensor:
    """A Gaussian of one pixel, separable, (n, 3, s, s)."""
    x = torch.arange(-3.0, 4.0)
    kernel = torch.softmax(-(x**2) / 2, dim=0)
    planes = light.flatten(0, 1)[:, None]  # (3n, 1, s, s)
    planes = conv2d(planes, kernel.view(1, 1, 1, 7), padding=(0, 3))
    return conv2d(planes, kernel.view(1, 1, 7, 1), padding=(3, 0)).view(light.shape)


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def placed(middle: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Any angle, mirror, zoom and shift about each picture's middle (n, 2), as an affine (n, 2, 3) for a view."""
    n = len(middle)
    angle = uniform((n,), 0, 2 * torch.pi, generator)
    span = float(np.log(strength.zoom))
    scale = torch.exp(uniform((n,), -span, span, generator))
    hand = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    shift = uniform((n, 2), -2 * strength.shift, 2 * strength.shift, generator)  # the grid is 2 wide
    cos, sin, (x, y) = torch.cos(angle) * scale, torch.sin(angle) * scale, (middle + shift).T
    return torch.stack([cos * hand, -sin, x, sin * hand, cos, y], dim=1).view(n, 2, 3)


def recoloured(light: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Brightness, colour balance, contrast curve and noise."""
    n = len(light)
    gain = 1 + uniform((n, 1, 1, 1), -strength.brightness, strength.brightness, generator)
    gain = gain * (1 + uniform((n, 3, 1, 1), -strength.colour, strength.colour, generator))
    power = 1 + uniform((n, 1, 1, 1), -strength.gamma, strength.gamma, generator)
    if strength.gamma:
        light = light.clamp_min(1e-4) ** power
    light = light * gain
    if strength.noise:
        level = uniform((n, 1, 1, 1), 0, strength.noise, generator)
        light = light + level * torch.randn(light.shape, generator=generator)
    return light.clamp(0, 1)
