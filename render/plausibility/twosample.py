"""Two-sample classifiers: can a machine that was taught on some tell the rest apart? Half right is guessing.

Lopez-Paz & Oquab 2017 (arXiv:1610.06545). Boosted trees see numbers (components, spectrum, shape), a small
convolutional network the pixels; both learn on four fifths and are asked about the last, five times over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from render.errors import NonesuchError
from render.plausibility.pictures import Pictures

Floats = npt.NDArray[np.float64]
FOLDS = 5
EPOCHS = 8
BATCH = 32


@dataclass(frozen=True)
class Answers:
    """truth (n,): whether a picture is generated; scores (n,): how sure the judge is that it is, 0 to 1."""

    truth: npt.NDArray[np.bool_]
    scores: Floats

    @property
    def accuracy(self) -> float:
        return float(((self.scores > 0.5) == self.truth).mean())

    @property
    def area(self) -> float:
        """Area under the ROC curve: how often a generated picture gets the higher score of a pair; 0.5 is guessing."""
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.truth, self.scores))

    def told(self) -> dict[str, Any]:
        """For the card: accuracy with its 95 % interval (Wilson's), and the area."""
        from render.evidence.authentic import authentic_share

        right = int(((self.scores > 0.5) == self.truth).sum())
        interval = authentic_share(right, len(self.truth))["interval"]
        return {"right": round(self.accuracy, 4), "right_interval_95": interval, "area": round(self.area, 4)}


def need_sklearn() -> None:
    """Raises NonesuchError, before anything is drawn, where the extra is not installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise NonesuchError("the report needs scikit-learn: `pip install 'nonesuch[report]'` brings it.") from None


def trees(one: Floats, other: Floats) -> Answers:
    """Boosted trees on tables (n, f) and (m, f); `other` is what is called generated."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.concatenate([one, other])
    truth, folds = _dealt(len(one), len(other))
    scores = np.empty(len(x))
    for fold in range(FOLDS):
        here = folds == fold
        judge = HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, learning_rate=0.15, early_stopping=False, random_state=0
        )
        judge.fit(x[~here], truth[~here])
        scores[here] = judge.predict_proba(x[here])[:, 1]
    return Answers(truth, scores)


def pixels(one: Pictures, other: Pictures, epochs: int = EPOCHS) -> Answers:
    """A small convolutional network on pictures (n, 3, h, w); `other` is what is called generated."""
    truth, folds = _dealt(len(one), len(other))
    pictures = torch.from_numpy(np.concatenate([one, other]))
    target = torch.from_numpy(truth).float()
    scores = np.empty(len(truth))
    with torch.random.fork_rng(devices=[]):
        for fold in range(FOLDS):
            torch.manual_seed(fold)
            here = torch.from_numpy(folds == fold)
            network = _taught(pictures[~here], target[~here], epochs)
            with torch.inference_mode():
                answers = [network(part).sigmoid()[:, 0] for part in torch.split(pictures[here], 64)]
            scores[here.numpy()] = torch.cat(answers).double().numpy()
    return Answers(truth, scores)


def _dealt(n: int, m: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Truth, and five folds with as many of both kinds in each."""
    random = np.random.default_rng(2)
    folds = np.concatenate([random.permutation(np.arange(count) % FOLDS) for count in (n, m)])
    return np.arange(n + m) >= n, folds


def _taught(pictures: torch.Tensor, target: torch.Tensor, epochs: int) -> nn.Module:
    """Three strided convolutions with group norms; turned and mirrored, so that no picture is learned by heart."""
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(4, after), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.01)
    steps = epochs * -(-len(pictures) // BATCH)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(pictures)), BATCH):
            turn, mirror = int(torch.randint(4, ())), bool(torch.rand(()) < 0.5)
            batch = torch.rot90(pictures[rows], turn, (2, 3))
            batch = batch.flip(3) if mirror else batch
            loss = nn.functional.binary_cross_entropy_with_logits(network(batch)[:, 0], target[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # not in torch's stub
            optimiser.step()
            plan.step()
    return network.eval()
