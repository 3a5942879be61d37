"""Training of one member of the classifier's ensemble: labelled pictures, augmentation, loss and the resumable loop."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, avg_pool2d, binary_cross_entropy_with_logits, cross_entropy, grid_sample

from render.classify.classes import CLASS_OF_STAGE, CLASSES, STAGES
from render.classify.network import ClassifierNetwork, ClassifierSettings, class_logits
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.training.checkpoint import Part, load_checkpoint, save_checkpoint, step_generator
from render.training.dataset import TrainingSet

Network = TypeVar("Network", bound=nn.Module)
Progress = Callable[[int, int, int, float], None]  # member, step, steps, loss
Indices = npt.NDArray[np.int64]

TEACHERS = (  # columns of the training set behind the heads; the first four are shown as ATTRIBUTES
    ("bar_length",),
    ("edge_on",),
    ("inner_ring", "outer_ring", "pseudo_ring"),  # the strongest of the three
    ("visible_dust",),
    *((name,) for name in ("bulge_to_total", "arm_strength", "arm_curvature", "perturbation", "flocculence")),
    *((name,) for name in ("hot_spots", "inclination", "contamination", "dust_dispersion")),
)


@dataclass(frozen=True)
class ClassifierTraining:
    """Everything that decides how a member is trained."""

    epochs: int = 80
    seconds: float | None = None  # the schedule is shortened so that a member is done by then
    batch: int = 64
    rate: float = 4e-3
    small: int = 48  # pixels in the first half, where nothing finer is learned yet
    attributes: float = 1.0  # weight of the attribute losses
    balance: float = 0.5  # 0: classes as frequent as they are, 1: as if all were equally frequent
    seed: int = 0
    network: ClassifierSettings = field(default_factory=ClassifierSettings)


@dataclass(frozen=True)
class Task(Generic[Network]):
    """What a member learns. loss: from a network, augmented pictures and their rows; turns: which orientations are as
    good as a picture's own ("all", "mirror" or "none").
    """

    pictures: Tensor
    make: Callable[[], Network]
    loss: Callable[[Network, Tensor, Tensor], Tensor]
    turns: str = "all"


class Taught(Protocol[Network]):
    """Pictures that know what is to be learned of them."""

    def task(self, train: Indices, settings: ClassifierTraining) -> Task[Network]:
        """For a member that is taught by the rows `train`."""


@dataclass(frozen=True)
class LabelledPictures:
    """The labelled pictures of a training set, and what the experts said of them."""

    pictures: Tensor  # (n, 3, s, s) float16, data space
    classes: Tensor  # (n,)
    stages: Tensor  # (n, 18) soft: the expert's stage and the range that they would accept
    strengths: Tensor  # (n, 13) in [0, 1], -1 where undetermined
    folds: Indices
    contaminated: npt.NDArray[np.bool_]  # by a star or a neighbour; left out of the four-class figures
    indices: Indices  # rows of the training set

    @classmethod
    def load(cls, training_set: TrainingSet, mapping: DisplayMapping) -> LabelledPictures:
        """Raises NonesuchError when the set has no EFIGI labels."""
        labels = training_set.column("label")
        indices = np.array([i for i, label in enumerate(labels) if label in CLASSES], dtype=np.int64)
        rows = [training_set.rows[i] for i in indices]
        if not rows or "T_inf" not in rows[0]:
            raise NonesuchError(
                f"{training_set.folder} has no picture with an EFIGI class (columns label, hubble_T, T_inf, T_sup):"
                " prepare it with the galaxies' labels.csv."
            )
        return cls(
            pictures=torch.from_numpy(training_set.data(indices, mapping)),
            classes=torch.tensor([CLASSES.index(labels[i]) for i in indices]),
            stages=torch.tensor([soft_stage(row) for row in rows]),
            strengths=torch.tensor([[strength(row, names) for names in TEACHERS] for row in rows]),
            folds=training_set.folds[indices],
            contaminated=np.array([strength(row, ("contamination",)) >= 0.75 for row in rows]),
            indices=indices,
        )

    def task(self, train: Indices, settings: ClassifierTraining) -> Task[ClassifierNetwork]:
        """Stages, classes and attributes together, every class balanced by its share among the rows `train`."""
        prior = balance_prior(self.classes[train], settings.balance)

        def loss(network: ClassifierNetwork, pictures: Tensor, rows: Tensor) -> Tensor:
            return member_loss(network(pictures), self, rows, prior, settings.attributes)

        return Task(self.pictures, lambda: ClassifierNetwork(settings.network.width), loss)

    def accepted(self, rows: Indices) -> npt.NDArray[np.bool_]:
        """(rows, 18): the stages that the experts would accept."""
        return np.asarray(self.stages[rows].numpy() > 0)

    def of_folds(self, folds: tuple[int, ...]) -> Indices:
        return np.flatnonzero(np.isin(self.folds, folds))


def soft_stage(row: dict[str, str]) -> list[float]:
    """Six tenths on the expert's stage, the rest spread over the range from T_inf to T_sup."""
    stage, low, high = (int(float(row[name])) for name in ("hubble_T", "T_inf", "T_sup"))
    within = [float(min(low, stage) <= t <= max(high, stage)) for t in STAGES]
    return [0.6 * (t == stage) + 0.4 * w / sum(within) for t, w in zip(STAGES, within, strict=True)]


def strength(row: dict[str, str], names: tuple[str, ...]) -> float:
    """The strongest of some attributes, -1 where none was determined."""
    return max(float(row.get(name) or -1) for name in names)


def augmented(pictures: Tensor, size: int, generator: torch.Generator, turns: str = "all") -> Tensor:
    """Turned, mirrored, zoomed, shifted, recoloured, blurred and noisy copies in data space, (n, 3, size, size)."""
    n = len(pictures)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    strong = (uniform(n, 1, 1, 1) < 0.3).float()  # as different as another survey's pictures
    angle, zoom = uniform(n) * 2 * torch.pi, torch.exp(0.24 * uniform(n) - 0.12 + 0.4 * strong.view(n) * uniform(n))
    mirror, shift = torch.where(uniform(n) < 0.5, -1.0, 1.0), 0.03 * normal(n, 2)
    angle, mirror = angle * (turns == "all"), mirror if turns != "none" else mirror.abs()
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    affine = torch.stack([cos * mirror, -sin, shift[:, 0], sin * mirror, cos, shift[:, 1]], dim=1).view(n, 2, 3)
    grid = affine_grid(affine, [n, 3, size, size], align_corners=False)
    light = grid_sample(pictures.float() + 1, grid, align_corners=False)  # outside is sky: -1, hence the shift by 1
    light = light * torch.exp((0.05 + 0.1 * strong) * normal(n, 1, 1, 1) + (0.03 + 0.12 * strong) * normal(n, 3, 1, 1))
    light = torch.lerp(light, avg_pool2d(light, 3, 1, 1), (0.3 + 0.7 * strong) * uniform(n, 1, 1, 1))
    return light + 0.04 * uniform(n, 1, 1, 1) * normal(*light.shape) - 1


def member_loss(
    outputs: tuple[Tensor, Tensor], data: LabelledPictures, batch: Tensor, prior: Tensor, weight: float
) -> Tensor:
    """Stages, classes and attributes together; `prior` (18,) is what the balance adds to the stage logits."""
    stages, attributes = outputs
    stages = stages + prior
    loss = cross_entropy(stages, data.stages[batch]) * 0.5
    loss = loss + cross_entropy(class_logits(stages), data.classes[batch], label_smoothing=0.05)
    wanted = data.strengths[batch]
    known = (wanted >= 0).float()
    each = binary_cross_entropy_with_logits(attributes, wanted.clamp_min(0), reduction="none")
    return loss + weight * (each * known).mean()


def balance_prior(classes: Tensor, balance: float) -> Tensor:
    """Logit adjustment (Menon et al. 2021, arXiv:2007.07314) for each stage by its class' share, (18,)."""
    share = torch.bincount(classes, minlength=len(CLASSES)).clamp_min(1).float()
    return balance * (share / share.sum()).log()[torch.tensor(CLASS_OF_STAGE)]


def rate_at(done: float, rate: float) -> float:
    """A short rise, then a cosine fall, for a share `done` of the training."""
    return rate * (done / 0.1 if done < 0.1 else 0.5 * (1 + float(np.cos(np.pi * (done - 0.1) / 0.9))) + 1e-3)


@dataclass(frozen=True)
class TrainedMember(Generic[Network]):
    """A member's averaged network, and what it took."""

    network: Network
    steps: int
    seconds: float


def train_member(
    data: Taught[Network],
    train: Indices,
    folder: Path,
    settings: ClassifierTraining,
    member: int,
    progress: Progress | None = None,
) -> TrainedMember[Network]:
    """One member, trained on the rows `train`; goes on from the folder's checkpoint when there is one."""
    seed = 1000 * settings.seed + member
    torch.manual_seed(seed)
    task = data.task(train, settings)
    network = task.make()
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=0.05)
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Part] = {"network": network, "average": average, "optimiser": optimiser}
    saved = load_checkpoint(folder, parts)
    step, spent = (int(saved["step"]), float(saved["seconds"])) if saved else (0, 0.0)
    over = saved is not None and saved["over"] == "True"
    an_epoch = max(1, len(train) // settings.batch)
    steps, started = settings.epochs * an_epoch, time.monotonic() - spent
    network.train()
    finished_before = over
    while not over:
        elapsed = time.monotonic() - started
        done = max(step / steps, elapsed / settings.seconds if settings.seconds else 0.0)
        if done >= 1:
            over = True
        else:
            generator = step_generator(seed, step)
            torch.manual_seed(int(generator.initial_seed() % 2**31))  # dropout
            batch = epoch_order(len(train), seed, step // an_epoch)[step % an_epoch :: an_epoch][: settings.batch]
            rows = torch.from_numpy(train)[batch]
            size = settings.small if done < 0.5 else settings.network.size
            loss = task.loss(network, augmented(task.pictures[rows], size, generator, task.turns), rows)
            for group in optimiser.param_groups:
                group["lr"] = rate_at(done, settings.rate)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
            optimiser.step()
            step += 1
            follow(average, network, min(0.995, step / (step + 10)))
            if progress:
                progress(member, step, steps, float(loss.detach()))
        if over or step % an_epoch == 0:
            state = {"step": step, "seconds": time.monotonic() - started, "over": over}
            save_checkpoint(folder, parts, state)
    return TrainedMember(average, step, spent if finished_before else time.monotonic() - started)


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=step_generator(seed, -1 - epoch))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """The moving average of weights and of the normalisation's statistics."""
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)
