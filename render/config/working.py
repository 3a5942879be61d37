"""The tables of how a gallery is made: one class a stage, and who signs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from render.config.values import Address, Device, Language, Size, Strict, Style, Text


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

    weights: Text | list[Text] = Field(
        default_factory=lambda: ["galaxy-copydetector", "planet-bodies", "deep-space-copydetector", "dinosaur-outlines"]
    )
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
    """Of a million tokens of what the model is told, in the money that the budget is in."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """The same, of what it answers."""
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
    about 50 MB on the site, of which a browser that draws loads 20 to 23."""
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
