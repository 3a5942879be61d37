"""The tables of what a gallery shows: collections that are drawn, folders that are read, and walks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from render.config.values import CollectionSlug, Line, Seeds, Share, Side, Slug, Strict, Text
from render.recipe import LARGEST_SEED
from render.recipe import Path as Path_


class Named(Strict):
    """What every collection is called."""

    slug: CollectionSlug
    """The collection's name in addresses; no two collections share one. `nonesuch rename` changes it."""
    formerly: list[CollectionSlug] = Field(default_factory=list)
    """Slugs that it had before, the first one first: addresses under them lead to this one. Written by `rename`."""
    title: Text
    """One of its things, as in "This *galaxy* does not exist.", or "painting"."""
    plural: Line = ""
    """Several of its things, for headings. `title` with an s when left out."""


class Collection(Named):
    """One "this X does not exist"."""

    weights: Text
    """The name of shipped weights, or the path of a weights folder (a relative one starts at the gallery's folder)."""
    student: Text | None = None
    """Weights that visitors draw with in their browser instead of the collection's own: a smaller network that learned
    from them (`nonesuch train flow --teacher`), ready for it (`nonesuch weights browser`). Exhibits are drawn by the
    collection's own all the same."""
    upscaler: Text | None = None
    """Weights that enlarge each exhibit and add what only larger pictures show (`nonesuch train upscaler`); of walks
    those that ask for it. None when left out: exhibits are as large as the collection's weights draw them. Visitors'
    browsers draw without it."""
    count: int = Field(ge=1, le=1_000_000)
    """How many exhibits the site shows. Near-copies and failures do not count: further seeds are drawn for them."""
    priority: int = Field(default=1, ge=1, le=100)
    """How long this collection's turns are beside the others', when a night ends before all is drawn."""
    classes: Literal["all"] | list[Text] = "all"
    """The classes to ask for, one after the other: `"all"` that the weights know, or a list of some."""
    found: Literal["any", "as asked"] = "any"
    """Which exhibits are kept: `"any"`, whatever class is found in them, or only those in which it is the one that was
    asked for. Others get no number, and further seeds are drawn for them; what had a number before keeps it."""
    source: Text | None = None
    """The look to ask for, where the weights know several sources. The first of the card when left out."""
    seeds: Seeds = "0-"
    """The seeds to draw from, in this order: `"0-"` for all from 0 on, or some, such as `"1,2,5-10"`."""
    sampler: Text | None = None
    """How the picture is found from noise: `euler`, `heun`, `ab2` or `ancestral` for `flow`; `ddpm`, `ddim` or `dpm++`
    for `ddpm`; any scheduler of diffusers for pipelines. The weights' own choice when left out."""
    steps: int | None = Field(default=None, ge=1, le=1000)
    """Steps of the sampler. The weights' own choice when left out."""
    guidance: float | None = Field(default=None, ge=0, le=30, allow_inf_nan=False)
    """How strongly a picture is led away from what the network draws without a class, and without attention where
    its card says so; 1 is not at all and saves a third of the work."""
    symmetry: Share | None = None
    """How much the coarse shape of what the `flow` family draws is like itself turned by half a circle: 0 leaves that
    to chance, 1 binds each arm to the one across. The weights' own choice when left out; exhibits that a drawing steers
    have none."""
    truncation: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    """How far StyleGAN2's pictures may be from its mean picture (psi): 0.7 is usual, 1 is all the way, which is also
    what it is when left out."""
    layer_noise: Literal["constant", "seed"] = "constant"
    """The noise in StyleGAN2's layers: the weights' own, or other noise for every exhibit."""
    style_from: int | None = Field(default=None, ge=1, le=30)
    """StyleGAN2's layer from which on styles are those of another seed: coarse layers say what it is, fine ones its
    colours. None are when left out."""
    style_seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED)
    """The seed of those other styles, the same for all exhibits. Each exhibit has one of its own when left out."""
    sketches: Text | None = None
    """A folder of drawings (PNG or JPEG, with a light pen on black or a dark one on paper) that steer the exhibits, one
    after the other; for pipelines also of pictures to begin from."""
    prompts: Text | None = None
    """A text file with a prompt on every line, for pipelines: the exhibits take them in turn."""
    negative: Text | None = None
    """What pictures of a pipeline are not to show."""
    variations: int = Field(default=1, ge=1, le=10_000)
    """How many exhibits each prompt and each drawing or picture of `sketches` gets before the next one."""
    mask: Text | None = None
    """A picture, white where a pipeline is to draw anew into the pictures of `sketches` (in-painting)."""
    strength: Share | list[Share] | None = None
    """How far an exhibit may leave its drawing: 0 follows every line, 1 ignores it. A list draws each drawing as often,
    with the same seed, and the pages show the series in a row. The family's own choice when left out."""

    @property
    def strengths(self) -> list[float]:
        """The series of strengths; empty where the family chooses."""
        if self.strength is None:
            return []
        return list(self.strength) if isinstance(self.strength, list) else [self.strength]

    @property
    def many(self) -> str:
        """The plural for headings."""
        return self.plural or f"{self.title}s"

    @property
    def signature(self) -> str:
        """The one sentence of its first page."""
        return f"This {self.title} does not exist."


class Folder(Named):
    """A collection of pictures that others made: a folder that `nonesuch import` reads."""

    pictures: Text
    """The folder with the pictures (a relative one starts at the gallery's folder). They stay there, as they are."""
    sentence: Line = ""
    """The one sentence of its first page. The plural when left out."""
    made: Literal["model", "camera", "unknown"] = "unknown"
    """How the pictures came about, which nobody can see: a model made them, a camera did, or you do not say. Then a
    picture is called generated only if its own file says so."""
    credit: Line = ""
    """Who is to be named with the pictures."""
    licence: Line = ""
    """Their licence, as an SPDX name. The pages say that nobody named one when left out."""
    prompts: bool = False
    """Whether pages show the prompts and other texts in the files. Left out unless asked for."""
    sizes: Annotated[list[Side], Field(min_length=1, max_length=8)] = Field(default_factory=lambda: [192, 384, 768])
    """Pixels of the longer side of the sizes that are published; none is larger than its picture."""
    exhibitions: bool = True
    """Whether each folder in it becomes an exhibition under its name, `exhibitions/<slug>-<folder>/`."""

    @property
    def many(self) -> str:
        """The plural for headings."""
        return self.plural or f"{self.title}s"

    @property
    def signature(self) -> str:
        """The one sentence of its first page."""
        return self.sentence or f"{self.many.capitalize()}."


class Keyframe(Strict):
    """One point of a walk."""

    seed: int = Field(ge=0, le=LARGEST_SEED)
    """The seed of the picture that the walk passes through."""
    class_name: Text | None = Field(default=None, alias="class")
    """Its class. The first of the collection when left out."""
    source: Text | None = None
    """Its look. The collection's when left out."""
    prompt: Text | None = None
    """Its prompt, for pipelines. The collection's prompts in turn when left out."""


class Swirl(Strict):
    """How the pictures of a walk swirl."""

    flow: float = Field(default=1.0, ge=0, le=4, allow_inf_nan=False)
    """How far light drifts before it is replaced, in half picture sides."""
    zoom: float = Field(default=2.0, ge=1, le=4, allow_inf_nan=False)
    """How much it comes nearer meanwhile."""
    mirrors: int = Field(default=6, ge=0, le=24)
    """Mirrors of the kaleidoscope; 0 takes it away. An even number is fastest."""
    between: int = Field(default=6, ge=1, le=60)
    """Film frames for each picture that is drawn: more are slower and cost little."""
    drifts: int | None = Field(default=None, ge=1, le=10_000)
    """How often light is replaced in a round. Every 64 film frames when left out."""


class Walk(Strict):
    """A closed loop through latent space."""

    collection: Slug
    """The slug of the collection that the walk belongs to."""
    slug: Slug
    """The walk's name, under which it keeps its number and address; no two walks of a collection share one."""
    title: Line = ""
    """What the page calls it. Told from its classes when left out."""
    path: Path_ | None = None
    """`"great-circle"` through two keyframes, `"spline"` through more: told from their number when left out.
    `"w-spline"` goes through W, StyleGAN2's space of styles; `"morph"` keeps the noise of its one seed, and class,
    source or prompt change. `"plane"` is no loop: visitors move over a square of pictures between four keyframes."""
    frames: int = Field(default=48, ge=8, le=10_000)
    """Pictures of one round, at least as many as keyframes; of a plane, all of its square (9, 16, 25 and so on). Each
    takes as long as an exhibit."""
    fps: int = Field(default=24, ge=1, le=60)
    """Frames a second."""
    width: int = Field(default=384, ge=128, le=1080, multiple_of=4)
    """How wide the film is, in pixels, or each picture of a plane; the pictures themselves are as large as the weights
    draw them."""
    enlarged: bool = False
    """Whether the collection's upscaler enlarges each of its pictures, too: grain that drifts, and larger files."""
    swirl: Swirl | None = None
    """Let the pictures swirl: they drift on currents, come slowly nearer, and stand between mirrors. `swirl = {}` takes
    every value below."""
    keyframes: list[Keyframe] = Field(min_length=1, max_length=64)
    """The points that the loop passes through, two or more: `{seed = 1, class = "spiral_mid"}` and so on."""

    @property
    def shape(self) -> Path_:
        """The path, told from the number of keyframes where it was left out."""
        return self.path or ("great-circle" if len(self.keyframes) == 2 else "spline")
