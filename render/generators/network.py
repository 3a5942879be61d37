"""The velocity network of the flow family: a small U-Net on pictures folded into channels.

A picture of c x size x size, c = 3 or 1, is folded (space-to-depth) into c f^2 channels on a grid of size / f, beside
the sketch (one channel, folded alike) and a plane that says whether there is one. Diffusers' `UNet2DModel` does the
rest; class and source enter as vectors added to its time embedding (Dhariwal & Nichol 2021, arXiv:2105.05233), so
classes can be mixed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from render.generators.autoencoder import Autoencoder, AutoencoderSettings
from render.generators.unet import UNet2DModel

WHOLE, PART = 0, 1
"""The sources of a network that draws small pictures first (`zoom` above 1): a whole one reduced, a part in full."""


SELDOM = ("autoencoder", "peaks", "gains", "arms", "balance", "sharpness", "expert", "below")
"""Settings that a card leaves out where there is nothing to say."""


@dataclass(frozen=True)
class NetworkSettings:
    """What the card keeps under ``[network]``: enough to build the network again.

    fold: pixels per side that become channels. attention: how many of the coarsest levels attend. shift, scale: data
    space is (x - shift) / scale inside the network, so that noise of variance 1 meets pictures of comparable size;
    spread: the standard deviation of pictures there. colour: pixels by which colour is blurred in finished pictures.
    spreads: instead of one spread, one for each of the c f^2 channels of a folded picture, which is then folded by a
    cosine transform: coarse structure has much and fine structure little, and the network is told (see `Folding`).
    zoom: how many times wider finished pictures are than those that the network draws first; 1 draws them at once.
    colours: channels of a picture before it is folded; 1 where all are the same. autoencoder: what `size` and `colours`
    are the latents of (`render.generators.autoencoder`); nothing where the network works on pixels. peaks: of the noise
    that are raised (`render.generators.peaks`); nothing where they are left alone. gains: of the equaliser that
    finished pictures go through (`render.generators.equaliser`); nothing where there is none. arms: of each class, the
    share that is drawn after spiral arms (`render.generators.arms`); nothing where none is. balance: what is kept of
    what is uneven about their nucleus (`render.generators.balance`); nothing where it is left alone. sharpness: how
    many times narrower, and round, their stars are drawn; 0 leaves them (`render.generators.sharpness`). expert:
    settings of a second network that is asked in this one's place at times under its `below` (see `FlowNetwork.at`).
    below: of an expert, and of a network without one whose last steps are to be as dense.
    """

    size: int = 96
    fold: int = 4
    channels: tuple[int, ...] = (64, 128, 192)
    layers: int = 1
    attention: int = 2
    head: int = 32
    groups: int = 16
    classes: int = 7
    sources: int = 3
    shift: float = -0.8
    scale: float = 0.6
    spread: float = 0.53
    spreads: tuple[float, ...] = ()
    colour: float = 0.0
    zoom: int = 1
    colours: int = 3
    autoencoder: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    gains: dict[str, list[list[float]]] = field(default_factory=dict)
    arms: list[float] = field(default_factory=list)
    balance: list[list[float]] = field(default_factory=list)
    sharpness: float = 0.0
    expert: dict[str, Any] = field(default_factory=dict)
    below: float = 0.0

    def as_card(self) -> dict[str, Any]:
        told = {**asdict(self), "channels": list(self.channels), "spreads": list(self.spreads)}
        return {name: value for name, value in told.items() if value or name not in SELDOM}

    def untouched(self) -> NetworkSettings:
        """Without last touches to finished pictures."""
        return replace(self, colour=0.0, peaks={}, gains={}, arms=[], balance=[], sharpness=0.0)

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> NetworkSettings:
        return cls(**{**values, "channels": tuple(values["channels"]), "spreads": tuple(values.get("spreads", ()))})


class Folding(nn.Module):
    """Pixels that become channels, and how much of each channel is picture.

    Plainly, each pixel of an f x f square is a channel. With spreads, the square goes through the orthonormal cosine
    transform (DCT-II): white noise stays white, but a picture's fine channels become as small as they are, so that the
    preconditioning removes their noise by arithmetic, where a small network would first have to learn to carry white
    noise through all its layers.
    """

    basis: Tensor
    spread: Tensor

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        f = self.fold = settings.fold
        self.transformed = bool(settings.spreads)
        place = torch.arange(f, dtype=torch.float64)
        rows = torch.cos(math.pi / f * (place[None] + 0.5) * place[:, None]) * math.sqrt(2 / f)
        rows[0] /= math.sqrt(2)
        basis = torch.einsum("ai,bj->abij", rows, rows).reshape(f * f, f * f)  # (frequency, pixel)
        spread = torch.tensor(settings.spreads or (settings.spread,), dtype=torch.float32)
        self.register_buffer("basis", basis.float(), persistent=False)
        self.register_buffer("spread", spread.view(1, -1, 1, 1), persistent=False)

    def grid(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c f^2, h/f, w/f)."""
        out = pixel_unshuffle(x, self.fold)
        return self._turned(out, self.basis) if self.transformed else out

    def picture(self, grid: Tensor) -> Tensor:
        """The inverse of `grid`."""
        return pixel_shuffle(self._turned(grid, self.basis.T) if self.transformed else grid, self.fold)

    def _turned(self, grid: Tensor, basis: Tensor) -> Tensor:
        n, channels, h, w = grid.shape
        return torch.einsum("kp,ncpx->nckx", basis, grid.reshape(n, -1, len(basis), h * w)).reshape(n, channels, h, w)


class FlowNetwork(nn.Module):
    """Predicts the velocity e - x of the straight path from picture to noise."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.folding = Folding(settings)
        self.autoencoder = None
        if settings.autoencoder:
            self.autoencoder = Autoencoder(AutoencoderSettings(**settings.autoencoder)).eval().requires_grad_(False)
        self.expert: FlowNetwork | None = None
        if settings.expert:
            self.expert = FlowNetwork(NetworkSettings.from_card(settings.expert))
        area, width = settings.fold**2, settings.channels[0] * 4
        plain = len(settings.channels) - settings.attention
        self.classes = nn.Embedding(settings.classes + 1, width)  # the last row: no class
        self.sources = nn.Embedding(settings.sources + 1, width)
        nn.init.normal_(self.classes.weight, std=0.5)
        nn.init.normal_(self.sources.weight, std=0.5)
        self.unet = UNet2DModel(
            sample_size=settings.size // settings.fold,
            in_channels=settings.colours * area + area + 1,
            out_channels=settings.colours * area,
            block_out_channels=settings.channels,
            layers_per_block=settings.layers,
            norm_num_groups=settings.groups,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * settings.attention,
            up_block_types=("AttnUpBlock2D",) * settings.attention + ("UpBlock2D",) * plain,
            attention_head_dim=settings.head,
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
        )

    def at(self, t: float) -> FlowNetwork:
        """The network that knows the way best at time t: near the picture the expert, where there is one.

        Most of what a coarse grid cannot draw, stars and grain, is decided there (Balaji et al. 2022,
        arXiv:2211.01324), and only a few of a sampler's steps.
        """
        return self if self.expert is None or t >= self.expert.settings.below else self.expert

    def forward(self, x: Tensor, t: Tensor, classes: Tensor, sources: Tensor, sketch: Tensor, drawn: Tensor) -> Tensor:
        """The velocity, (n, c, h, w).

        x (n, c, h, w); t (n,) in [0, 1]; classes (n, classes + 1) and sources (n, sources + 1), weights that add up
        to 1, the last column "none"; sketch (n, 1, h, w) in [0, 1]; drawn (n,) 1 where there is a sketch.
        """
        steer = classes @ self.classes.weight + sources @ self.sources.weight  # (n, width)
        ahead, behind, size = self.preconditioning(t)
        seen = self.folding.grid(x) / size if self.folding.transformed else self.folding.grid(x / size)
        lines = pixel_unshuffle(sketch * drawn[:, None, None, None], self.settings.fold)  # (n, f^2, h/f, w/f)
        plane = drawn[:, None, None, None].expand(-1, 1, *seen.shape[2:])  # (n, 1, h/f, w/f)
        out = self.unet(torch.cat([seen, lines, plane], 1), t * 1000, class_labels=steer).sample
        if self.folding.transformed:
            return self.folding.picture(ahead * size * seen - behind * out)
        return ahead * x - behind * self.folding.picture(out)  # the last bits of pictures depend on this order

    def error(self, velocity: Tensor, target: Tensor, t: Tensor) -> Tensor:
        """What the U-Net's own prediction is off by where the whole network's is `velocity`: (n, c f^2, h/f, w/f)."""
        return self.folding.grid(velocity - target) / self.preconditioning(t)[1]

    def preconditioning(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """v = ahead x_t - behind F, and the size of x_t, each (n, 1 or c f^2, 1, 1); F is what the U-Net predicts.

        Karras et al. 2022 (arXiv:2206.00364, section 5) on the straight path: F has unit variance, is the picture where
        there is much noise and the noise where there is little, so that the network never has to copy its input.
        """
        t = t[:, None, None, None]
        spread = self.folding.spread if self.folding.transformed else self.settings.spread
        variance = t**2 + (spread * (1 - t)) ** 2
        ahead = (t - spread**2 * (1 - t)) / variance
        return ahead, spread / variance.sqrt(), variance.sqrt()
