"""The two-model test: a model must not be compared with pictures that it never saw, or with itself in disguise."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny import CLASSES, tiny_weights

from render.cli import cli
from render.errors import NonesuchError
from render.training.dataset import TrainingSet
from render.weights import load_card, save_card


def training_set(folder: Path, count: int = 60) -> Path:
    """Pictures of noise, in folds 1 to 5."""
    folder.mkdir()
    np.save(folder / "images.npy", np.random.default_rng(0).integers(0, 255, (count, 24, 24, 3), dtype=np.uint8))
    rows = [
        {"file": f"{i}.png", "source": "made", "label": CLASSES[i % 7], "fold": str(i % 5 + 1), "licence": "CC0"}
        | {"attribution": "a test"}
        for i in range(count)
    ]
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder


def halves(*arguments: object) -> str:
    done = CliRunner().invoke(cli, ["halves", *(str(one) for one in arguments)])
    if done.exception is not None:
        raise done.exception
    return done.output


def learned_from(folder: Path, half: Path, seed: int) -> Path:
    """Weights whose card says that they learned from that set."""
    card = load_card(tiny_weights(folder, seed=seed))
    training = card.training.model_copy(update={"pictures_sha256": TrainingSet.open(half).identity()})
    save_card(folder, card.model_copy(update={"training": training}))
    return folder


def test_two_models_are_compared_on_disjoint_halves(tmp_path: Path) -> None:
    home = training_set(tmp_path / "set")
    a, b = tmp_path / "a", tmp_path / "b"
    halves("split", home, a, b)
    sets = [TrainingSet.open(folder) for folder in (a, b)]
    files = [{half.rows[row]["file"] for row in half.training()} for half in sets]
    whole = TrainingSet.open(home)
    assert not files[0] & files[1]
    assert files[0] | files[1] == {whole.rows[row]["file"] for row in whole.training()}
    for half in sets:
        assert sum(half.folds <= 2) == sum(whole.folds <= 2), "both can be tuned and tested"
        place = {row["file"]: i for i, row in enumerate(whole.rows)}
        assert all((half.images[i] == whole.images[place[row["file"]]]).all() for i, row in enumerate(half.rows))
    one, twin = learned_from(tmp_path / "one", a, 0), learned_from(tmp_path / "twin", b, 0)
    told = halves("compare", one, twin, a, b, "--n", 14, "--out", tmp_path / "page.md")
    assert "likeness 1.00 to the other model's picture" in told, "the same network draws the same from the same seeds"
    page = (tmp_path / "page.md").read_text()
    assert "100% of the pictures are more like the other model's" in page
    assert "look at the pictures first" in page, "these two learned nothing, and agree"
    assert "(page.png)" in page
    assert (tmp_path / "page.png").stat().st_size > 5000
    with pytest.raises(NonesuchError, match="did not learn from"):
        halves("compare", twin, one, a, b)
    with pytest.raises(NonesuchError, match="the two sets share"):
        halves("compare", one, learned_from(tmp_path / "same", a, 1), a, a)
