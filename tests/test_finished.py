"""Weights whose settings were changed draw other pictures: their recipes must not go by the same name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tiny import tiny_weights

from render.errors import NonesuchError
from render.finished import finish, settings_hash
from render.generators import load_generator
from render.training.browser import _tensors
from render.weights import BROWSER, MODEL, load_card, save_card, weights_hash


def test_other_settings_make_other_weights(tmp_path: Path) -> None:
    folder = tiny_weights(tmp_path / "tiny")
    tensors, before, card = load_file(folder / MODEL), weights_hash(folder), load_card(folder)
    touched = card.model_copy(update={"network": card.network | {"peaks": {"width": 0.8, "above": 2.5, "by": 0.3}}})
    finish(folder, touched)
    save_card(folder, touched)
    assert weights_hash(folder) != before
    assert settings_hash(load_card(folder)) == settings_hash(touched), "as it was before it was written and read"
    assert load_file(folder / MODEL).keys() == tensors.keys()
    assert all(value.equal(tensors[name]) for name, value in load_file(folder / MODEL).items())
    first = (folder / MODEL).read_bytes()
    finish(folder, touched)
    assert (folder / MODEL).read_bytes() == first, "the same settings make the same file"


def test_a_browsers_graph_finds_each_tensor_in_a_file_that_carries_its_settings(tmp_path: Path) -> None:
    folder = tiny_weights(tmp_path / "tiny")
    finish(folder, load_card(folder))
    raw, tensors = (folder / MODEL).read_bytes(), load_file(folder / MODEL)
    start, places = _tensors(raw, "")
    assert places.keys() == tensors.keys()
    for name, (first, last) in places.items():
        assert raw[start + first : start + last] == tensors[name].numpy().tobytes()


def test_what_is_told_of_a_picture_is_no_setting(tmp_path: Path) -> None:
    folder = tiny_weights(tmp_path / "tiny")
    finish(folder, load_card(folder))
    card = load_card(folder).model_copy(update={"name": "other", "quality": {"grain": {"generated": 1.0}}})
    save_card(folder, card)
    assert load_generator(folder).card.name == "other"


def test_a_card_with_other_settings_is_refused(tmp_path: Path) -> None:
    folder = tiny_weights(tmp_path / "tiny")
    finish(folder, load_card(folder))
    card = load_card(folder)
    save_card(folder, card.model_copy(update={"network": card.network | {"colour": 0.7}}))
    with pytest.raises(NonesuchError, match=r"are not those that model.safetensors was finished with"):
        load_generator(folder)


def test_a_browser_finds_the_tensors_where_they_lie_now(tmp_path: Path) -> None:
    folder = tiny_weights(tmp_path / "tiny")
    raw = (folder / MODEL).read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    (folder / BROWSER).write_text(json.dumps({"weights": {"start": start, "bytes": 400}}))
    finish(folder, load_card(folder))
    told = json.loads((folder / BROWSER).read_text())["weights"]
    assert told["start"] != start
    assert (folder / MODEL).read_bytes()[told["start"] :][: told["bytes"]] == raw[start:][:400]
