"""A training that is watched: at every checkpoint it is looked whether its pictures are copies of those it learns from.

Weights that are fine-tuned on a small folder learn it by heart sooner or later. A copy is then found in two ways: a
picture can be laid upon one of the training folds (a near-copy), or the pictures lie closer to the training folds than
those of fold 2 do, which are real and were never trained on (their share of authentic samples, Alaa et al. 2022). Where
either is more than chance would have, the training ends, and the weights of the checkpoint before are those that ship.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.plausibility.judge import FIRST_SEED, TRAINING, Judge
from render.training.dataset import TrainingSet
from render.training.run import Run
from render.training.samples import drawn
from render.weights import Card

ALLOWED = 0.01
"""The share of near-copies that is as good as none; real pictures of fold 2 have about as many false alarms."""
CHANCE = 0.05
"""What happens more rarely than this is not called chance."""
KEPT, ACCOUNT = "watched.safetensors", "watched.json"


@dataclass(frozen=True)
class Look:
    """What one checkpoint's pictures came to. Shares from 0 to 1; intervals hold 95 in 100; held_out: of fold 2."""

    step: int
    seconds: float
    pictures: int
    near_copies: float
    authentic: float
    interval: tuple[float, float]
    held_out: float
    held_out_interval: tuple[float, float]

    @property
    def copies(self) -> bool:
        """Whether chance does not explain it."""
        found = round(self.near_copies * self.pictures)
        return tail(found, self.pictures, ALLOWED) < CHANCE or self.interval[1] < self.held_out_interval[0]

    def __str__(self) -> str:
        verdict = "it begins to copy" if self.copies else "no sign of copying"
        return (
            f"step {self.step}: {self.near_copies:.1%} of {self.pictures} pictures are near-copies, "
            f"{self.authentic:.0%} are authentic (real pictures it never saw: {self.held_out:.0%}); {verdict}"
        )


def tail(found: int, of: int, share: float) -> float:
    """The chance of `found` or more among `of` where each comes with the chance `share`."""
    return 1 - sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(found))


class Watch:
    """Looks at one training. Its account lies in the run's folder, so that a killed run is watched on."""

    def __init__(
        self, training_set: TrainingSet, mapping: DisplayMapping, detector: Path, run: Path, pictures: int,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        """pictures: how many are drawn at a checkpoint. say: gets a line at each."""
        self._judge = Judge(training_set, mapping, detector, len(training_set.rows), pictures, run / "judge")
        self._run, self._say, self._pictures = run, say, pictures
        account = run / ACCOUNT
        self._looks = [_look(one) for one in json.loads(account.read_text())] if account.is_file() else []

    def look(self, training: Run, card: Card) -> None:
        """Draw and compare; keep the weights unless they copy."""
        told = self._judge.figures(drawn(training.generator(card), range(FIRST_SEED, FIRST_SEED + self._pictures)))
        authentic, held_out = told["authentic"][TRAINING], self._judge.floor["authentic"][TRAINING]
        found = Look(
            training.step,
            round(training.seconds, 1),
            self._pictures,
            told["near_copies"][TRAINING],
            authentic["authentic"],
            tuple(authentic["interval"]),
            held_out["authentic"],
            tuple(held_out["interval"]),
        )
        self._say(str(found))
        if not found.copies:
            weights = {name: value.detach().cpu().contiguous() for name, value in training.average.state_dict().items()}
            _replace(self._run / KEPT, lambda path: save_file(weights, path))
        self._looks = [one for one in self._looks if one.step < found.step] + [found]
        account = json.dumps([vars(one) for one in self._looks])
        _replace(self._run / ACCOUNT, lambda path: path.write_text(account))

    def copies(self) -> bool:
        """Whether the last look found copies: the training is to end."""
        return bool(self._looks) and self._looks[-1].copies

    def take_back(self, training: Run) -> dict[str, Any]:
        """Give the training the weights of the last checkpoint that did not copy; answers with what the card keeps.

        Raises NonesuchError when the first one copied already.
        """
        good = [one for one in self._looks if not one.copies]
        if not good:
            raise NonesuchError(
                f"the pictures of step {self._looks[-1].step} are copies already: look sooner (--checkpoint-every), "
                "learn more slowly (--rate), or train on more pictures. No weights were written."
            )
        last = good[-1]
        if self.copies():
            training.average.load_state_dict(load_file(self._run / KEPT))
            training.step, training.seconds = last.step, last.seconds
            self._say(f"the weights of step {last.step} are kept, the last before that")
        return {
            "pictures": last.pictures,
            "near_copies": last.near_copies,
            "authentic": {"generated": last.authentic, "real": last.held_out},
        }


def _look(told: dict[str, Any]) -> Look:
    intervals = {name: tuple(told[name]) for name in ("interval", "held_out_interval")}
    return Look(**(told | intervals))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    write(temporary)
    temporary.replace(path)
