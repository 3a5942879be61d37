"""``gallery.toml`` as types: one class a table, a docstring under each setting.

The docstrings are the documentation: `docs/settings.md` is generated from them, and an error quotes them when a setting
is missing. Everything is strict: no key is ignored, no text becomes a number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, PrivateAttr, model_validator

from render.config.lab import Lab
from render.config.values import (
    Address,
    Base,
    CollectionSlug,
    Device,
    Line,
    Seeds,
    Share,
    Side,
    Size,
    Slug,
    Strict,
    Text,
)
from render.errors import NonesuchError
from render.recipe import LARGEST_SEED
from render.recipe import Path as Path_

Language = Literal["en", "pl", "cs", "ko"]
Style = Literal["plain", "poetic", "children"]


def _english() -> list[Language]:
    return ["en"]


class About(Strict):
    """The site as a whole."""

    title: Text
    """What the site is called; it stands on every page."""
    author: Line = ""
    """Who made the gallery, for the about page. Left out when empty."""
    address: Address | None = None
    """The address at which the site will stand. `robots.txt`, the sitemap and previews in other programs need it;
    the pages do not."""
    base: Base = "/"
    """The path under which the site will stand: `/`, or `/repository/` on GitHub Pages. Only the 404 page needs it."""
    licence: Text = "CC0-1.0"
    """The licence of the generated pictures, as an SPDX name."""
    languages: list[Language] = Field(default_factory=_english, min_length=1)
    """The languages of the pages' own words: the first at the site's root, each other one in a folder of its name
    (`/pl/`). No native speaker has reviewed Polish, Czech and Korean, and their pages say so."""


class Store(Strict):
    """Where the media lie."""

    location: Text = "store"
    """A folder (a relative one is in the gallery's folder), never in `public/` or around it: baking deletes there. Or
    `"s3://bucket/folder"`, with the extra `nonesuch[s3]`; its keys come from the environment, never from this file."""
    media_url: Address | None = None
    """The address under which visitors reach the store's files, such as a CDN's: pages then point there, and `public/`
    holds no media but one JPEG for every number."""


class Collection(Strict):
    """One "this X does not exist"."""

    slug: CollectionSlug
    """The collection's name in addresses; no two collections share one. `nonesuch rename` changes it."""
    formerly: list[CollectionSlug] = Field(default_factory=list)
    """Slugs that it had before, the first one first: addresses under them lead to this one. Written by `rename`."""
    title: Text
    """One of its things, as in "This *galaxy* does not exist."."""
    plural: Line = ""
    """Several of its things, for headings. `title` with an s when left out."""
    weights: Text
    """The name of shipped weights, or the path of a weights folder (a relative one starts at the gallery's folder)."""
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
    """How strongly the class steers the picture (classifier-free guidance; 1 is none and saves a third of the work)."""
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


class Folder(Strict):
    """A collection of pictures that others made: a folder that `nonesuch import` reads."""

    slug: CollectionSlug
    """The collection's name in addresses; no two collections share one. `nonesuch rename` changes it."""
    formerly: list[CollectionSlug] = Field(default_factory=list)
    """Slugs that it had before, the first one first: addresses under them lead to this one. Written by `rename`."""
    title: Text
    """One of its things, such as "painting"."""
    plural: Line = ""
    """Several of its things, for headings. `title` with an s when left out."""
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
    swirl: Swirl | None = None
    """Let the pictures swirl: they drift on currents, come slowly nearer, and stand between mirrors. `swirl = {}` takes
    every value below."""
    keyframes: list[Keyframe] = Field(min_length=1, max_length=64)
    """The points that the loop passes through, two or more: `{seed = 1, class = "spiral_mid"}` and so on."""

    @property
    def shape(self) -> Path_:
        """The path, told from the number of keyframes where it was left out."""
        return self.path or ("great-circle" if len(self.keyframes) == 2 else "spline")


class Render(Strict):
    """The device that draws."""

    device: Device = "auto"
    """`"auto"` takes a GPU where there is one; otherwise `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Number format of the network's passes. bf16 is faster on many GPUs; its pictures differ a little."""
    batch: int | None = Field(default=None, ge=1, le=4096)
    """Pictures drawn at once. Measured on a GPU, and 8 on a CPU, when left out."""
    compile: bool = False
    """Let torch.compile translate the network first: minutes at the start, faster after, where a compiler is there."""


class Classify(Strict):
    """The network that names the classes."""

    weights: Text = "galaxy-classifier"
    """The name of shipped weights, or the path of a weights folder."""
    morphology: bool = False
    """Whether each galaxy's morphology is measured too, with statmorph, which takes its time. Needs
    `pip install 'nonesuch[morphology]'`; exhibits that were classified before have none."""


class Evidence(Strict):
    """How exhibits are compared with the real pictures that the generator learned from."""

    weights: Text | list[Text] = Field(default_factory=lambda: ["galaxy-copydetector", "planet-bodies"])
    """Weights that know what a generator learned from, by name or as the path of a folder, or a list of them: every
    collection is compared by the first that knows its generator's pictures."""
    near_copies: Literal["leave out", "keep"] = "leave out"
    """What happens to an exhibit that is too close to a real picture; when kept, its page says so."""

    @property
    def judges(self) -> list[str]:
        """The weights, as a list."""
        return [self.weights] if isinstance(self.weights, str) else list(self.weights)


class Prices(Strict):
    """What a model costs, of a million tokens, in the money that the budget is in."""

    input: float = Field(ge=0, allow_inf_nan=False)
    """Of what the model is told."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Of what it answers."""
    batch: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    """The share of both that a batch costs."""


class Sign(Strict):
    """Signatures (C2PA Content Credentials) in full pictures and films, as they are made. Needs
    `pip install 'nonesuch[c2pa]'`.
    """

    certificate: Text | None = None
    """A file with your certificate and those that vouch for it (PEM, yours first). Nothing is signed when left out."""
    key: Text | None = None
    """The file with its private key (PEM, without a password). It is read where it lies, and kept nowhere."""


class Captions(Strict):
    """Who writes the texts, and how."""

    model: Text | None = None
    """A model of an OpenAI-compatible server. From the reviewed facts, without any network, when left out."""
    base_url: Address | None = None
    """The server's address, OpenAI's when left out. The key is read from the environment (`OPENAI_API_KEY`, or the file
    that `OPENAI_API_KEY_FILE` names), never from this file."""
    needs_key: bool = True
    """Whether nobody is called without a key. A server on your own machine mostly wants none."""
    language: Language = "en"
    """The language of the texts: English, Polish, Czech or Korean. No native speaker has reviewed the last three. The
    first of `gallery.languages` when left out."""
    style: Style = "plain"
    """How the texts sound. Facts and measurements are the same in every style."""
    picture: bool = False
    """Whether the model gets the picture too; it must be one that can see."""
    batch: bool = False
    """Whether to ask through the server's Batch API: about half the price, an answer within a day. Pages have the
    texts of the facts until a later run takes up the answers."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Questions that are under way at once."""
    timeout: float = Field(default=60.0, ge=1, le=3600, allow_inf_nan=False)
    """Seconds that an answer may take."""
    max_tokens: int = Field(default=2000, ge=200, le=100_000)
    """Tokens that an answer may have. A model that thinks before it writes needs more."""
    prices: Prices | None = None
    """What the model costs: without it, nothing is known of money."""
    budget: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Money that all answers of this gallery may cost together; after that, texts come from the reviewed facts."""
    budget_tokens: int | None = Field(default=None, ge=0)
    """Tokens that all answers of this gallery may take together, in and out."""


class Bake(Strict):
    """The pages."""

    page_size: int = Field(default=48, ge=6, le=500)
    """Exhibits on one page of a gallery."""
    api: bool = True
    """Whether other programs find the static API and every picture under its number: two files more an exhibit. The
    picture takes no room on this disk: it is a second name of one that is there."""
    previews: Literal["none", "home", "all"] = "home"
    """Which pages get a composed picture for links to them, 1200 by 630 pixels: none, the collections' first pages, or
    all exhibits' too. Others see it only where `gallery.address` is set."""

    draw: bool = True
    """Whether visitors can draw, in their own browser, with weights that are ready for it (`nonesuch weights browser`):
    about 50 MB on the site, of which a browser that
    draws loads 30."""
    real: str = "galaxy-real"
    """Real pictures for the page that asks which one is real (`nonesuch weights real`); empty for no such page. Only
    collections of the same classes, size and display mapping have it."""
    sky: bool = True
    """Whether collections have a sky, all exhibits on one map, laid out by `nonesuch atlas` (a part of `make`)."""
    offline: bool = True
    """Whether a browser keeps what its visitor has seen, to be read without a network, and offers to install the site.
    Once it was on, switching it off takes what was kept out of visitors' browsers."""
    max_size: Size | None = None
    """What the site may weigh at most, such as `"900 MB"`: the bake leaves out what is missed least, and says what.
    Where even the least weighs more, nothing is baked."""
    max_files: int | None = Field(default=None, ge=1)
    """How many files the site may have at most, kept in the same way."""
    exhibit_languages: bool = False
    """Whether exhibits have a page in every one of `gallery.languages`, which multiplies their number. Otherwise all
    lead to the pages of the first language."""
    search: bool = False
    """Whether visitors can search captions and classes (`pip install 'nonesuch[search]'`): a small file more for each
    exhibit, and about 200 KB, of which a browser loads what a question needs."""


class Gallery(Strict):
    """A gallery: its folder, and everything that ``gallery.toml`` says.

    Made by `render.config.load_gallery`, which also checks what no single setting shows.
    """

    about: About = Field(alias="gallery")
    """The site as a whole."""
    collections: list[Collection] = Field(alias="collection", default_factory=list)
    """One table a collection."""
    folders: list[Folder] = Field(alias="folder", default_factory=list)
    """One table a folder of pictures that others made."""
    walks: list[Walk] = Field(alias="walk", default_factory=list)
    """One table a walk."""
    store: Store = Field(default_factory=Store)
    """Where the media lie."""
    render: Render = Field(default_factory=Render)
    """The device that draws."""
    classify: Classify = Field(default_factory=Classify)
    """The network that names the classes."""
    evidence: Evidence = Field(default_factory=Evidence)
    """How exhibits are compared with real pictures."""
    sign: Sign = Field(default_factory=Sign)
    """Signatures in full pictures and films."""
    captions: Captions = Field(default_factory=Captions)
    """Who writes the texts."""
    bake: Bake = Field(default_factory=Bake)
    """The pages."""
    lab: Lab | None = None
    """Models compared; none when left out."""

    _folder: Path = PrivateAttr(default_factory=Path)
    _file: Path = PrivateAttr(default_factory=Path)
    _text: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _speaks(cls, tables: Any) -> Any:
        """Texts are in the site's first language unless they are to be in another."""
        told = tables.get("gallery", {}) if isinstance(tables, dict) else {}
        first = told["languages"][:1] if isinstance(told, dict) and isinstance(told.get("languages"), list) else []
        captions = tables.get("captions", {}) if first else None
        if not isinstance(captions, dict) or first[0] not in get_args(Language):
            return tables
        return {**tables, "captions": {"language": first[0], **captions}}

    @property
    def folder(self) -> Path:
        """The folder in which ``gallery.toml`` lies, absolute."""
        return self._folder

    @property
    def file(self) -> Path:
        """``gallery.toml`` itself, absolute."""
        return self._file

    def as_read(self) -> bool:
        """Whether the file still holds the text that these settings were read from."""
        try:
            return self._file.read_text(encoding="utf-8") == self._text
        except (OSError, UnicodeDecodeError):
            return False

    @property
    def title(self) -> str:
        return self.about.title

    @property
    def catalogue_path(self) -> Path:
        return self._folder / "catalogue.sqlite"

    @property
    def store_path(self) -> Path:
        return self._folder / self.store.location

    @property
    def runs(self) -> Path:
        return self._folder / "runs"

    @property
    def share(self) -> Path:
        """Where a folder says that it is one machine's share of a gallery; such a folder is not baked."""
        return self.runs / "share.json"

    @property
    def public(self) -> Path:
        """Where the site is baked to."""
        return self._folder / "public"

    @property
    def state(self) -> Path:
        """What a bake remembers for the next one; a cache."""
        return self._folder / ".nonesuch"

    @property
    def sections(self) -> list[Collection | Folder]:
        """What visitors see as collections: those that are rendered, then those that were imported."""
        return [*self.collections, *self.folders]

    def collection(self, slug: str) -> Collection:
        """The collection of that slug; KeyError when there is none."""
        return {one.slug: one for one in self.collections}[slug]

    def walks_of(self, slug: str) -> list[Walk]:
        """The walks of a collection, in the file's order."""
        return [walk for walk in self.walks if walk.collection == slug]

    def sketches_of(self, collection: Collection) -> list[Path]:
        """The drawings that steer a collection, by name; none when it has no folder of them."""
        if collection.sketches is None:
            return []
        found = (self._folder / collection.sketches).iterdir()
        return sorted(path for path in found if path.suffix.lower() in (".png", ".jpg", ".jpeg") and path.is_file())

    def mask_of(self, collection: Collection) -> Path | None:
        """The mask of a collection that fills masks."""
        return None if collection.mask is None else self._folder / collection.mask

    def prompts_of(self, collection: Collection) -> list[str]:
        """The prompts of a collection, in the file's order; none when it has no file of them.

        Raises NonesuchError for a file that cannot be read, or has a line without a prompt.
        """
        if collection.prompts is None:
            return []
        try:
            lines = (self._folder / collection.prompts).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise NonesuchError(
                f"the prompts '{collection.prompts}' cannot be read ({type(error).__name__})."
            ) from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                raise NonesuchError(
                    f"line {number} of '{collection.prompts}' is empty: write a prompt, or take it out."
                )
        if not lines:
            raise NonesuchError(f"'{collection.prompts}' holds no prompts: write one on every line.")
        return [line.strip() for line in lines]
