"""Draw your own: the page on which a visitor's browser draws, and the files that it draws with.

They come from the weights folder, where ``nonesuch weights browser`` put them; without them, and for families that do
not draw from a sketch, there is no such page.
"""

from __future__ import annotations

import json
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from render.bake.chrome import Assets, Chrome, base_of, home_of, policy
from render.bake.facts import link
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Page, Pages
from render.bake.tongue import _, spoken
from render.bake.words import class_name
from render.captions.facts import about, facts, in_language
from render.config import Collection, Folder, Gallery
from render.errors import NonesuchError
from render.weights import BROWSER, GRAPH, MODEL, find_weights, load_card, unfit

MODELS = "models"
FACTS = 2  # sentences about a class
STEPS = 8
"""Of a drawing, at most: without guidance, as quickly as a visitor's patience asks for."""
FILES = ("graph", "weights", "twin", "expert")
"""What a model may consist of; the twin is what guidance leads away from, the expert draws the last steps."""
PAGES = ("draw", "cross")
"""The pages on which the visitor's browser draws; an exhibit's own page can repeat its recipe."""
PLAIN = ("ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm", "wasm.js")
GPU = ("ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm", "gpu.js")
RUNTIME = (*PLAIN, *GPU)
"""What of the built site only this page loads, one of both: the runtimes are the largest files of all."""


class Studio:
    """What a collection's visitors can draw with, if anything: its own weights, or a student of them."""

    def __init__(self, gallery: Gallery, collection: Collection | Folder, assets: Assets) -> None:
        ready = gallery.bake.draw and all(assets.name(name) for name in RUNTIME)
        # imported pictures have no network
        drawn_by = collection if ready and isinstance(collection, Collection) else None
        self._own = _Model.find(drawn_by.weights, gallery) if drawn_by else None
        student = _Model.find(drawn_by.student, gallery) if drawn_by and drawn_by.student else None
        self._draw = student or self._own
        self._judge = _Model.find(gallery.classify.weights, gallery) if self._draw else None
        self._assets = assets
        self._policy = policy(gallery, drawing=True)
        self._slug = collection.slug
        self._home = home_of(spoken(), gallery)

    @property
    def open(self) -> bool:
        """Whether there is such a page."""
        return self._draw is not None

    @property
    def told(self) -> dict[str, str]:
        """What the pages of exhibits say of it: the weights whose recipes it can repeat, where its files are, and how
        large they are; empty where a browser cannot repeat any.
        """
        if self._own is None:
            return {}
        card = self._own.card
        network = card.network
        whole = network.get("zoom", 1) == 1 and bool(network.get("expert")) == ("expert" in self._own.about)
        weights = card.sha256.get(MODEL, "") if whole else ""  # the script draws in one go, with what it is given
        away = "attention" if "twin" in self._own.about else ""
        return {"weights": weights, "away": away, **self._files(self._own)}

    def _files(self, model: _Model) -> dict[str, str]:
        """What the scripts read first of a model, and how much they load then."""
        return {"models": self._list(model), "megabytes": self._megabytes(model)}

    def _list(self, model: _Model) -> str:
        """It names classes, so each language has one of its own."""
        return f"{self._home}{MODELS}/{self._slug}{'' if model is self._own else '-student'}.json"

    def _megabytes(self, model: _Model) -> str:
        models = [model, *self._judges(model)]
        weight = sum(part["bytes"] for one in models for part in (one.about["graph"], one.about["weights"]))
        sizes = [sum((self._assets.folder / self._assets.name(n)).stat().st_size for n in one) for one in (PLAIN, GPU)]
        runtime = f"{min(sizes) / 1e6:.0f}\u2060–\u2060{max(sizes) / 1e6:.0f}"
        told = {"weights": f"{weight / 1e6:.0f}", "runtime": runtime}
        return _("%(weights)s MB and a runtime of %(runtime)s MB") % told

    def _judges(self, model: _Model) -> list[_Model]:
        """The classifier, where it knows what the model draws."""
        return [self._judge] if self._judge and unfit(self._judge.card, model.card) is None else []

    @property
    def _models(self) -> list[_Model]:
        """What visitors draw with, and what repeats recipes, each once."""
        return [model for model in dict.fromkeys((self._draw, self._own)) if model]

    @property
    def key(self) -> bytes:
        """Changes when any of the models does, or what is said of classes."""
        if self._draw is None:
            return b""
        models = [*self._models, *([self._judge] if self._judge else [])]
        return digest(*(json.dumps(model.about) for model in models), repr(facts()))

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome) -> None:
        """Offer the pages, what they say to their scripts, and the models' files."""
        for model in self._models:
            for one in (model, *self._judges(model)):
                one.offer(out)
            body = json.dumps(self._told(model), separators=(",", ":")).encode()
            out.offer(self._list(model), Rank.INDEX, digest(body), partial(bytes, body))
        for name, drawn_by in zip(PAGES, (self._draw, self._own), strict=True):
            if drawn_by is None:
                continue
            files = self._files(drawn_by)
            key = digest(pages.key(f"{name}.html"), chrome.key, *self.told.values(), *files.values())
            more = {**files, "judged": bool(self._judges(drawn_by)), "taught": drawn_by is not self._own}
            out.order(f"{chrome.place}/{name}/index.html", Rank.PAGE, key, self._page(name, chrome, more))

    def _page(self, name: str, chrome: Chrome, more: dict[str, Any]) -> Page:
        here = f"{chrome.place}/{name}/"
        more = {**more, "site": {**chrome.site, "policy": self._policy}}
        return Page(
            f"{name}.html",
            chrome.context(base_of(here), here, f"{here}index.html", index=f"{chrome.data}/index.json", **more),
        )

    def _parts(self, model: _Model, listed: str) -> dict[str, Any]:
        """A model's files, as seen from the folder of this language's list of them."""
        if not self._home:
            return model.parts
        up = f"{base_of(listed)}{MODELS}/"
        moved = {part: {**model.parts[part], "href": f"{up}{model.parts[part]['href']}"} for part in model.files}
        return {**model.parts, **moved}

    def _told(self, model: _Model) -> dict[str, Any]:
        card, network, listed = model.card, model.card.network, self._list(model)
        told: dict[str, Any] = {
            "draw": {
                **self._parts(model, listed),
                "size": card.size,
                "classes": card.classes,
                "sources": card.sources,
                **{name: network[name] for name in ("shift", "scale", "colour")},
                "peaks": network.get("peaks"),
                "gains": network.get("gains", {}),
                "arms": network.get("arms", []),
                "balance": network.get("balance", []),
                "sharpness": network.get("sharpness", 0.0),
                "below": model.dense_below,
                "steps": min(STEPS, card.sampling.steps) if card.sampling else STEPS,
            }
        }
        for judge in self._judges(model):
            told["classify"] = {
                **self._parts(judge, listed),
                "names": [class_name(one) for one in judge.card.classes],
                "facts": [_facts(one) for one in judge.card.classes],
            }
        return told


def _facts(of_class: str) -> list[dict[str, str | None]]:
    """What is known of such galaxies, and where it was read."""
    known = about(of_class, language=spoken())[:FACTS]
    return [{"text": in_language(fact, spoken()), "title": fact.title, "href": link(fact)} for fact in known]


class _Model:
    """A weights folder whose model runs in a browser."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.card = load_card(folder)
        self.about: dict[str, Any] = json.loads((folder / BROWSER).read_text(encoding="utf-8"))

    @classmethod
    def find(cls, name: str, gallery: Gallery) -> _Model | None:
        try:
            folder = find_weights(name, gallery.folder)
        except NonesuchError:
            return None  # the bake needs no weights
        return cls(folder) if (folder / BROWSER).is_file() and (folder / GRAPH).is_file() else None

    @property
    def files(self) -> list[str]:
        """The names of its parts that are files."""
        return [part for part in FILES if part in self.about]

    @property
    def dense_below(self) -> float:
        """The time below which steps grow denser: its expert's, where the browser has it, or the network's own."""
        network = self.card.network
        if "expert" in network and "expert" not in self.about:
            return 0.0
        return float(network.get("expert", network).get("below", 0.0))

    @cached_property
    def parts(self) -> dict[str, Any]:
        """The files as the script asks for them, relative to the folder of the models, with the test vector."""
        return {
            **{
                part: {
                    "href": self._name(part),
                    "bytes": self.about[part]["bytes"],
                    "sha256": self.about[part]["sha256"],
                }
                for part in self.files
            },
            **{name: self.about[name] for name in ("vector", "twin_vector", "expert_vector") if name in self.about},
        }

    def offer(self, out: Outputs) -> None:
        """Offer the files under names that carry their hashes."""
        for part in self.files:
            told = self.about[part]
            path = f"{MODELS}/{self._name(part)}"
            out.offer(path, Rank.NEW, digest(told["sha256"]), partial(self._read, part))

    def _name(self, part: str) -> str:
        return f"{self.card.name}.{self.about[part]['sha256'][:12]}.{'bin' if part == 'weights' else 'onnx'}"

    def _read(self, part: str) -> bytes:
        """The file's bytes. Raises NonesuchError when they are not those that were exported."""
        told = self.about[part]
        file = self._folder / told.get("file", GRAPH)
        start = told.get("start", 0)
        body: bytes = file.read_bytes()[start : start + told["bytes"]]
        if sha256(body).hexdigest() != told["sha256"]:
            raise NonesuchError(
                f"{file} is not what {BROWSER} beside it was written for: "
                f"run 'nonesuch weights browser {self._folder}'."
            )
        return body
