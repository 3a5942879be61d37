"""Templates that somebody changed: a mistake is a place and a reason, and the site that visitors see stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import synthetic
from baked import built, contents

from render.config import Gallery
from render.errors import NonesuchError
from render.resources import resource


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Two exhibits."""
    made = synthetic.gallery(tmp_path / "gallery", 2)
    pictures = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48,))
    synthetic.fill(made.folder, pictures, 2)
    return made


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resource("templates"), tmp_path / "templates"))


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ site.nothing.more }}", "has no attribute 'nothing'"),
        ("{% if %}", "Expected an expression"),
        ("{{ site.title | nofilter }}", "No filter named 'nofilter'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ site.title() }}", "TypeError: 'str' object is not callable"),
        ("{% set other = 'nowhere.html' %}{% include other %}", "there is no template 'nowhere.html'"),
    ],
)
def test_a_mistake_is_told_with_its_line(gallery: Gallery, templates: Path, mistake: str, told: str) -> None:
    """The maker would get forty lines of Jinja's own code, or half a site."""
    built(gallery, templates=templates)
    before = contents(gallery.public)
    base = templates / "base.html"
    good = base.read_text()
    base.write_text(good.replace("</body>", f"\n{mistake}</body>"))
    line = good[: good.index("</body>")].count("\n") + 2
    with pytest.raises(NonesuchError) as error:
        built(gallery, templates=templates)
    assert str(error.value).startswith(f"the template {base}, line {line}: ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert contents(gallery.public) == before
    base.write_text(good)
    assert built(gallery, templates=templates).written == []


def test_a_template_that_is_gone_or_not_text_is_named(gallery: Gallery, templates: Path) -> None:
    (templates / "macros.html").rename(templates / "elsewhere")
    with pytest.raises(NonesuchError, match=r"macros\.html, which \w+\.html names, is missing"):
        built(gallery, templates=templates)
    (templates / "macros.html").write_bytes("é".encode("latin-1"))
    with pytest.raises(NonesuchError, match=r"macros\.html is not UTF-8"):
        built(gallery, templates=templates)
