"""The layers of StyleGAN2 in plain PyTorch, without code that has to be compiled.

Written from the papers: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv:1912.04958),
section 2.2 for modulated convolutions, section 4 for resampling inside the network; Karras et al. 2018
(arXiv:1710.10196), section 4.1 for weights that are scaled when they are used. The names of parameters are those of the
published models, so that their tensors load as they are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, pad

SLOPE = 0.2
GAIN = math.sqrt(2)
"""What keeps the variance through a leaky ReLU."""
TINY = 1e-8


def unit(x: Tensor) -> Tensor:
    """(n, d) scaled so that the mean square of each row is 1."""
    return x * (x.square().mean(1, keepdim=True) + TINY).rsqrt()


def low_pass() -> Tensor:
    """(4, 4), sums to 1: the binomial filter that every change of resolution goes through."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    square = torch.outer(line, line)
    return square / square.sum()


def filtered(x: Tensor, kernel: Tensor, around: tuple[int, int, int, int], gain: float = 1.0) -> Tensor:
    """Every channel of (n, c, h, w) convolved with (k, k); around: pixels of nothing left, right, above, below."""
    channels = x.shape[1]
    kernel = (kernel * gain).flip((0, 1)).to(x.dtype).expand(channels, 1, -1, -1)
    return conv2d(pad(x, around), kernel, groups=channels)


def enlarged(x: Tensor, kernel: Tensor) -> Tensor:
    """(n, c, h, w) to twice the size: nothing between the pixels, then the low-pass filter."""
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, h, 2, w, 2)
    spread[:, :, :, 0, :, 0] = x
    return filtered(spread.view(n, c, 2 * h, 2 * w), kernel, (2, 1, 2, 1), 4.0)


def halved(x: Tensor, kernel: Tensor) -> Tensor:
    """(n, c, h, w) to half the size."""
    return filtered(x, kernel, (1, 1, 1, 1))[:, :, ::2, ::2]


def activated(x: Tensor, gain: float = 1.0, clamp: float | None = None) -> Tensor:
    """Leaky ReLU at unchanged variance, times `gain`; clamped where the model was trained with a clamp."""
    x = leaky_relu(x, SLOPE) * (GAIN * gain)
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


class Dense(nn.Module):
    """A linear layer whose weights are scaled when they are used; rate: of learning, beside the other layers'."""

    def __init__(
        self, inputs: int, outputs: int, *, active: bool = False, rate: float = 1.0, bias: float = 0.0
    ) -> None:
        super().__init__()
        self.active, self.rate = active, rate
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))

    def forward(self, x: Tensor) -> Tensor:
        y = linear(x, self.weight * (self.rate / math.sqrt(self.weight.shape[1])), self.bias * self.rate)
        return activated(y) if self.active else y


class Modulated(nn.Module):
    """A convolution whose input channels a style scales, and whose output is brought back to unit variance.

    up: the picture comes out at twice the size. Parts of the layer by `weight`, `affine` and `resample_filter` alone:
    noise, bias and non-linearity are the layer's around it.
    """

    resample_filter: Tensor

    def __init__(self, inputs: int, outputs: int, styles: int, kernel: int, *, up: bool = False) -> None:
        super().__init__()
        self.up = up
        self.affine = Dense(styles, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def convolved(self, x: Tensor, style: Tensor) -> Tensor:
        """x (n, inputs, h, w), style (n, inputs); demodulated (arXiv:1912.04958, eq. 3)."""
        strength = torch.einsum("oikl,ni->no", self.weight.square(), style.square())
        x = x * style[:, :, None, None].to(x.dtype)
        weight = self.weight.to(x.dtype)
        if self.up:
            x = conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = filtered(x, self.resample_filter, (1, 1, 1, 1), 4.0)
        else:
            x = conv2d(x, weight, padding=self.weight.shape[-1] // 2)
        return x * (strength + TINY).rsqrt()[:, :, None, None].to(x.dtype)


class StyledLayer(Modulated):
    """A modulated 3 x 3 convolution with noise, bias and non-linearity."""

    noise_const: Tensor

    def __init__(
        self, inputs: int, outputs: int, styles: int, size: int, *, up: bool = False, clamp: float | None = None
    ) -> None:
        super().__init__(inputs, outputs, styles, 3, up=up)
        self.clamp, self.size = clamp, size
        self.register_buffer("resample_filter", low_pass())
        self.register_buffer("noise_const", torch.randn(size, size))
        self.noise_strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None, gain: float = 1.0) -> Tensor:
        """noise: (n or 1, 1, size, size), or None for none at all."""
        x = self.convolved(x, self.affine(w))
        if noise is not None:
            x = x + (noise * self.noise_strength).to(x.dtype)
        return activated(x + self.bias[:, None, None].to(x.dtype), gain, self.clamp)


class ToColours(Modulated):
    """Features to the three colours: modulated, not demodulated."""

    def __init__(self, inputs: int, styles: int, colours: int = 3, clamp: float | None = None) -> None:
        super().__init__(inputs, colours, styles, 1)
        self.clamp = clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) / math.sqrt(self.weight.shape[1])
        picture = conv2d(x * style[:, :, None, None].to(x.dtype), self.weight.to(x.dtype)).float()
        picture = picture + self.bias[:, None, None]
        return picture if self.clamp is None else picture.clamp(-self.clamp, self.clamp)


class Convolution(nn.Module):
    """A plain convolution with scaled weights; resize: "up" or "down" by two, with the low-pass filter."""

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, bias: bool = True, active: bool = True, resize: str = ""
    ) -> None:
        super().__init__()
        self.active, self.resize = active, resize
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.register_buffer("resample_filter", low_pass())

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        kernel = self.weight.shape[-1]
        weight = self.weight / math.sqrt(self.weight[0].numel())
        if self.resize == "up":  # of 1 x 1 alone
            x = enlarged(conv2d(x, weight), self.resample_filter)
        elif self.resize == "down" and kernel == 1:
            x = conv2d(halved(x, self.resample_filter), weight)
        elif self.resize == "down":
            x = conv2d(filtered(x, self.resample_filter, (2, 2, 2, 2)), weight, stride=2)
        else:
            x = conv2d(x, weight, padding=kernel // 2)
        if self.bias is not None:
            x = x + self.bias[:, None, None]
        return activated(x, gain) if self.active else x * gain
