"""gallery.toml: what a person would lose is the evening, to a typing error that nobody mentioned."""

from __future__ import annotations

from pathlib import Path

import pytest

from render.config import load_gallery
from render.errors import NonesuchError

GOOD = """
[gallery]
title = "nonesuch"

[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 10
"""


def refused(folder: Path, text: str) -> str:
    (folder / "gallery.toml").write_text(text)
    with pytest.raises(NonesuchError) as error:
        load_gallery(folder)
    assert error.value.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["gallery.toml"], "nothing is written"
    assert "gallery.toml" in str(error.value)
    return str(error.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(GOOD)
    assert load_gallery(tmp_path).collection("galaxies").count == 10


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("count = 10", "cuont = 10"), ["cuont", "count"]),
        (("count = 10", 'count = "ten"'), ["count"]),
        (("count = 10", "count = 0"), ["count"]),
        (("count = 10", "count = 10000000"), ["count"]),
        (('slug = "galaxies"', 'slug = "../galaxies"'), ["slug", "../galaxies"]),
        (('slug = "galaxies"', 'slug = "a/b"'), ["slug", "a/b"]),
        (('slug = "galaxies"', 'slug = "about"'), ["slug", "about"]),
        (("count = 10", 'count = 10\nsketches = "drawings"'), ["sketches", "drawings"]),
        (("count = 10", 'count = 10\nsampler = "ab3"'), ["sampler", "ab2"]),
        (("[gallery]", "[galery]"), ["galery", "gallery"]),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(tmp_path: Path, change: tuple[str, str], told: list[str]) -> None:
    message = refused(tmp_path, GOOD.replace(*change))
    assert all(word in message for word in told), message


def test_a_slug_twice_is_refused(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[collection]]") :]
    assert "galaxies" in refused(tmp_path, GOOD + again)


def test_what_is_no_toml_is_refused_with_its_place(tmp_path: Path) -> None:
    assert "line" in refused(tmp_path, GOOD + "\n[[walk\n")
