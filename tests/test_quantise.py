"""Weights in 8 bits: what would make the shipped pictures others than those that were measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from commanding import nonesuch
from tiny import tiny_weights

from render.generators import load_generator
from render.quantise import LARGEST, SCALE, TOLERANCE, dequantised, quantised
from render.training.samples import samples
from render.weights import MODEL, load_card, load_tensors


def test_a_matrix_comes_back_to_half_a_step_of_its_channel_and_again_to_itself() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(48, 96, 3, 3) * torch.logspace(-3, 1, 48).view(-1, 1, 1, 1)
    stored = quantised({"a.weight": matrix, "a.bias": torch.ones(48)})
    assert stored["a.weight"].dtype == torch.int8
    assert int(stored["a.weight"].abs().max()) == LARGEST
    assert stored["a.bias"].dtype == torch.float32  # a vector is few bytes
    back = dequantised(stored)
    assert sorted(back) == ["a.bias", "a.weight"]
    steps = matrix.flatten(1).abs().amax(dim=1) / LARGEST
    assert bool(((back["a.weight"] - matrix).flatten(1).abs().amax(dim=1) <= 0.505 * steps).all())
    assert torch.equal(dequantised(quantised(back))["a.weight"], back["a.weight"])


def test_what_8_bits_do_not_hold_stays_as_it_was() -> None:
    torch.manual_seed(0)
    peaked = torch.randn(16, 64).half()
    peaked[:, 0] = 100.0  # one large number in a row leaves the others few steps
    stored = quantised({"peaked": peaked, "zero": torch.zeros(4, 4), "table": torch.arange(6).view(2, 3)})
    back = dequantised(stored)
    assert stored["peaked"] is peaked
    assert "peaked" + SCALE not in stored
    assert not back["zero"].any()
    assert torch.equal(back["table"], torch.arange(6).view(2, 3))


def test_the_command_writes_weights_that_draw_the_same(tmp_path: Path) -> None:
    whole, out = tiny_weights(tmp_path / "tiny"), tmp_path / "small"
    told = nonesuch("weights", "quantise", whole, out)
    assert told.returncode == 0
    assert "small:" in told.stdout
    assert (out / MODEL).stat().st_size < 0.75 * (whole / MODEL).stat().st_size
    before, after = load_tensors(whole), load_tensors(out)
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert (after[name] - value.float()).norm() <= TOLERANCE * value.float().norm() + 1e-6
    assert load_card(out).sha256[MODEL] != load_card(whole).sha256[MODEL]
    pictures = [samples(load_generator(folder), 1) for folder in (whole, out)]
    assert float(np.abs(pictures[1] - pictures[0]).mean()) < 0.05 * float(pictures[0].std())


def test_a_folder_that_is_there_and_a_judge_are_refused(tmp_path: Path) -> None:
    whole = tiny_weights(tmp_path / "tiny")
    told = nonesuch("weights", "quantise", whole, whole)
    assert told.returncode == 2
    assert "exists already" in told.stderr
    told = nonesuch("weights", "quantise", "galaxy-classifier", tmp_path / "out")
    assert told.returncode == 1
    assert "only what draws or enlarges" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]
