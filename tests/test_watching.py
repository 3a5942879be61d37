"""A watched training: it ends before it copies, and goes on while it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from blobs import ABOUT, TINY, pictures_of, prepared_blobs
from PIL import Image
from safetensors.torch import load_file
from scipy.ndimage import gaussian_filter
from tiny import drawn_roughly

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.flow import FlowGenerator
from render.plausibility.watching import CHANCE, Watch, by_chance
from render.training.dataset import TEST_FOLD, TrainingSet
from render.training.flow import FlowTraining
from render.training.shipping import card_of
from render.weights import Card, find_weights


@pytest.fixture(scope="module", autouse=True)
def _roughly() -> Iterator[None]:
    with drawn_roughly():  # nothing below is about how good pictures look
        yield


@pytest.fixture
def each(tmp_path: Path) -> Path:
    """A set in which no picture is like another."""
    (tmp_path / "each").mkdir()
    folder = prepared_blobs(tmp_path / "each")
    coarse = np.random.default_rng(0).integers(0, 255, (40, 6, 6, 3), dtype=np.uint8)
    fine = [np.asarray(Image.fromarray(one).resize((24, 24), Image.Resampling.BICUBIC)) for one in coarse]
    np.save(folder / "images.npy", np.stack(fine))
    return folder


class Watched:
    """A training under a real watch with the detector that ships; `draws` puts pictures in its generator's place."""

    def __init__(self, folder: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.run, self.said = folder, run, list[str]()
        self.pictures = pictures_of(folder).data.astype(np.float32)
        self.training = FlowTraining(pictures_of(folder), run, TINY)
        self.card = card_of(self.training, TrainingSet.open(folder), DisplayMapping(), ABOUT)
        self._monkeypatch, self._honest = monkeypatch, FlowTraining.generator
        self.watch = self.begun()

    def begun(self) -> Watch:
        detector = find_weights("galaxy-copydetector")
        return Watch(TrainingSet.open(self.folder), DisplayMapping(), detector, self.run, 16, self.said.append)

    def draws(self, shown: np.ndarray) -> None:
        def generator(training: FlowTraining, card: Card) -> FlowGenerator:
            made, rest = self._honest(training, card), iter(torch.from_numpy(shown.astype(np.float32)))
            self._monkeypatch.setattr(made, "images", lambda _, noise: torch.stack([next(rest) for _ in noise]))
            return made

        self._monkeypatch.setattr(FlowTraining, "generator", generator)

    def look(self) -> str:
        """The verdict of a look at the next step."""
        self.training.advance()
        self.watch.look(self.training, self.card)
        return self.said[-1].partition("; ")[2]


@pytest.mark.slow
def test_a_watched_training_ends_before_it_copies(each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs a copy of somebody's picture as "does not exist" has the trouble, and never knew."""
    watched = Watched(each, tmp_path, monkeypatch)
    assert watched.look() == "no sign of copying"
    good = load_file(tmp_path / "watched.safetensors")
    turned = watched.pictures[:16, :, ::-1].transpose(0, 1, 3, 2) * 0.9 - 0.1  # by heart, a quarter circle further
    noise = np.random.default_rng(1).standard_normal(turned.shape)
    watched.draws(np.concatenate([turned[:3], noise[3:]]))
    assert watched.look() == "no sign of copying", "three of sixteen are hardly more than luck has"
    watched.draws(turned)
    assert watched.look() == "it begins to copy"
    again = watched.begun()
    assert again.copies(), "a run that was killed here does not go on"
    told = again.take_back(watched.training)
    assert (told["near_copies"], watched.training.step) == (0, 1), "with hindsight the three were copies too"
    assert 3 / 16 <= told["by_chance"] < 1 / 2
    average = watched.training.average.state_dict()
    assert all(torch.equal(value, good[name]) for name, value in average.items())
    (tmp_path / "watched.json").unlink()
    late = watched.begun()
    late.look(watched.training, watched.card)
    with pytest.raises(NonesuchError, match="copies already"):
        late.take_back(watched.training)


@pytest.mark.slow
def test_a_watched_training_goes_on_while_its_pictures_are_unformed_or_new(
    each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins from weights of something else would get the noise of the first checkpoint for a model."""
    watched, random = Watched(each, tmp_path, monkeypatch), np.random.default_rng(1)
    noise = random.standard_normal((16, 3, 24, 24))
    mean = watched.pictures.mean(axis=0)
    held_out = TrainingSet.open(each).images[TrainingSet.open(each).folds == TEST_FOLD]
    unseen = np.stack([DisplayMapping().to_data(one) for one in held_out])
    for shown in (
        noise,
        gaussian_filter(noise, (0, 0, 2, 2)) * 4 - 0.5,  # blur
        np.repeat(np.repeat(noise[..., ::4, ::4], 4, axis=2), 4, axis=3),  # what a network begins with, cell by cell
        mean + noise / 10,
        gaussian_filter(watched.pictures[:16], (0, 0, 6, 6)),  # the light of training pictures, and no shape
        np.resize(unseen, (16, 3, 24, 24)),
    ):
        watched.draws(shown)
        assert watched.look() == "no sign of copying", watched.said[-1]


@pytest.mark.parametrize(("drawn", "real", "above"), [(16, 36, 1), (64, 160, 1), (64, 512, 5)])
def test_chance_alone_seldom_ends_a_training(drawn: int, real: int, above: int) -> None:
    """Where pictures are like real ones, every look is a lottery: one in a hundred may lose, and hardly fewer do."""
    order = np.random.default_rng(0).random((20_000, drawn + real))
    bar = np.sort(order[:, drawn:], axis=1)[:, -1 - above]
    found = (order[:, :drawn] > bar[:, None]).sum(axis=1)
    allowed = by_chance(drawn, real, above)
    spread = 3 * (CHANCE / len(order)) ** 0.5  # three standard deviations of a share that rare
    assert (found > allowed).mean() < CHANCE + spread
    assert (found >= allowed).mean() > CHANCE - spread


def test_a_set_of_one_fold_cannot_be_watched(each: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = each / "index.csv"
    index.write_text(re.sub(r",\d,", ",3,", index.read_text()))
    with pytest.raises(NonesuchError, match="0 pictures can be compared"):
        Watched(each, tmp_path, monkeypatch)
