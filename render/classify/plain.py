"""A classifier of anything, from a person's own labelled pictures: the galaxies' network with one output a class."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from render.classify.classifier import Classification
from render.classify.network import ClassifierNetwork, resized, symmetries
from render.errors import NonesuchError
from render.weights import Card, load_card, load_tensors

TURNS = ("all", "mirror", "none")


class PlainNetwork(ClassifierNetwork):
    """`logits` are (n, classes) for pictures in data space, (n, 3, s, s)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__(width)
        self.head = nn.Linear(8 * width, classes)

    def logits(self, pictures: Tensor) -> Tensor:
        """Both halves of the galaxies' head are one here."""
        return torch.cat(self(pictures), dim=1)


class PlainClassifier:
    """An ensemble that looks at each picture in every orientation that is as good as its own."""

    def __init__(self, card: Card, members: list[PlainNetwork]) -> None:
        self.card, self.members = card, [member.eval() for member in members]
        self.size, self.turns = int(card.network["size"]), str(card.network["turns"])
        self.temperature, self.bias = float(card.network["temperature"]), torch.tensor(card.network["bias"])

    @classmethod
    def load(cls, folder: Path) -> PlainClassifier:
        """Raises NonesuchError for a file that its card does not describe."""
        card, tensors = load_card(folder), load_tensors(folder)
        members = []
        for index in range(int(card.network["members"])):
            member = PlainNetwork(int(card.network["width"]), len(card.classes))
            mine = {k.removeprefix(f"{index}."): v.float() for k, v in tensors.items() if k.startswith(f"{index}.")}
            counters = {k: v for k, v in member.state_dict().items() if not v.is_floating_point()}
            try:
                member.load_state_dict(mine | counters)
            except RuntimeError as error:
                reason = str(error).splitlines()[0]
                raise NonesuchError(f"the classifier's weights do not fit their card: {reason}") from None
            members.append(member)
        return cls(card, members)

    @torch.inference_mode()
    def classify(self, images: Tensor) -> list[Classification]:
        """Classify pictures in data space, (n, 3, h, w), of any size; each by itself, in whatever company it comes."""
        found = []
        for picture in torch.split(images.float(), 1):
            logits = torch.stack([mean_logits(m, picture, self.size, self.turns) for m in self.members]).mean(dim=0)
            shares = ((logits + self.bias) / self.temperature).softmax(dim=1)[0].tolist()
            named = dict(zip(self.card.classes, shares, strict=True))
            found.append(Classification(named, max(named, key=named.__getitem__), {}))
        return found


def mean_logits(member: PlainNetwork, pictures: Tensor, size: int, turns: str) -> Tensor:
    """Logits (n, classes), the mean over orientations: all eight, a picture and its mirror image, or its own alone."""
    small = resized(pictures, size)
    views = symmetries(small) if turns == "all" else torch.stack([small, small.flip(3)][: 1 + (turns == "mirror")])
    return member.logits(views.flatten(0, 1)).view(len(views), len(pictures), -1).mean(dim=0)
