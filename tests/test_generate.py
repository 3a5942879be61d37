"""`generate`: a script that asks for three pictures would get none, or files that do not say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from tiny import CLASSES, tiny_weights

from render.cli import cli
from render.errors import UsageError
from render.provenance import TRAINED
from render.recipe import Recipe
from render.stages.inspecting import describe

SETTINGS = """
[gallery]
title = "g"
licence = "CC-BY-4.0"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "./tiny"
count = 2
"""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generate")
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(SETTINGS)
    return folder


def generate(gallery: Path, *arguments: str) -> str:
    command = ["generate", "--collection", "galaxies", "--gallery", str(gallery), *arguments]
    done = CliRunner().invoke(cli, command, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_pictures_with_their_marks_and_recipes(gallery: Path, tmp_path: Path) -> None:
    there = sorted(path.name for path in gallery.iterdir())
    made = json.loads(generate(gallery, "--count", "2", "--seed", "7", "--out", str(tmp_path), "--json"))
    assert [(one["seed"], one["class"]) for one in made] == [(7, CLASSES[0]), (8, CLASSES[1])]
    for one in made:
        file = Path(one["picture"]["file"])
        found = describe(file.read_bytes())
        assert found is not None
        assert (found.mark.source_type, found.mark.licence) == (TRAINED, "CC-BY-4.0")
        assert found.recipe is not None
        assert found.recipe.id == Recipe.from_json(one["recipe"]).id == one["id"]
        with Image.open(file) as picture:
            assert (picture.format, *picture.size) == ("PNG", 24, 24)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 2, "nothing half-written lies beside them"
    generate(gallery, "--count", "2", "--seed", "7", "--out", str(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(path.name for path in gallery.iterdir()) == there, "no catalogue was begun"


def test_a_class_a_size_and_a_format(gallery: Path, tmp_path: Path) -> None:
    wanted = ("--class", "irregular", "--width", "64", "--format", "avif", "--count", "2", "--out", str(tmp_path))
    files = [Path(line) for line in generate(gallery, *wanted).splitlines()]
    assert len(set(files)) == 2, "two seeds that nobody named"
    for file in files:
        with Image.open(file) as picture:
            assert (picture.format, *picture.size) == ("AVIF", 64, 64)
        found = describe(file.read_bytes())
        assert found is not None
        assert found.recipe is not None
        assert found.recipe.class_name == "irregular"


def test_what_the_network_drew_as_numbers(gallery: Path, tmp_path: Path) -> None:
    """For programs that measure: a picture is stretched and cut to what a screen shows."""
    wanted = ("--seed", "7", "--space", "data", "--json", "--out", str(tmp_path))
    (made,) = json.loads(generate(gallery, *wanted))
    with np.load(made["picture"]["file"], allow_pickle=False) as held:
        data = held["data"]
        assert Recipe.from_json(json.loads(str(held["recipe"]))).id == made["id"]
        assert str(held["digital_source_type"]) == TRAINED
    assert (data.shape, data.dtype) == ((3, 24, 24), np.float32)
    assert data.min() < -1 or data.max() > 1 or not np.array_equal(data, np.round(127.5 * (data + 1)) / 127.5 - 1)
    with pytest.raises(UsageError, match="leave out --width"):
        generate(gallery, "--space", "data", "--width", "64")


def test_what_is_not_there_is_said_before_anything_is_drawn(gallery: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="no class 'iregular'; did you mean 'irregular'"):
        generate(gallery, "--class", "iregular", "--out", str(out))
    with pytest.raises(UsageError, match="no collection 'galaxy'; did you mean 'galaxies'"):
        generate(gallery, "--collection", "galaxy", "--out", str(out))
    assert not out.exists()
