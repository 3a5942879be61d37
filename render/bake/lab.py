"""The lab's page: models compared, as a wall of small multiples. Reads a finished lab; knows no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.bake.chrome import Chrome
from render.bake.curves import MARGIN, WIDTH, Axes, losses, number
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.config import Gallery

if TYPE_CHECKING:
    from render.lab.finished import Figures, Film, Finished, Halves, Model, Stop

FOLDER = "lab"
FAMILIES = {
    "vae": (
        "Autoencoder",
        "A VAE learns to pack a picture into a few numbers and to unpack it again. What it is unsure of, it blurs.",
    ),
    "dcgan": (
        "Two networks against each other",
        "A DCGAN learns to fool a judge that learns to see through it. It is sharper, and it wavers.",
    ),
    "stylegan2": (
        "Styles against a judge",
        "A StyleGAN2 turns its numbers into styles for every layer, and learns to fool a judge.",
    ),
    "flow": (
        "From noise in steps",
        "A flow begins with noise as large as the picture and learns the way from there.",
    ),
}
NAMES = {"vae": "VAE", "dcgan": "DCGAN", "stylegan2": "StyleGAN2"}
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
TYPES = {"av1": 'video/mp4; codecs="av01.0.04M.08"', "h264": "video/mp4"}
LIKENESSES = {
    "same_seed": "one model's picture and the other's, from the same seed",
    "other_seed": "and the other's from another seed of the same class",
    "nearest": "and the nearest it learned from, turned and mirrored",
    "real_nearest": "a real picture that neither saw, and its nearest",
}
COLUMNS = (
    ("one half", "drawn by the model that learned from one half"),
    ("the other", "drawn from the same seeds by the model that learned from the other half"),
    ("nearest in one", "the real picture of the first half that is most like the first model's"),
    ("nearest in the other", "the real picture of the second half that is most like the second model's"),
)
TRAINING, TEST, TUNE = "training", "fold 1", "fold 2"


class Laboratory:
    """A gallery's finished lab, if it has one."""

    def __init__(self, gallery: Gallery, home: Path) -> None:
        self._folder: Path | None = None
        self._about = b""
        if gallery.lab:
            from render.lab.finished import ABOUT, find_finished

            self._folder = find_finished(gallery.lab.finished, home)
            self._about = (self._folder / ABOUT).read_bytes() if self._folder else b""
        self.key = digest(self._about)

    @property
    def open(self) -> bool:
        """Whether there is such a page."""
        return self._folder is not None

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome) -> None:
        """Offer the page and every file that it shows."""
        if self._folder is None:
            return
        from render.lab.finished import read_finished

        finished = read_finished(self._folder)
        for name in finished.files():
            out.offer(f"{FOLDER}/{name}", Rank.NEW, digest(name), (self._folder / name).read_bytes)
        key = digest(pages.key("lab.html"), chrome.key, self.key)

        def render() -> bytes:
            return pages.render("lab.html", **chrome.context("../", f"{FOLDER}/", lab=view(finished)))

        out.offer(f"{FOLDER}/index.html", Rank.INDEX, key, render)


def view(lab: Finished) -> dict[str, Any]:
    """Everything that the template shows."""
    walls: dict[tuple[str, int, int], list[Model]] = {}
    for model in lab.models:
        walls.setdefault((model.family, model.size, model.width), []).append(model)
    several = len({(size, width) for _, size, width in walls}) > 1
    best = min(lab.models, key=lambda model: _shown(model).figures.kernel[TUNE])
    return {
        "title": lab.title or "The lab",
        "models": len(lab.models),
        "how_many": _in_words(len(lab.models)).capitalize(),
        "seeds_in_words": f"{_in_words(len(lab.seeds))} seeds" if len(lab.seeds) > 1 else "seed",
        "trained_on": f"{lab.trained_on:,}",
        "set": lab.training_set,
        "seeds": [{"seed": seed, "place": place} for place, seed in enumerate(lab.seeds)],
        "side": lab.side,
        "walls": [_wall(lab, *key, models, several) for key, models in walls.items()],
        "charts": [_chart(lab, model) for model in lab.models],
        "grid": _grid(lab),
        "film": _film(lab.film) if lab.film else None,
        "halves": _halves(lab.halves) if lab.halves else None,
        "rows": [_row(model, model is best) for model in lab.models],
        "floors": [_floor(size, figures, len(lab.floors) > 1) for size, figures in lab.floors.items()],
        "compared": lab.compared,
        "checked": lab.checked,
        "detector": lab.detector,
        "devices": sorted({model.device for model in lab.models if model.device}),
        "credits": [name for name, _ in lab.credits],
    }


def _in_words(count: int) -> str:
    return WORDS[count] if count < len(WORDS) else str(count)


def _shown(model: Model) -> Stop:
    """The stop that stands for a model: the one that a person chose, or the marked one."""
    wanted = model.chosen or model.marked
    return next(stop for stop in model.stops if stop.step == wanted)


def _latent(model: Model) -> str:
    return f"{model.latent} numbers" if model.latent else "noise"


def _name(model: Model) -> str:
    return f"{NAMES.get(model.family, model.family)}, {_latent(model)}"


def _wall(lab: Finished, family: str, size: int, width: int, models: list[Model], several: bool) -> dict[str, Any]:
    """One family: a column for each latent, a row for each checkpoint."""
    heading, sentence = FAMILIES.get(family, (family, ""))
    steps = sorted({stop.step for model in models for stop in model.stops})
    epochs = {stop.step: stop.epoch for model in models for stop in model.stops}
    rows = [
        {
            "step": f"{step:,}",
            "epoch": f"{epochs[step]:.1f}" if epochs[step] < 10 else f"{epochs[step]:.0f}",
            "cells": [_cell(lab, model, step) for model in models],
        }
        for step in steps
    ]
    return {
        "family": family,
        "heading": heading,
        "sentence": sentence,
        "detail": f"{size} px, width {width}" if several else "",
        "latents": [_latent(model) for model in models],
        "rows": rows,
    }


def _cell(lab: Finished, model: Model, step: int) -> dict[str, Any] | None:
    """One frame of the wall; None where this model was not kept at this step."""
    stop = next((one for one in model.stops if one.step == step), None)
    if stop is None:
        return None
    from render.lab.finished import GAP

    pitch = model.shown + GAP
    rows = -(-len(lab.seeds) // lab.side)
    return {
        "model": model.name,
        "file": stop.sheet,
        "width": lab.side * pitch - GAP,
        "height": rows * pitch - GAP,
        "pitch": pitch,
        "picture": model.shown,
        "alt": f"{_name(model)}, after {step:,} steps: pictures of the seeds {', '.join(map(str, lab.seeds))}",
        "distance": number(stop.figures.kernel[TEST]),
        "marked": step == model.marked,
        "chosen": step == model.chosen,
    }


def _chart(lab: Finished, model: Model) -> dict[str, Any]:
    """How far the pictures lie from real ones at every checkpoint, and the losses on the way."""
    kernels = [(stop.epoch, stop.figures.kernel) for stop in model.stops]
    real = max(lab.floor(model).kernel[TEST], 0.0)
    values = [value for _, one in kernels for value in (one[TRAINING], one[TEST])]
    axes = Axes([epoch for epoch, _ in kernels], [*values, real] if real > 0 else values)
    mark = _shown(model)
    first, last = model.stops[0].figures.kernel[TEST], model.stops[-1].figures.kernel[TEST]
    return {
        "model": model.name,
        "name": _name(model),
        "training": axes.points([(epoch, one[TRAINING]) for epoch, one in kernels]),
        "test": axes.points([(epoch, one[TEST]) for epoch, one in kernels]),
        "floor": axes.level(real) if real > 0 else None,
        "mark": axes.at(mark.epoch, mark.figures.kernel[TEST]),
        "label": f"Kernel distance of {_name(model)} from fold 1: {number(first)} at first, {number(last)} at the end",
        "first": number(first),
        "last": number(last),
        "epochs": f"{model.stops[-1].epoch:.0f}",
        "losses": losses(model.losses, model.curve),
    }


def _grid(lab: Finished) -> dict[str, Any] | None:
    model = next((one for one in lab.models if one.grid and one.family == "vae"), None)
    model = model or next((one for one in lab.models if one.grid), None)
    if model is None or model.grid is None:
        return None
    return {"name": _name(model), "file": model.grid.file, "step": f"{model.grid.step:,}", "side": model.grid.side}


def _film(film: Film) -> dict[str, Any]:
    return {
        "seed": film.seed,
        "poster": film.poster,
        "gif": film.gif,
        "width": film.width,
        "height": film.height,
        "videos": [{"file": film.videos[form], "type": TYPES[form]} for form in TYPES if form in film.videos],
    }


def _halves(halves: Halves) -> dict[str, Any]:
    """The two-model test: likenesses as spans on a scale from nought, or below it, to one; pictures in four columns."""
    from render.lab.finished import GAP

    likenesses = {name: getattr(halves, name) for name in LIKENESSES}
    low = min(0.0, *(values[0] for values in likenesses.values()))

    def place(value: float) -> str:
        return f"{MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (1 - low):.1f}"

    spans = [
        {"words": LIKENESSES[name], "told": [f"{value:.2f}" for value in values], "at": [place(v) for v in values]}
        for name, values in likenesses.items()
    ]
    one, other = (f"{count:,}" for count in halves.trained_on)
    steps = sorted({f"{step:,}" for step in halves.steps})
    return {
        "spans": spans,
        "zero": place(0.0),
        "one": place(1.0),
        "counts": one if one == other else f"{one} and {other}",
        "steps": " and ".join(steps),
        "set": halves.training_set,
        "size": halves.size,
        "parameters": f"{halves.parameters / 1e6:.2f} M",
        "pictures": halves.pictures,
        "nearer": f"{halves.nearer_to_the_other:.0%}".replace("%", "\u202f%"),
        "columns": [
            {"file": file, "heading": heading, "alt": f"{halves.rows} pictures, from above: {words}"}
            for file, (heading, words) in zip(halves.columns, COLUMNS, strict=True)
        ],
        "width": halves.shown,
        "height": halves.rows * (halves.shown + GAP) - GAP,
        "credits": halves.credits,
    }


def _row(model: Model, best: bool) -> dict[str, Any]:
    """A model in the table, at the stop that stands for it."""
    stop = _shown(model)
    trained = stop.step * model.batch / stop.seconds if stop.seconds else 0
    return {
        "model": model.name,
        "name": _name(model),
        "best": best,
        "step": f"{stop.step:,}",
        "chosen": model.chosen is not None,
        "parameters": f"{model.parameters / 1e6:.2f} M",
        "seconds": f"{stop.seconds:,.0f}",
        "learns": f"{trained:,.0f}",
        "draws": f"{model.draws:,.0f}",
        "memory": f"{model.memory / 1e6:,.0f}",
        **_compared(stop.figures),
    }


def _floor(size: str, figures: Figures, several: bool) -> dict[str, Any]:
    """What real pictures that nothing learned from get in their place."""
    return {"name": f"real pictures, {size} px" if several else "real pictures", **_compared(figures)}


def _compared(figures: Figures) -> dict[str, Any]:
    """Every figure beside its counterpart on fold 1."""
    pairs = {name: getattr(figures, name) for name in ("kernel", "frechet", "spectrum")}
    told = {name: [number(found[TRAINING]), number(found[TEST])] for name, found in pairs.items()}
    told["copies"] = [f"{figures.near_copies[name]:.0%}".replace("%", "\u202f%") for name in (TRAINING, TEST)]
    told["authentic"] = [
        f"{figures.authentic[name].authentic:.0%}".replace("%", "\u202f%") for name in (TRAINING, TEST)
    ]
    return told
