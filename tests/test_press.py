"""Pages rendered by several processes: the same site, and no harm when one of them dies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from baked import built, contents

from render.bake import press
from render.bake.pages import Page, Pages
from render.bake.press import Job, Press
from render.config import Gallery
from render.errors import NonesuchError


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers from the fifth page on, even on one core: sixty exhibits are then enough to meet them."""
    monkeypatch.setattr(press, "INLINE", 4)
    monkeypatch.setattr(press, "CHUNK", 3)
    monkeypatch.setattr(press, "cores", lambda: 2)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "line.html").write_text("{{ 12 // number }}", encoding="utf-8")
    return folder


def jobs(folder: Path, count: int) -> Iterator[Job]:
    return (Job(Page("line.html", {"number": n}), str(folder / str(n)), None) for n in range(1, count + 1))


def test_helpers_make_the_same_site(gallery: Gallery, monkeypatch: pytest.MonkeyPatch, early: None) -> None:
    """A site that depended on the number of cores would be rewritten by every other machine."""
    with monkeypatch.context() as patch:
        patch.setattr(press, "cores", lambda: 1)
        alone = built(gallery)
    expected = contents(gallery.public)
    shutil.rmtree(gallery.public)
    shutil.rmtree(gallery.folder / ".nonesuch")
    together = built(gallery)
    assert contents(gallery.public) == expected
    assert sorted(together.written) == sorted(alone.written)
    assert built(gallery).written == []


def test_a_helper_that_dies_loses_no_page(templates: Path, early: None) -> None:
    with Press(Pages(templates)) as taken:
        made = []
        for number, job in enumerate(jobs(templates, 40)):
            made += taken.put(job)
            if number == 20:
                taken._helpers[0]._process.kill()
        made += taken.rest()
    assert len(made) == 40
    assert [(templates / str(n)).read_text() for n in range(1, 41)] == [str(12 // n) for n in range(1, 41)]


def press_all(folder: Path, wanted: list[Job]) -> None:
    with Press(Pages(folder)) as taken:
        for job in wanted:
            list(taken.put(job))
        list(taken.rest())


def test_a_mistake_that_a_helper_meets_is_told_with_its_line(templates: Path, early: None) -> None:
    wrong = Job(Page("line.html", {"number": 0}), str(templates / "0"), None)
    with pytest.raises(NonesuchError, match=r"line\.html, line 1: ZeroDivision"):
        press_all(templates, [*jobs(templates, 10), wrong])
