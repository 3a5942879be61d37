"""Several machines make one gallery: shares that are drawn apart and joined give the site that one machine gives."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from killing import public
from tiny import LOOP, tiny_gallery, tiny_weights

from render.captions.paid import Answer, Batch, Paid
from render.catalogue import Catalogue
from render.cli import cli
from render.config import Gallery, load_gallery, read_curation
from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.engine.shares import Share
from render.errors import UsageError
from render.noise import Floats
from render.stages import Outcome, Wish, make
from render.stages.merging import Merged, merge
from render.stages.report import Report

SETTINGS = tiny_gallery(count=5)
CURSED = 3


class Unlucky(LocalExecutor):
    """A device on which one seed fails, whichever machine draws it."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        if any(frame.a.seed == CURSED and frame.a.kind == "image" for frame in frames):
            raise ValueError("a pixel stood on its head")
        return super().pictures(frames)


def unlucky(gallery: Gallery, folders: Mapping[str, Path]) -> Unlucky:
    return Unlucky(folders, batch=4)


def made(folder: Path, share: str | None = None) -> Outcome:
    wish = Wish(share=Share.parse(share)) if share else None
    return make(load_gallery(folder), Report(), make_executor=unlucky, wish=wish)


def rows(folder: Path) -> dict[str, tuple[str, int, str, int | None]]:
    with Catalogue(folder / "catalogue.sqlite") as catalogue:
        return {one.id: (one.kind, one.ordinal, one.state, one.number) for one in catalogue.known()}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery that nobody has drawn of."""
    folder = tmp_path_factory.mktemp("many") / "start"
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def drawn(start: Path) -> list[Path]:
    """Two machines' folders, each with its share."""
    folders = [start.with_name(f"machine-{number}") for number in (1, 2)]
    for number, folder in enumerate(folders, 1):
        shutil.copytree(start, folder)
        made(folder, f"{number}/2")
    return folders


def test_a_night_that_two_machines_split_ends_with_the_site_of_one(
    start: Path, drawn: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    alone, together = tmp_path / "alone", tmp_path / "together"
    shutil.copytree(start, alone)
    shutil.copytree(start, together)
    assert made(alone).exit_code == 3  # one was set aside, and a further seed took its place
    assert rows(drawn[0]).keys().isdisjoint(rows(drawn[1])), "nothing is drawn twice"
    assert all(number is None for folder in drawn for *_, number in rows(folder).values())
    assert made(drawn[0], "1/2").made == 0, "a share ends; further seeds are for the whole gallery"
    with pytest.raises(UsageError, match="holds share 1/2"):
        made(drawn[0])

    joined = merge(load_gallery(together), [load_gallery(folder) for folder in drawn])
    assert sum(one.new for one in joined.galleries) == 5
    again = merge(load_gallery(together), [load_gallery(folder) for folder in drawn])
    assert sum(one.new for one in again.galleries) == 0, "a merge may be run again"
    assert made(together).exit_code == 0

    assert rows(together) == rows(alone), "the same exhibits, with the same numbers"
    assert pictures(together) == pictures(alone)


def pictures(folder: Path) -> set[str]:
    """Media are named by their content: the same names are the same pictures."""
    return {name for name in public(folder) if name.startswith("media/")}


def test_galleries_that_contradict_each_other_are_refused_and_nothing_is_written(
    start: Path, drawn: list[Path], tmp_path: Path
) -> None:
    whole, other = tmp_path / "whole", tmp_path / "other"
    shutil.copytree(start, whole)
    shutil.copytree(drawn[1], other)
    (whole / "gallery.toml").write_text(SETTINGS.replace("count = 5", 'count = 2\nseeds = "100-"'))
    made(whole)
    before = rows(whole)
    refused = CliRunner().invoke(cli, ["merge", str(whole), str(drawn[1])], standalone_mode=False)
    assert "their settings, or the galleries that they began with, are not the same" in str(refused.exception)
    assert rows(whole) == before
    lock = other / "gallery.lock"
    lock.write_text(lock.read_text().replace('"./tiny" = "', '"./tiny" = "00')[:-4] + '"\n')
    with pytest.raises(UsageError, match="cannot be one gallery"):
        merge(load_gallery(drawn[0]), [load_gallery(other)])
    with pytest.raises(UsageError, match="is named twice"):
        merge(load_gallery(drawn[0]), [load_gallery(drawn[0])])
    with pytest.raises(UsageError, match="holds share 2/2 already"):
        made(drawn[1], "1/2")
    for wrong in ("0/2", "3/2", "2", "2/4/6", "1/2000"):
        with pytest.raises(UsageError, match="is no share"):
            Share.parse(wrong)


def test_what_was_decided_and_paid_for_comes_along_and_contradictions_are_refused(
    start: Path, drawn: list[Path], tmp_path: Path
) -> None:
    whole, others = tmp_path / "whole", [tmp_path / name for name in ("one", "two")]
    shutil.copytree(start, whole)
    for folder, other in zip(drawn, others, strict=True):
        shutil.copytree(folder, other)
    first, second = (sorted(rows(folder))[0] for folder in others)

    def decide(folder: Path, text: str) -> None:
        (folder / "curation.toml").write_text(text, encoding="utf-8")

    def join() -> Merged:
        return merge(load_gallery(whole), [load_gallery(other) for other in others])

    show = '[[exhibition]]\nslug = "show"\ntitle = "Show"\nexhibits = [{}]\n'
    whose = f'[exhibit.{first}]\nstar = true\npin = true\ntitle = "Mine"\nnote = "bright"\n'
    decide(others[0], whose + show.format(repr(first)))
    for text, told in (
        (f"[exhibit.{first}]\nhidden = true\n", "has a star in one of"),
        (f'[exhibit.{first}]\ntitle = "Yours"\n', "has another title in"),
        (f'[exhibit.{first}]\nnote = "dull"\n', "has another note in"),
        (f"[exhibit.{second}]\npin = true\n", "begins with one exhibit in .* and with another in"),
        (show.format(repr(second)), "the exhibition 'show' of"),
    ):
        decide(others[1], text)
        with pytest.raises(UsageError, match=told):
            join()
        assert not rows(whole), "nothing is written"
    decide(others[1], "")
    with closing(Paid(others[1] / "captions.sqlite")) as paid:
        paid.begin_batch(Batch("b1", None, 10, 0.0), [("q" * 8, second)])
        with pytest.raises(UsageError, match="a batch of questions is under way in"):
            join()
        assert not rows(whole), "its answers would be paid for and never come"
        paid.end_batch("b1", "completed")
    decide(others[1], f'[exhibit.{second}]\ntitle = "Mine"\n{show.format(f"{first!r}, {second!r}")}')
    for other, price in zip(others, (0.25, 0.5), strict=True):
        with closing(Paid(other / "captions.sqlite")) as paid:
            paid.keep("q" * 8, first, Answer(f"answer for {price}", "model", 10, 5), price)
            paid.keep(f"of {other.name}", second, Answer("another", "model", 10, 5), 0.125)
    done = join()
    assert (done.decisions, done.answers) == (True, 4)
    curation = read_curation(whole)
    assert curation.of(first).star
    assert curation.of(second).title == "Mine"
    assert [one.exhibits for one in curation.exhibitions] == [[first, second]]
    with closing(Paid(whole / "captions.sqlite")) as paid:
        assert paid.answered("q" * 8) == "answer for 0.25", "the first answer to a question stays"
        assert paid.answered("of two") == "another"
        assert paid.spent().cost == 1.0, "all money that was spent counts"
    again = join()
    assert (again.decisions, again.answers) == (False, 0)


def test_plan_says_what_each_machine_would_draw(start: Path, tmp_path: Path) -> None:
    folder = tmp_path / "walking"
    shutil.copytree(start, folder)
    (folder / "gallery.toml").write_text(SETTINGS.replace("count = 5", "count = 12") + LOOP)
    said = CliRunner().invoke(cli, ["plan", str(folder), "--shards", "2"], catch_exceptions=False).output
    assert "1/2: 2 images of galaxies, 1 walk of galaxies; 10 pictures to draw" in said
    assert "2/2: 10 images of galaxies; 10 pictures to draw" in said
    assert "--shard K/2" in said
