"""The check: for a picture, its nearest real pictures, and whether it is one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from render.errors import NonesuchError
from render.evidence import thumbnails
from render.evidence.authentic import authentic_share
from render.evidence.network import CopyNetwork, CopyNetworkSettings, features, shrink
from render.evidence.pixels import nearest_pixels
from render.evidence.reference import FILE, Reference
from render.evidence.register import agreements
from render.weights import Card, load_card, load_tensors, verify

if TYPE_CHECKING:
    from render.evidence.together import Twins

ZOOMS = (0.87, 1.0, 1.15)  # at which candidates are looked for; distances that are shown are at 1
CANDIDATES = 5
NEIGHBOURS = 3
LEAST = 0.02  # what a candidate's own nearest distance counts as at least: some real pictures are there twice
LIKENESS = (3.0, 1.0, 1.0, -0.3)  # broad, middle, fine agreement; distance over the candidate's own nearest


@dataclass(frozen=True)
class Neighbour:
    """A real picture: its place in the reference set and its distance from what was checked."""

    index: int
    file: str
    distance: float
    credit: str
    class_name: str | None


@dataclass(frozen=True)
class Verdict:
    """What is known of a picture beside the real ones; `asdict` gives plain JSON.

    distance: cosine distance to the nearest real picture; percentile: the share of real pictures that lie nearer to
    their own nearest. likeness: how well the best candidate can be laid upon the picture; at or above threshold it is a
    near copy; a set without a threshold (no fold 2) calls nothing a copy. authentic: farther from its
    nearest than that one is from its own nearest (Alaa et al. 2022).
    """

    near_copy: bool
    checked: bool = True
    distance: float | None = None
    percentile: float | None = None
    likeness: float | None = None
    threshold: float | None = None
    neighbours: tuple[Neighbour, ...] = ()
    pca_distance: float | None = None
    pca_percentile: float | None = None
    authentic: bool | None = None

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "neighbours": [asdict(one) for one in self.neighbours]}


NOT_CHECKED = Verdict(near_copy=False, checked=False)


class Evidence:
    """A copy detector with its reference set."""

    def __init__(
        self, network: CopyNetwork, reference: Reference | None, folder: Path, threshold: float | None, card: Card
    ) -> None:
        self.network, self.reference, self.folder, self.threshold, self.card = (
            network,
            reference,
            folder,
            threshold,
            card,
        )
        if reference is not None:
            self._thumbnails = thumbnails.Thumbnails(folder, reference.offsets.tolist())
            self._real = reference.nearest.sort().values
            self._real_pixels = reference.pixel_nearest.sort().values

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Evidence:
        """Without a reference set in the folder every verdict will be "not checked".

        Raises NonesuchError when the folder is of another family or a file is not the one that the card describes.
        """
        card = load_card(folder)
        if card.family != "copydetector":
            raise NonesuchError(
                f"{folder} holds a {card.family}, not a copy detector: name other weights under [evidence]."
            )
        network = CopyNetwork(CopyNetworkSettings.from_card(card.network))
        network.load_state_dict({key: value.float() for key, value in load_tensors(folder).items()})
        if FILE not in card.sha256:
            return cls(network.eval().to(device), None, folder, None, card)
        verify(folder, (thumbnails.FILE,))
        threshold = card.quality.get("threshold")
        return cls(network.eval().to(device), Reference.load(folder), folder, threshold, card)

    def thumbnail(self, index: int) -> bytes:
        """A real picture of the reference set as a small WebP. Raises NonesuchError when none has that index."""
        if self.reference is None:
            raise NonesuchError(f"{self.folder} has no reference pictures.")
        return self._thumbnails[index]

    def check(self, images: Tensor) -> list[Verdict]:
        """Pictures in data space, (n, 3, h, w). Each is looked at alone: an answer does not depend on the batch."""
        if self.reference is None:
            return [NOT_CHECKED] * len(images)
        return [self._check(image) for image in images]

    @torch.inference_mode()
    def _check(self, image: Tensor) -> Verdict:
        assert self.reference is not None
        reference = self.reference
        every = self._distances(image)
        plain = every[:, ZOOMS.index(1.0)]
        candidates, likeness = self._laid(image, every)
        best = int(likeness.argmax())
        near_copy = self.threshold is not None and float(likeness[best]) >= self.threshold
        nearest = plain.topk(min(NEIGHBOURS, len(plain)), largest=False).indices.tolist()
        if near_copy:  # the one it is a copy of stands first, even where another lies nearer
            found = int(candidates[best])
            nearest = [found, *(one for one in nearest if one != found)][:NEIGHBOURS]
        first = int(plain.argmin())
        pixels = float(nearest_pixels(reference.basis.project(image[None])[0], reference.pixels).amin())
        return Verdict(
            near_copy=near_copy,
            distance=rounded(plain[first]),
            percentile=share_below(self._real, float(plain[first])),
            likeness=rounded(likeness[best]),
            threshold=self.threshold,
            neighbours=tuple(self._neighbour(one, float(plain[one])) for one in nearest),
            pca_distance=rounded(pixels),
            pca_percentile=share_below(self._real_pixels, pixels),
            authentic=bool(plain[first] > reference.nearest[first]),
        )

    @torch.inference_mode()
    def likeness(self, image: Tensor, beside: Tensor | None = None) -> float:
        """How well a picture, (3, h, w) in data space, can be laid upon the best of the reference set.

        beside: which of the set count, (m,) of truth; all without it.
        """
        every = self._distances(image)
        if beside is not None:
            every = every.masked_fill(~beside[:, None], torch.inf)
        return rounded(self._laid(image, every)[1].max())

    def _distances(self, image: Tensor) -> Tensor:
        """From every picture of the reference set, (m, zooms)."""
        assert self.reference is not None
        looks = torch.cat([features(self.network, image[None], zoom) for zoom in ZOOMS])  # (zooms, f)
        return (1 - self.reference.features @ looks.T).clamp_min(0)

    def _laid(self, image: Tensor, every: Tensor) -> tuple[Tensor, Tensor]:
        """The candidates, by `every` distance, (m, zooms), and the likeness of each."""
        nearest = every.amin(1).topk(min(CANDIDATES, len(every)), largest=False)
        return nearest.indices, self._likeness(image, nearest.indices, nearest.values)

    def _likeness(self, image: Tensor, indices: Tensor, distances: Tensor) -> Tensor:
        """(candidates,): agreement after registration, and nearness beside the candidate's own neighbourhood."""
        assert self.reference is not None
        pictures = np.stack([thumbnails.decoded(self.thumbnail(int(i))) for i in indices])
        light = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        size = self.network.settings.size
        query = shrink(image[None].cpu(), size)[0]
        agreed = agreements(query, shrink(light * 2 - 1, size), self.network.settings)
        ratio = distances / self.reference.nearest[indices].clamp_min(LEAST)
        return torch.cat([agreed, ratio[:, None]], dim=1) @ torch.tensor(LIKENESS)

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        assert self.reference is not None
        about = self.reference.pictures[index]
        return Neighbour(index, about["file"], rounded(distance), about["credit"], about["class_name"])

    def twins(self, count: int, picture: Callable[[int], Tensor]) -> list[Twins]:
        """Pairs among pictures that are nearly the same; see `render.evidence.together.twins`."""
        from render.evidence.together import twins

        return twins(self, count, picture)

    def scale(self) -> dict[str, float]:
        """Percentiles of the distance between a real picture and its own nearest: what distances are read against."""
        if self.reference is None:
            return {}
        return {str(p): rounded(np.percentile(self._real.numpy(), p)) for p in (1, 5, 25, 50, 75, 95, 99)}

    def usual_distance(self) -> float:
        """The median distance between a real picture and its own nearest, at least as `check` counts the smallest."""
        return max(float(self._real.median()), LEAST) if self.reference is not None else 1.0

    def with_threshold(self, threshold: float | None) -> Evidence:
        return Evidence(self.network, self.reference, self.folder, threshold, self.card)


def authenticity(verdicts: list[Verdict]) -> dict[str, Any]:
    """The share of authentic pictures, with its interval."""
    return authentic_share(sum(bool(one.authentic) for one in verdicts), len(verdicts))


def share_below(ordered: Tensor, value: float) -> float:
    return rounded(int(torch.searchsorted(ordered, value)) / max(1, len(ordered)))


def rounded(value: Any) -> float:
    """Six decimals: enough for a distance, and the same on every machine's last bit."""
    return round(float(value), 6)
