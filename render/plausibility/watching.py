"""A training that is watched: at every checkpoint it is looked whether its pictures are copies of those it learns from.

Weights that are fine-tuned on a small folder learn it by heart sooner or later. What gives a copy away is how well it
can be laid upon a picture of the training folds (its likeness, `render.evidence.register`). How well that goes without
copying is measured on real pictures, each beside the training folds that it is not in. The pictures of a generator that
copies nothing are to those like a few more of them, so chance alone decides how many have a greater likeness than
nearly all real ones: the number of exceedances, whose distribution is known exactly for however few pictures, and
whatever their likenesses are (Gumbel & von Schelling 1950, Annals of Mathematical Statistics 21, 247). Where there are
more, the training ends. The few of the checkpoints before were copies too, then: what ships are the weights of the last
one that had no more than chance has on average.

Distances between features would not do. Pictures that are not formed yet, noise and blur, lie beside the same few
training pictures all together, often nearer than real ones: the share of authentic samples falls (Alaa et al. 2022),
and tests that compare distances to the training folds with those of or to a held-out one (Meehan, Chaudhuri & Dasgupta
2020, arXiv:2004.05675) take sixty pictures of one blur for sixty witnesses. But noise cannot be laid upon anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.evidence import Evidence
from render.plausibility.judge import FIRST_SEED, reference_of
from render.training.dataset import TEST_FOLD, TrainingSet
from render.training.run import Run
from render.training.samples import drawn
from render.weights import Card

UNUSUAL = 0.01
"""The share of real pictures, at least one, that have the likeness of a near-copy: some things are in a set twice."""
CHANCE = 0.01
"""What happens more rarely than this is not called chance; a training is looked at ten times or twenty."""
FEWEST_REAL, MOST_REAL = 16, 512
"""Of the real pictures that are looked at: with fewer, chance explains too much; each takes a tenth of a second."""
KEPT, ACCOUNT, LEARNED = "watched.safetensors", "watched.json", "watched"


@dataclass(frozen=True)
class Look:
    """What one checkpoint's pictures came to. near_copies: how many of them; by_chance: up to so many may be chance,
    as `real` pictures tell; usual: what chance has on average.
    """

    step: int
    seconds: float
    pictures: int
    near_copies: int
    usual: int
    by_chance: int
    real: int

    @property
    def copies(self) -> bool:
        return self.near_copies > self.by_chance

    @property
    def harmless(self) -> bool:
        """Whether it may ship when a later one copies."""
        return self.near_copies <= self.usual

    def __str__(self) -> str:
        verdict = "it begins to copy" if self.copies else "no sign of copying"
        return (
            f"step {self.step}: {self.near_copies} of {self.pictures} pictures are near-copies, up to {self.by_chance} "
            f"may be chance (measured on {self.real} real pictures); {verdict}"
        )


def by_chance(drawn: int, real: int, above: int) -> int:
    """How many of `drawn` pictures chance lets exceed all but `above` of `real` ones.

    `found` or more do where among the `found + above` greatest of all are no more than `above` real ones.
    """

    def tail(found: int) -> float:
        greatest = found + above
        ways = sum(comb(real, of_real) * comb(drawn, greatest - of_real) for of_real in range(above + 1))
        return ways / comb(real + drawn, greatest)

    return max(found for found in range(drawn + 1) if tail(found) >= CHANCE)


def likenesses_of_real(evidence: Evidence, training_set: TrainingSet, mapping: DisplayMapping) -> list[float]:
    """Those of real pictures, each beside the training folds that it is not in; fold 1 is left in peace.

    Raises NonesuchError where there are too few.
    """
    folds, found = training_set.folds, list[float]()
    learned = torch.from_numpy(folds[training_set.training()])
    rows = np.random.default_rng(0).permutation(np.flatnonzero(folds != TEST_FOLD))[:MOST_REAL]
    for fold in np.unique(folds[rows]):
        others, own = learned != fold, np.sort(rows[folds[rows] == fold])
        if others.any():
            pictures = torch.from_numpy(training_set.data(own, mapping).astype(np.float32))
            found += [evidence.likeness(picture, others) for picture in pictures]
    if len(found) < FEWEST_REAL:
        raise NonesuchError(
            f"{training_set.folder}: {len(found)} pictures can be compared with training pictures of another fold, and "
            f"--watch needs {FEWEST_REAL}: add some, or spread them over folds (the labels' column `fold`)."
        )
    return found


class Watch:
    """Looks at one training. Its account lies in the run's folder, so that a killed run is watched on."""

    def __init__(
        self, training_set: TrainingSet, mapping: DisplayMapping, detector: Path, run: Path, pictures: int,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        """pictures: how many are drawn at a checkpoint. say: gets a line at each."""
        self._evidence = reference_of(training_set.training(), training_set, mapping, detector, run / LEARNED)
        real = likenesses_of_real(self._evidence, training_set, mapping)
        above = max(1, int(UNUSUAL * len(real)))
        self._bar, self._real = sorted(real)[-1 - above], len(real)
        self._by_chance = by_chance(pictures, len(real), above)
        self._usual = round(pictures * (above + 1) / (len(real) + 1))
        self._run, self._say, self._pictures = run, say, pictures
        account = run / ACCOUNT
        self._looks = [Look(**one) for one in json.loads(account.read_text())] if account.is_file() else []

    def look(self, training: Run, card: Card) -> None:
        """Draw and compare; keep the weights where nothing is unusual."""
        made = torch.from_numpy(drawn(training.generator(card), range(FIRST_SEED, FIRST_SEED + self._pictures)))
        near = sum(self._evidence.likeness(picture) > self._bar for picture in made)
        seconds = round(training.seconds, 1)
        found = Look(training.step, seconds, self._pictures, near, self._usual, self._by_chance, self._real)
        self._say(str(found))
        if found.harmless:
            weights = {name: value.detach().cpu().contiguous() for name, value in training.average.state_dict().items()}
            _replace(self._run / KEPT, lambda path: save_file(weights, path))
        self._looks = [one for one in self._looks if one.step < found.step] + [found]
        account = json.dumps([vars(one) for one in self._looks])
        _replace(self._run / ACCOUNT, lambda path: path.write_text(account))

    def copies(self) -> bool:
        """Whether the last look found copies: the training is to end."""
        return bool(self._looks) and self._looks[-1].copies

    def take_back(self, training: Run) -> dict[str, Any]:
        """Where it copies, give the training the weights of the last checkpoint that was harmless; answers with what
        the card keeps.

        Raises NonesuchError when none was.
        """
        last = self._looks[-1]
        if last.copies:
            harmless = [one for one in self._looks if one.harmless]
            if not harmless:
                raise NonesuchError(
                    f"the pictures of step {self._looks[0].step} are copies already: look sooner (--checkpoint-every), "
                    "learn more slowly (--rate), or train on more pictures. No weights were written."
                )
            last = harmless[-1]
            training.average.load_state_dict(load_file(self._run / KEPT))
            training.step, training.seconds = last.step, last.seconds
            self._say(f"the weights of step {last.step} are kept, the last with no more near-copies than usual")
        return {
            "pictures": last.pictures,
            "near_copies": round(last.near_copies / last.pictures, 4),
            "by_chance": round(last.by_chance / last.pictures, 4),
            "real": last.real,
        }


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    write(temporary)
    temporary.replace(path)
