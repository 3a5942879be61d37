"""What a ``gallery.toml`` says of the lab: which models are compared, on which pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from render.config.values import Line, Seeds, Strict, Text

Step = Annotated[int, Field(ge=1, le=100_000_000)]


class Sweep(Strict):
    """Some models to train: one for every combination of family, width, size and latent, each in a cell of its own."""

    families: list[Text] = Field(min_length=1)
    """The families: `dcgan`, `vae`, `stylegan2`, `flow`."""
    widths: list[Annotated[int, Field(ge=4, le=512)]] = Field(default=[32], min_length=1)
    """Channels at full size (`flow`: of the finest level, a multiple of 32)."""
    sizes: list[Annotated[int, Field(ge=8, le=1024)]] = Field(default=[64], min_length=1)
    """Pixels a side."""
    latents: list[Annotated[int, Field(ge=2, le=1024)]] = Field(default=[64], min_length=1)
    """Numbers that a picture comes from. `flow` starts from as many as a picture has, and takes no notice."""
    checkpoints: list[Step] = Field(min_length=1, max_length=24)
    """The steps at which a model is kept, drawn with and measured; training ends at the last one."""
    batch: int = Field(default=32, ge=2, le=4096)
    """Pictures a step."""


class Lab(Strict):
    """Models compared on the same pictures: which family, how large, how long."""

    finished: Text | None = None
    """A finished lab to show until there is one of your own: a name of one that ships, or a folder."""
    training_set: Text | None = None
    """The pictures, a folder of `nonesuch prepare`; with several sizes, the folder that holds the folder of each."""
    title: Line = ""
    """The page's heading."""
    display: Literal["plain", "sky-asinh"] = "plain"
    """How pictures are learned and shown: as they are, or as the sky (asinh)."""
    turns: Literal["all", "mirror", "none"] = "none"
    """Orientations as good as a picture's own: all eight, its mirror image, or none."""
    detector: Text = "galaxy-copydetector"
    """The copy detector whose features distances are measured in; shipped, or a weights folder."""
    seeds: Seeds = "0-8"
    """The seeds of the pictures that every cell shows: the same latents everywhere. At most 25."""
    pictures: int = Field(default=200, ge=10, le=10_000)
    """How many pictures of each kind are compared; never more than the folds 1 and 2 have."""
    checked: int = Field(default=100, ge=1, le=10_000)
    """Of these, how many are laid upon their nearest real pictures to see whether they are copies: 0.1 s each."""
    exhibit: dict[str, Step] = Field(default_factory=dict)
    """Checkpoints chosen by eye: `{ "vae-64px-w16-z8" = 400 }` exhibits number 400 of that cell, not the marked one."""
    sweep: list[Sweep] = Field(default_factory=list)
    """The models, a table `[[lab.sweep]]` for each sweep."""
