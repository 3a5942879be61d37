"""Training the copy detector: every picture is its own class, and must be found again after being distorted.

Momentum contrast (He et al. 2019, arXiv:1911.05722) with a memory bank that holds one key for *every* training picture
(Wu et al. 2018, arXiv:1805.01978): each distorted picture has to be nearer to its own key than to all the others', so
the look-alikes that would become false alarms are always among the negatives, whatever the batch size.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.evidence.network import CopyNetwork, CopyNetworkSettings, centre, shrink, unrolled
from render.training.checkpoint import CHECKPOINT, Part, load_checkpoint, save_checkpoint, step_generator
from render.training.dataset import TrainingSet
from render.training.distort import Strength, Variants, placed, recoloured, variants

Progress = Callable[[int, int, float], None]  # step, steps, loss

BATCH = 128
TEMPERATURE = 0.08
MOMENTUM = 0.99
RATE = 2e-3
WARM_UP = 100


class Contrast(nn.Module):
    """The network that learns and the bank of keys, (pictures, features): both belong to a checkpoint."""

    def __init__(self, network: CopyNetwork, pictures: int, generator: torch.Generator) -> None:
        super().__init__()
        self.network = network
        self.bank: Tensor
        keys = torch.randn(pictures, network.settings.features, generator=generator)
        self.register_buffer("bank", normalize(keys, dim=1))

    def loss(self, query: Tensor, key: Tensor, chosen: Tensor) -> Tensor:
        """query, key (n, features), chosen (n,): cross entropy of finding one's own key among all (InfoNCE)."""
        bank = self.bank.clone()
        bank[chosen] = key
        self.bank.copy_(bank)
        return cross_entropy(query @ bank.T / TEMPERATURE, chosen)


def light_of(pictures: TrainingSet, size: int, mapping: DisplayMapping) -> Tensor:
    """The training folds as light above the sky, uint8, (n, 3, size, size)."""
    chosen = pictures.training()
    out = torch.empty(len(chosen), 3, size, size, dtype=torch.uint8)
    for i, index in enumerate(chosen):
        data = torch.from_numpy(mapping.to_data(pictures.images[index]))[None]
        out[i] = (shrink(data, size)[0] * 255).round().byte()
    return out


def learning_rate(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine to zero."""
    return RATE * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1, step / steps)))


def train_step(
    state: Contrast, slow: CopyNetwork, pictures: Variants, middle: Tensor, random: torch.Generator
) -> Tensor:
    """One batch: a heavily distorted view asks, a merely turned one (through the slow network) is the key."""
    settings = state.network.settings
    chosen = torch.randperm(len(pictures), generator=random)[:BATCH]
    views = []
    for strength in (Strength.turned_only(), Strength()):
        light = recoloured(pictures.drawn(chosen, strength.worn, random), strength, random)
        views.append(unrolled(light, placed(middle[chosen], strength, random), settings))
    with torch.no_grad():
        key = slow(views[0])
    return state.loss(state.network(views[1]), key, chosen)


def train_copydetector(
    training_set: Path,
    out: Path,
    *,
    steps: int = 4000,
    seed: int = 1,
    resume: bool = True,
    mapping: DisplayMapping | None = None,
    settings: CopyNetworkSettings | None = None,
    every: int = 100,
    stop_after: int | None = None,
    progress: Progress | None = None,
) -> CopyNetwork:
    """Train on every fold but 1 and 2; checkpoints go to `out`, and a run that was killed goes on exactly.

    stop_after: end this sitting at that step of `steps`. Returns the averaged network.
    Raises NonesuchError when there are too few pictures to tell apart.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures = TrainingSet.open(training_set)
    if len(pictures.training()) < 16:
        raise NonesuchError(f"{training_set} has {len(pictures.training())} pictures to train on; 16 are needed.")
    settings = settings or CopyNetworkSettings()
    light = variants(light_of(pictures, settings.size, mapping or DisplayMapping()), seed)
    middle = torch.cat([centre(part.float() / 255) for part in torch.split(light.plain, 256)])
    torch.manual_seed(seed)
    state = Contrast(CopyNetwork(settings), len(light), step_generator(seed, -1))
    slow = copy.deepcopy(state.network).requires_grad_(False)
    optimiser = torch.optim.AdamW(state.network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.02)
    if not resume:
        (out / CHECKPOINT).unlink(missing_ok=True)
    parts: dict[str, Part] = {"network": state, "average": slow, "optimiser": optimiser}
    saved = load_checkpoint(out, parts) or {}
    spent, began = float(saved.get("seconds", 0)), time.monotonic()
    for step in range(int(saved.get("step", 0)), min(steps, stop_after or steps)):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps)
        loss = train_step(state, slow, light, middle, step_generator(seed, step))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
        nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
        optimiser.step()
        average(slow, state.network, step)
        if (step + 1) % every == 0 or step + 1 == steps:
            seconds = spent + time.monotonic() - began
            save_checkpoint(out, parts, {"step": step + 1, "steps": steps, "seconds": round(seconds)})
            if progress:
                progress(step + 1, steps, float(loss.detach()))
    return slow.eval()


@torch.no_grad()
def average(slow: CopyNetwork, network: CopyNetwork, step: int) -> None:
    """The slow network follows: a moving average that starts short."""
    momentum = min(MOMENTUM, (1 + step) / (10 + step))
    for old, new in zip(slow.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - momentum)
