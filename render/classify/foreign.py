"""A classifier that somebody else trained, as an ONNX graph with a card: what timm, Zoobot and others export.

The card's ``[network]`` says how the graph is fed and read: ``mean`` and ``std`` of its inputs, ``gives`` ("logits" or
"probabilities"), the names of its ``outputs`` in order, and ``into``, the class that each of them counts for. The graph
is computed by onnxruntime, which runs nothing else; a graph that wants further files finds none.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from render.classify.classes import CLASSES
from render.classify.classifier import Classification
from render.classify.network import symmetries
from render.errors import NonesuchError
from render.galaxy10 import GALAXY10
from render.weights import Card, load_card, save_card, verify

FILE = "model.onnx"
LARGEST = 2 * 2**30
INTO = {
    "galaxy10": dict(
        zip(
            GALAXY10,
            (
                *("irregular", "irregular", "elliptical", "elliptical", "lenticular"),
                *("spiral_mid", "spiral_early", "spiral_late", "spiral_late", "spiral_early"),
            ),
            strict=True,
        )
    )
}
"""Known lists of outputs, and the Hubble class that each comes nearest to. Smooth is not the same as elliptical, nor
loosely wound the same as late: such a classifier's answers are hints, and the card says where they come from.
"""
NEVER = {"galaxy10": ("dwarf_elliptical",)}
"""The classes that no output of these comes near to."""


@dataclass(frozen=True)
class Reading:
    """How a graph is fed and read, as the card keeps it."""

    outputs: tuple[str, ...]
    into: dict[str, str]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gives: str = "logits"
    views: int = 1  # 8: the mean over turned and mirrored views
    temperature: float = 1.0
    never: tuple[str, ...] = ()  # classes that it may be asked about and never finds

    @property
    def classes(self) -> list[str]:
        """The classes that it answers in, Hubble's in their own order."""
        found = list(dict.fromkeys([*(self.into[name] for name in self.outputs), *self.never]))
        return sorted(found, key=lambda one: CLASSES.index(one) if one in CLASSES else len(CLASSES))

    def as_card(self) -> dict[str, Any]:
        return {
            "format": "onnx",
            "outputs": list(self.outputs),
            "into": self.into,
            "never": list(self.never),
            "mean": list(self.mean),
            "std": list(self.std),
            "gives": self.gives,
            "views": self.views,
            "temperature": self.temperature,
        }

    @classmethod
    def of(cls, card: Card) -> Reading:
        """Raises NonesuchError for a card that does not say all of it."""
        told = card.network
        try:
            reading = cls(
                tuple(str(one) for one in told["outputs"]),
                {str(name): str(one) for name, one in told["into"].items()},
                _three(told["mean"]),
                _three(told["std"]),
                str(told["gives"]),
                int(told.get("views", 1)),
                float(told.get("temperature", 1.0)),
                tuple(str(one) for one in told.get("never", [])),
            )
            known = reading.gives in ("logits", "probabilities") and reading.views in (1, 8) and reading.temperature > 0
            if not known or reading.classes != card.classes or min(reading.std) <= 0:
                raise ValueError
        except (KeyError, ValueError, TypeError, AttributeError):
            raise NonesuchError(
                f"the card of '{card.name}' does not say how its graph is read: [network] needs outputs, into, mean, "
                "std and gives, and `classes` those of into; `nonesuch weights onnx` writes it."
            ) from None
        return reading


class ForeignClassifier:
    """An ONNX graph in the classifier's place."""

    def __init__(self, card: Card, graph: bytes) -> None:
        self.card, self.reading = card, Reading.of(card)
        self._session = _session(graph, card.name)
        self._input = self._session.get_inputs()[0].name

    @classmethod
    def load(cls, folder: Path) -> ForeignClassifier:
        """Raises NonesuchError for a card that does not fit its graph, and where onnxruntime is not installed."""
        verify(folder, (FILE,))
        return cls(load_card(folder), (folder / FILE).read_bytes())

    def classify(self, images: Tensor) -> list[Classification]:
        """Classify pictures in data space, (n, 3, h, w), of any size; each by itself, in whatever company it comes."""
        return [self._one(picture) for picture in torch.split(images, 1)]

    def _one(self, picture: Tensor) -> Classification:
        size = (self.card.size, self.card.size)
        shown = ((picture.float() + 1) / 2).clamp(0, 1)
        fed = interpolate(shown, size=size, mode="bilinear", antialias=True)
        mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (self.reading.mean, self.reading.std))
        views = symmetries((fed - mean) / std).flatten(0, 1) if self.reading.views == 8 else (fed - mean) / std
        answers = np.stack([self._answer(view[None].numpy()) for view in views]).mean(axis=0)
        named: dict[str, float] = dict.fromkeys(self.card.classes, 0.0)
        for name, share in zip(self.reading.outputs, answers.tolist(), strict=True):
            named[self.reading.into[name]] += share
        return Classification(named, max(named, key=named.__getitem__), {})

    def _answer(self, fed: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """(1, 3, s, s) to probabilities of the graph's own outputs, which sum to 1."""
        try:
            given = np.asarray(self._session.run(None, {self._input: fed})[0], dtype=np.float64).ravel()
        except Exception as error:  # onnxruntime's own errors share no base class
            raise NonesuchError(
                f"'{self.card.name}' refuses a picture: {' '.join(str(error).split())[:200]}."
            ) from None
        if given.shape != (len(self.reading.outputs),) or not np.isfinite(given).all():
            raise NonesuchError(
                f"'{self.card.name}' gives {given.size} numbers where its card names {len(self.reading.outputs)} "
                "outputs."
            )
        if self.reading.gives == "logits":
            given = np.exp((given - given.max()) / self.reading.temperature)
        given = np.clip(given, 0, None)
        return np.asarray(given / max(given.sum(), 1e-12))


def bring(graph: Path, folder: Path, size: int, reading: Reading, about: dict[str, str]) -> Card:
    """Make a weights folder of a graph; `about`: title, licence and data for the card. Tried once before it is kept.

    Raises NonesuchError for a graph that does not do what `reading` says.
    """
    if folder.exists():
        raise NonesuchError(f"{folder} exists already: choose another folder, or delete it first.")
    if not graph.is_file() or graph.stat().st_size > LARGEST:
        raise NonesuchError(f"{graph} is no file of at most 2 GiB: name the graph (.onnx).")
    card = Card(
        name=folder.name,
        family="classifier",
        title=about.get("title", ""),
        size=size,
        classes=reading.classes,
        licence=about.get("licence", "unknown"),
        network=reading.as_card(),
    )
    card.training.data = about.get("data", "")
    ForeignClassifier(card, graph.read_bytes()).classify(torch.zeros(1, 3, size, size))
    folder.mkdir(parents=True)
    try:
        shutil.copyfile(graph, folder / FILE)
        save_card(folder, card)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return load_card(folder)


def _session(graph: bytes, name: str) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise NonesuchError(f"'{name}' needs onnxruntime: pip install 'nonesuch[onnx]'.") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the same answer on every machine, as far as its arithmetic allows
    options.log_severity_level = 4
    with tempfile.TemporaryDirectory(prefix="nonesuch-onnx-") as empty:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
        try:
            return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors share no base class
            raise NonesuchError(
                f"the graph of '{name}' cannot be read: {' '.join(str(error).split())[:200]}."
            ) from None


def _three(values: Any) -> tuple[float, float, float]:
    one, two, three = (float(value) for value in values)
    return one, two, three
