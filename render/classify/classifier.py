"""The trained classifier: pictures in data space to calibrated class probabilities and attribute strengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from render.classify.classes import ATTRIBUTES, CLASSES
from render.classify.network import ClassifierNetwork, ClassifierSettings, class_logits, resized, symmetries
from render.errors import NonesuchError
from render.weights import Card, load_card, load_tensors


@dataclass(frozen=True)
class Classification:
    """What the classifier makes of one picture."""

    probabilities: dict[str, float]  # by class, calibrated on real galaxies; they sum to 1
    found: str  # the most probable class
    attributes: dict[str, float]  # by attribute, the strength an expert would be expected to give, 0 to 1


class Classifier:
    """An ensemble of small networks that look at each picture in its eight rotations and mirrors."""

    def __init__(self, card: Card, members: list[ClassifierNetwork], device: str = "cpu") -> None:
        self.card = card
        self.device = torch.device(device)
        self.members = [member.to(self.device).eval() for member in members]
        self.size = int(card.network["size"])
        self.temperature = float(card.network["temperature"])
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
            logits, strengths = self.answers(picture.to(self.device, torch.float32))
            probabilities = ((logits + self.bias) / self.temperature).softmax(dim=1)
            found.append(described(probabilities[0].tolist(), strengths[0].tolist()))
        return found

    def answers(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (n, 7) and attribute strengths (n, 4), means over members and symmetries."""
        n = len(pictures)
        views = symmetries(resized(pictures, self.size)).flatten(0, 1)  # (8 n, 3, s, s)
        logits, strengths = [], []
        for member in self.members:
            stages, attributes = member(views)
            logits.append(class_logits(stages).view(8, n, -1).mean(dim=0))
            strengths.append(attributes[:, : len(ATTRIBUTES)].sigmoid().view(8, n, -1).mean(dim=0))
        return torch.stack(logits).mean(dim=0), torch.stack(strengths).mean(dim=0)


def described(probabilities: list[float], strengths: list[float]) -> Classification:
    """One picture's numbers with their names."""
    named = dict(zip(CLASSES, probabilities, strict=True))
    return Classification(named, max(named, key=named.__getitem__), dict(zip(ATTRIBUTES, strengths, strict=True)))


def packed(members: list[ClassifierNetwork]) -> dict[str, Tensor]:
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
