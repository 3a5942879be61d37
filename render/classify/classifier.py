"""The trained classifier: pictures in data space to calibrated class probabilities and attribute strengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from render.classify.classes import ATTRIBUTES, CLASSES, STAGES
from render.classify.network import ClassifierNetwork, ClassifierSettings, class_logits, resized, symmetries
from render.classify.path import Calibration, Step, featured, stage_probabilities, steps
from render.errors import NonesuchError
from render.weights import Card, load_card, load_tensors


@dataclass(frozen=True)
class Classification:
    """What the classifier makes of one picture."""

    probabilities: dict[str, float]  # by class, calibrated on real galaxies; they sum to 1
    found: str  # the most probable class
    attributes: dict[str, float]  # by attribute, the strength an expert would be expected to give, 0 to 1
    stages: dict[int, float] = field(default_factory=dict)  # by Hubble stage T; 11 is a dwarf elliptical
    featured: float | None = None  # the probability that it is not smooth
    path: dict[str, Step] = field(default_factory=dict)  # by step, see `render.classify.path`


class Classifier:
    """An ensemble of small networks that look at each picture in its eight rotations and mirrors."""

    def __init__(self, card: Card, members: list[ClassifierNetwork], device: str = "cpu") -> None:
        self.card = card
        self.device = torch.device(device)
        self.members = [member.to(self.device).eval() for member in members]
        self.size = int(card.network["size"])
        self.temperature = float(card.network["temperature"])
        self.path = Calibration.of(card.network)
        self.bias = torch.tensor(card.network["bias"], device=self.device)  # (7,) log class shares, see the training

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Classifier:
        """Raises NonesuchError when the folder holds something else, or a file that its card does not describe."""
        card = load_card(folder)
        if card.family != "classifier" or tuple(card.classes) != CLASSES:
            raise NonesuchError(
                f"{folder} holds no classifier of galaxies but a '{card.family}': choose other weights."
            )
        tensors = load_tensors(folder)
        settings = ClassifierSettings(**{k: card.network[k] for k in ("width", "size", "members")})
        return cls(card, unpacked(tensors, settings), device)

    @torch.inference_mode()
    def classify(self, images: Tensor) -> list[Classification]:
        """Classify pictures in data space, (n, 3, h, w), of any size.

        Each picture passes by itself, its eight views are batch enough: so its answer is the same to the last bit in
        whatever company it comes.
        """
        found = []
        for picture in torch.split(images, 1):
            logits, strengths, stages = self._members(picture.to(self.device, torch.float32))
            probabilities = ((logits.mean(dim=0) + self.bias) / self.temperature).softmax(dim=1)
            shown = strengths.mean(dim=0)[0, : len(ATTRIBUTES)]
            one = described(probabilities[0].tolist(), shown.tolist())
            found.append(one if self.path is None else self._along(one, probabilities, strengths, stages, self.path))
        return found

    def _along(
        self, one: Classification, probabilities: Tensor, strengths: Tensor, stages: Tensor, path: Calibration
    ) -> Classification:
        """The same with the path and the distribution over T."""
        over = stage_probabilities(probabilities.cpu(), stages.mean(dim=0).cpu(), path.temperature)
        return replace(
            one,
            stages=dict(zip(STAGES, over[0].tolist(), strict=True)),
            featured=float(featured(over)[0]),
            path=steps(strengths[:, 0].cpu(), path),
        )

    def answers(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (n, 7) and attribute strengths (n, 4), means over members and symmetries."""
        logits, strengths, _ = self._members(pictures)
        return logits.mean(dim=0), strengths.mean(dim=0)[:, : len(ATTRIBUTES)]

    def _members(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of every member: class logits (m, n, 7), strengths of all heads (m, n, 13) and stage logits (m, n, 18), means
        over symmetries.
        """
        n = len(pictures)
        views = symmetries(resized(pictures, self.size)).flatten(0, 1)  # (8 n, 3, s, s)
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        for member in self.members:
            stages, heads = member(views)
            each = (class_logits(stages), heads.sigmoid(), stages)
            found.append(tuple(one.view(8, n, -1).mean(dim=0) for one in each))  # type: ignore[arg-type]  # three
        logits, strengths, stages = (torch.stack(column) for column in zip(*found, strict=True))
        return logits, strengths, stages


def described(probabilities: list[float], strengths: list[float]) -> Classification:
    """One picture's numbers with their names."""
    named = dict(zip(CLASSES, probabilities, strict=True))
    return Classification(named, max(named, key=named.__getitem__), dict(zip(ATTRIBUTES, strengths, strict=True)))


def packed(members: Sequence[ClassifierNetwork]) -> dict[str, Tensor]:
    """The members' tensors under one roof, in half precision, as ``model.safetensors`` holds them."""
    return {
        f"{index}.{name}": value.detach().cpu().half().contiguous()
        for index, member in enumerate(members)
        for name, value in member.state_dict().items()
        if value.is_floating_point()
    }


def unpacked(tensors: dict[str, Tensor], settings: ClassifierSettings) -> list[ClassifierNetwork]:
    """The inverse of `packed`; raises NonesuchError when the tensors do not fit the card."""
    members = []
    for index in range(settings.members):
        member = ClassifierNetwork(settings.width)
        mine = {k.removeprefix(f"{index}."): v.float() for k, v in tensors.items() if k.startswith(f"{index}.")}
        counters = {k: v for k, v in member.state_dict().items() if not v.is_floating_point()}
        try:
            member.load_state_dict(mine | counters)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise NonesuchError(f"the classifier's weights do not fit their card: {reason}") from None
        members.append(member.eval())
    return members
