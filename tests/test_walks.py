"""Walks on the site are those of ``gallery.toml``: replaced, retired, taken off, and always at the same address."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from devices import NoWalks
from tiny import LOOP, tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue, Exhibit
from render.cli import run
from render.config import Gallery, load_gallery
from render.stages import Outcome, make
from render.stages.keeping import check, mend
from render.stages.report import Report
from render.stages.status import status
from render.stages.sweeping import collect

pytestmark = pytest.mark.slow  # every film is encoded three times

SETTINGS = tiny_gallery(count=2)
RING = LOOP.replace("loop", "ring").replace("seed = 2", "seed = 3")
OTHER = tiny_gallery(2, "guidance = 2.0")


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_weights(tmp_path / "tiny")
    return tmp_path


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Galleries as their first run left them, by their settings: several tests begin with the same one."""
    return {}


@pytest.fixture
def begun(evenings: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A copy of the gallery that a first run with such settings leaves."""

    def copy(text: str) -> Path:
        if text not in evenings:
            evenings[text] = tmp_path_factory.mktemp("evening")
            tiny_weights(evenings[text] / "tiny")
            assert made(evenings[text], text).exit_code == 0
        return shutil.copytree(evenings[text], tmp_path_factory.mktemp("copy") / "gallery")

    return copy


def with_settings(folder: Path, text: str) -> Gallery:
    (folder / "gallery.toml").write_text(text)
    return load_gallery(folder)


def made(folder: Path, text: str) -> Outcome:
    return make(with_settings(folder, text), Report())


def made_without_films(folder: Path, text: str) -> Outcome:
    gallery = with_settings(folder, text)
    return make(gallery, Report(), make_executor=lambda g, folders: NoWalks(folders, batch=4))


def walks(folder: Path) -> list[Exhibit]:
    with Catalogue(folder / FILE) as catalogue:
        return [exhibit for exhibit, _ in catalogue.exhibits(kind="walk")]


def pages(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "public/galaxies/walks").glob("*.html"))


def site(folder: Path) -> dict[str, bytes]:
    home = folder / "public"
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_walk_is_taken_off_by_its_number(begun: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = begun(SETTINGS + LOOP + RING)
    assert run(["rm", "--walk", "galaxies", "7", "--gallery", str(folder)]) == 2
    assert "'galaxies' has no walk 7" in capsys.readouterr().err
    assert run(["rm", "--walk", "galaxies", "1", "--gallery", str(folder), "--reason", "dull"]) == 0
    assert made(folder, SETTINGS + LOOP + RING).exit_code == 0, "its table makes none again"
    assert pages(folder) == ["2.html", "index.html"]
    assert (folder / "public/galaxies/1.html").exists(), "the image of that number is another exhibit"
    assert next((one.number, one.state, one.reason) for one in walks(folder)) == (1, "removed", "dull")
    gallery = load_gallery(folder)
    assert check(gallery) == []
    assert collect(gallery, delete=True).count > 0
    assert check(gallery) == []
    assert status(gallery).rows[1][2:4] == (1, 1)
    assert sum(status(gallery).left.values()) == 0
    assert made(folder, OTHER + LOOP).exit_code == 0
    assert {one.state for one in walks(folder)} == {"removed", "retired"}, "taken off is taken off, with any settings"


def test_a_walk_without_its_table_leaves_and_comes_back_at_its_address(begun: Callable[[str], Path]) -> None:
    folder = begun(SETTINGS + LOOP + RING)
    whole = site(folder)
    outcome = made(folder, SETTINGS + RING)
    assert (outcome.exit_code, outcome.nothing) == (0, False)
    assert pages(folder) == ["2.html", "index.html"]
    gone = next(one for one in walks(folder) if one.state == "retired")
    assert (gone.number, gone.slug, gone.reason) == (1, "loop", "gallery.toml no longer asks for this walk")
    gallery = load_gallery(folder)
    assert check(gallery) == []
    collect(gallery, delete=True)
    assert made(folder, SETTINGS + RING).nothing
    assert made(folder, SETTINGS + LOOP + RING).exit_code == 0
    assert site(folder) == whole


def test_another_guidance_replaces_a_walk_at_its_address(begun: Callable[[str], Path]) -> None:
    folder = begun(SETTINGS + LOOP)
    whole = site(folder)
    assert made(folder, OTHER + LOOP).exit_code == 0
    assert pages(folder) == ["1.html", "index.html"]
    old, new = walks(folder)
    assert (old.number, old.state, old.reason) == (
        None,
        "retired",
        "gallery.toml asks for another version of this walk",
    )
    assert (new.number, new.state, new.recipe.guidance) == (1, "shown", 2.0)
    changed = site(folder)
    assert {name for name in whole if changed.get(name) == whole[name]} >= {"galaxies/1.html", "galaxies/2.html"}
    assert made(folder, OTHER + LOOP).nothing
    assert made(folder, SETTINGS + LOOP).exit_code == 0
    assert site(folder) == whole, "and back"
    assert made(folder, SETTINGS + LOOP + RING).exit_code == 0
    assert pages(folder) == ["1.html", "2.html", "index.html"]


def test_the_old_version_stays_until_the_new_one_is_made(begun: Callable[[str], Path]) -> None:
    folder = begun(SETTINGS + LOOP)
    whole = site(folder)
    assert made_without_films(folder, OTHER + LOOP).exit_code == 3
    assert site(folder) == whole
    mend(load_gallery(folder))
    assert made(folder, OTHER + LOOP).exit_code == 0
    assert [(one.number, one.state) for one in walks(folder)] == [(None, "retired"), (1, "shown")]


def test_a_walk_of_another_name_is_still_that_walk(begun: Callable[[str], Path]) -> None:
    folder = begun(SETTINGS + LOOP)
    assert status(with_settings(folder, SETTINGS + LOOP.replace('"loop"', '"round"'))).left["render"] == 0
    made(folder, SETTINGS + LOOP.replace('"loop"', '"round"'))
    assert [(one.slug, one.number, one.state) for one in walks(folder)] == [("round", 1, "shown")]
    made(folder, OTHER + LOOP.replace('"loop"', '"round"'))
    assert [(one.number, one.state) for one in walks(folder)] == [(None, "retired"), (1, "shown")]


def test_another_speed_is_another_film_of_the_same_walk(begun: Callable[[str], Path]) -> None:
    folder = begun(SETTINGS + LOOP)
    whole, (before,) = site(folder), walks(folder)
    slow = LOOP + "fps = 8\n"
    assert made_without_films(folder, SETTINGS + slow).exit_code == 3
    assert site(folder) == whole, "a film that cannot be made takes nothing away"
    assert status(load_gallery(folder)).left == {"render": 1, "classify": 0, "evidence": 0, "caption": 0, "show": 0}
    assert made(folder, SETTINGS + slow).exit_code == 0
    (after,) = walks(folder)
    assert (after.id, after.number, after.state, after.texts) == (before.id, 1, "shown", before.texts)
    assert "8 a second" in (folder / "public/galaxies/walks/1.html").read_text()
    films = list((folder / "public/media").rglob("*.mp4"))
    assert {path.name for path in films}.isdisjoint(Path(name).name for name in whole)
    assert [_seconds(path) for path in films] == pytest.approx([1.0] * len(films), abs=0.05)
    assert check(load_gallery(folder)) == []
    assert made(folder, SETTINGS + slow).nothing


def _seconds(film: Path) -> float:
    import imageio_ffmpeg

    return float(imageio_ffmpeg.count_frames_and_secs(str(film))[1])


def test_what_is_drawn_and_not_shown_is_left_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who drew in the evening and reads "Nothing is left" would publish a site without the night's pictures."""
    gallery = with_settings(folder, SETTINGS + LOOP)
    assert status(gallery).left == {"render": 3, "classify": 0, "evidence": 0, "caption": 3, "show": 3}
    make(gallery, Report(), stages=["render"])
    assert status(gallery).left == {"render": 0, "classify": 0, "evidence": 0, "caption": 3, "show": 3}
    assert run(["status", str(folder)]) == 0
    assert "Left: 3 to caption, 3 to show; nothing was timed yet." in capsys.readouterr().out
    judged = with_settings(folder, (SETTINGS + LOOP).replace('"./none"', '"galaxy-classifier"', 1))
    assert status(judged).left == {"render": 0, "classify": 2, "evidence": 0, "caption": 3, "show": 3}
    assert made(folder, SETTINGS + LOOP).exit_code == 0
    assert sum(status(gallery).left.values()) == 0
    assert run(["status", str(folder)]) == 0
    assert "Nothing is left to make." in capsys.readouterr().out


def test_a_retired_number_takes_no_other_walk_with_it(
    begun: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Number 1 was a loop of yesterday; the live walk that has its name today would go from the site for good."""
    folder = begun(SETTINGS + LOOP + RING)
    named = SETTINGS + RING.replace('"ring"', '"loop"\ntitle = "Around"')
    made(folder, named)
    assert [(one.slug, one.number, one.state) for one in walks(folder)] == [
        ("loop", 1, "retired"),
        ("loop", 2, "shown"),
    ]
    assert run(["rm", "--walk", "galaxies", "1", "--gallery", str(folder)]) == 2
    assert "walk 1 of 'galaxies' is already off the site" in capsys.readouterr().err
    assert made(folder, named).nothing
    assert pages(folder) == ["2.html", "index.html"]


def test_a_page_has_the_title_of_its_own_table(folder: Path) -> None:
    """Two loops through the same seeds are told apart by their names."""
    longer = LOOP.replace('"loop"', '"long"\ntitle = "The long way"').replace("frames = 8", "frames = 10")
    made(folder, SETTINGS + LOOP.replace('"loop"', '"loop"\ntitle = "The short way"') + longer)
    for number, title in ((1, "The short way"), (2, "The long way")):
        assert f"<title>{title}" in (folder / f"public/galaxies/walks/{number}.html").read_text()


THERE = LOOP.replace('"galaxies"', '"others"')
BOTH = SETTINGS.replace(
    "[render]", '[[collection]]\nslug = "others"\ntitle = "other"\nweights = "./tiny"\ncount = 1\n[render]'
)


def test_a_walk_goes_to_another_collection_and_comes_back(begun: Callable[[str], Path]) -> None:
    """No run would ever be complete, and the film that is there would be neither here nor there."""
    folder = begun(BOTH + LOOP + RING)
    whole = site(folder)
    left = status(with_settings(folder, BOTH + THERE + RING)).left
    assert (left["render"], left["show"]) == (0, 1), "its film is there"
    assert made(folder, BOTH + THERE + RING).exit_code == 0
    assert pages(folder) == ["2.html", "index.html"]
    assert (folder / "public/others/walks/1.html").exists()
    assert check(load_gallery(folder)) == []
    assert made(folder, BOTH + THERE + RING).nothing
    collect(load_gallery(folder), delete=True)
    more = RING.replace("ring", "more").replace("seed = 3", "seed = 4")
    assert made(folder, BOTH + THERE + RING + more).exit_code == 0
    assert pages(folder) == ["2.html", "3.html", "index.html"], "number 1 was given once"
    assert made(folder, BOTH + LOOP + RING).exit_code == 0
    assert site(folder) == whole
    assert made(folder, BOTH + THERE + RING).exit_code == 0
    assert (folder / "public/others/walks/1.html").exists(), "and there again, at its address"


def test_a_new_version_keeps_the_number_of_one_that_moved(begun: Callable[[str], Path]) -> None:
    folder = begun(BOTH + LOOP + RING)
    changed = LOOP.replace("seed = 2", "seed = 5")
    assert made(folder, BOTH + THERE + changed + RING).exit_code == 0
    assert pages(folder) == ["1.html", "2.html", "index.html"]
    shown = [(one.collection, one.slug, one.number) for one in walks(folder) if one.state == "shown"]
    assert sorted(shown) == [("galaxies", "loop", 1), ("galaxies", "ring", 2), ("others", "loop", 1)]


def test_a_retired_walk_is_made_in_another_collection_and_one_taken_off_is_not(folder: Path) -> None:
    made(folder, BOTH + LOOP)
    made(folder, BOTH)
    assert made(folder, BOTH + THERE).exit_code == 0
    assert (folder / "public/others/walks/1.html").exists()
    assert run(["rm", "--walk", "others", "1", "--gallery", str(folder)]) == 0
    assert made(folder, BOTH + LOOP).exit_code == 0
    assert not (folder / "public/galaxies/walks").exists()
