"""The stages together: weights that come late, copies that are left out, files that are lost, walks that fail."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from devices import NoWalks
from PIL import Image
from tiny import CLASSES, LEARNED_FROM, LOOP, tiny_classifier, tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue, Exhibit
from render.config import Gallery, load_gallery
from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.errors import NonesuchError, UsageError
from render.evidence import Evidence, build_reference
from render.media import Store
from render.noise import Floats
from render.provenance import read_mark
from render.resources import resource
from render.stages import Outcome, make
from render.stages.keeping import check, mend, remove
from render.stages.report import Report
from render.stages.status import status
from render.stages.sweeping import collect
from render.weights import load_card, save_card

SETTINGS = tiny_gallery(count=6, judged=True)


WHOSE = (("A survey; Smith & Jones", "CC0"), ("Another survey", "CC-BY"))


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Six exhibits wanted; no classifier and no detector yet."""
    tiny_weights(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(SETTINGS)
    return load_gallery(tmp_path)


def made(gallery: Gallery) -> Outcome:
    return make(gallery, Report())


def exhibits(gallery: Gallery, *states: str) -> list[Exhibit]:
    with Catalogue(gallery.folder / FILE) as catalogue:
        return [exhibit for exhibit, _ in catalogue.exhibits(states=states)]


def files(gallery: Gallery, number: int) -> list[Path]:
    store = Store(gallery.store_path)
    with Catalogue(gallery.folder / FILE) as catalogue:
        exhibit = catalogue.numbered("galaxies", number)
        assert exhibit is not None
        return [store.path(medium.key) for medium in catalogue.media(exhibit.id)]


def detector_that_knows(gallery: Gallery, numbers: Sequence[int], folder: Path) -> None:
    """The shipped copy detector with a reference set of a gallery's own exhibits, so that they are copies of it."""
    known = folder.with_name("known")
    known.mkdir()
    pictures = [next(p for p in files(gallery, number) if p.suffix == ".png") for number in numbers]
    np.save(known / "images.npy", np.stack([np.asarray(Image.open(p).convert("RGB")) for p in pictures]))
    rows = []
    for row, number in enumerate(numbers):
        credit, licence = WHOSE[row % 2]
        rows.append(f"{number}.png,made,,{3 + row},{licence},{credit}")
    (known / "index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    network = Evidence.load(resource("weights") / "galaxy-copydetector").network
    card = build_reference(known, folder, network, threshold=2.0, planted=3)  # the same agree by 3.7, others by 0.4
    known_as_theirs = card.training.model_copy(update={"pictures_sha256": LEARNED_FROM})
    save_card(folder, card.model_copy(update={"training": known_as_theirs}))


def test_what_a_detector_does_not_know_is_shown_as_not_checked(gallery: Gallery, tmp_path: Path) -> None:
    made(gallery)
    detector_that_knows(gallery, [2, 5], tmp_path / "detector")
    card = load_card(tmp_path / "detector")
    others = card.training.model_copy(update={"pictures_sha256": "8" * 64})
    save_card(tmp_path / "detector", card.model_copy(update={"training": others}))
    outcome = made(gallery)
    assert (outcome.exit_code, outcome.shown) == (0, 6)
    assert [one.evidence for one in exhibits(gallery, "shown")] == [None] * 6
    assert "Not checked" in (tmp_path / "public/galaxies/2.html").read_text()
    assert "were not compared" in (tmp_path / "public/about/index.html").read_text()


def test_a_classifier_that_comes_late_looks_at_what_is_shown(gallery: Gallery, tmp_path: Path) -> None:
    assert made(gallery).exit_code == 0
    before = exhibits(gallery, "shown")
    assert [one.found for one in before] == [None] * 6
    tiny_classifier(tmp_path / "classifier")
    assert made(gallery).exit_code == 0
    after = exhibits(gallery, "shown")
    assert all(one.found in CLASSES for one in after)
    assert [one.number for one in after] == [one.number for one in before]
    assert all(one.texts for one in after), "captions are written anew, now that there is a class to speak of"
    assert [one.texts for one in after] != [one.texts for one in before]


@pytest.mark.slow
def test_copies_found_late_leave_the_site_and_others_take_their_place(gallery: Gallery, tmp_path: Path) -> None:
    made(gallery)
    detector_that_knows(gallery, [2, 5], tmp_path / "detector")
    outcome = made(gallery)
    assert (outcome.exit_code, outcome.shown) == (0, 6)
    assert [one.number for one in exhibits(gallery, "removed")] == [2, 5]
    assert all("near-copy" in (one.reason or "") for one in exhibits(gallery, "removed"))
    assert [one.number for one in exhibits(gallery, "shown")] == [1, 3, 4, 6, 7, 8]
    assert "NONESUCH 2 is not on show" in (tmp_path / "public/galaxies/2.html").read_text()


def test_a_real_picture_s_file_names_its_own_licence(gallery: Gallery, tmp_path: Path) -> None:
    """Pictures of several surveys would be published without the terms under which they may be."""
    made(gallery)
    detector_that_knows(gallery, [1, 2, 3], tmp_path / "detector")
    made(gallery)
    store, told = Store(gallery.store_path), set()
    with Catalogue(gallery.folder / FILE) as catalogue:
        for _, media in catalogue.exhibits(states=["shown"]):
            marks = [read_mark(store.read(medium.key)) for medium in media if medium.role == "neighbour"]
            assert len(marks) == 3
            told |= {(mark.credit, mark.licence) for mark in marks if mark}
    assert told == set(WHOSE)


@pytest.mark.slow
def test_near_copies_are_replaced_before_anything_is_shown(gallery: Gallery, tmp_path: Path) -> None:
    made(gallery)
    detector_that_knows(gallery, [1, 2, 3], tmp_path / "detector")
    again = tmp_path / "again"
    again.mkdir()
    for name in ("tiny", "detector"):
        (again / name).symlink_to(tmp_path / name)
    (again / "gallery.toml").write_text(SETTINGS)
    fresh = load_gallery(again)
    outcome = made(fresh)
    assert (outcome.exit_code, outcome.shown) == (0, 6)
    assert [one.ordinal for one in exhibits(fresh, "near-copy")] == [0, 1, 2]
    assert [(one.ordinal, one.number) for one in exhibits(fresh, "shown")] == [(n + 3, n + 1) for n in range(6)]


def test_a_collection_can_keep_only_what_is_found_as_it_was_asked_for(gallery: Gallery, tmp_path: Path) -> None:
    """Its pages would show galaxies of another kind than was asked for, or numbers with holes."""
    wanted = 'found = "as asked"\nclasses = ["irregular", "elliptical"]\ncount = 3'
    (tmp_path / "gallery.toml").write_text(SETTINGS.replace("count = 6", wanted))
    with pytest.raises(NonesuchError, match=r"found: there are no weights './classifier' to find classes with"):
        load_gallery(tmp_path)
    tiny_classifier(tmp_path / "classifier")
    card = load_card(tmp_path / "classifier")
    sure = card.network | {"bias": [50.0 * (name == "elliptical") for name in CLASSES]}
    save_card(tmp_path / "classifier", card.model_copy(update={"network": sure}))
    fresh = load_gallery(tmp_path)
    outcome = made(fresh)
    assert (outcome.exit_code, outcome.shown) == (0, 3)
    shown = exhibits(fresh, "shown")
    assert [(one.number, one.ordinal, one.asked, one.found) for one in shown] == [
        (number, 2 * number - 1, "elliptical", "elliptical") for number in (1, 2, 3)
    ]
    others = exhibits(fresh, "other-class")
    assert [one.ordinal for one in others] == [0, 2, 4]
    assert {one.reason for one in others} == {"asked for irregular, found elliptical"}
    assert status(fresh).rows[0][2:] == (3, 3, 3, 0)
    assert collect(fresh, delete=False).count > 0, "files of what nobody sees can be swept up"


@pytest.mark.slow
def test_damage_is_named_and_mended_under_the_same_numbers(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "gallery.toml").write_text(SETTINGS + LOOP)
    gallery = load_gallery(tmp_path)
    made(gallery)
    whole = {p: p.read_bytes() for p in sorted((tmp_path / "public").rglob("*")) if p.is_file()}
    gone, damaged = files(gallery, 3)[0], files(gallery, 4)[1]
    film = next(p for p in gallery.store_path.rglob("*.gif"))
    gone.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
    film.unlink()
    told = "\n".join(check(gallery))
    for path in (gone, damaged, film):
        assert path.name in told
    assert not gone.exists(), "check writes nothing"
    assert len(mend(gallery)) == 3
    assert sum("made again" in sentence for sentence in check(gallery)) == 3
    assert made(gallery).exit_code == 0
    assert check(gallery) == []
    assert {p: p.read_bytes() for p in whole} == whole, "the same recipes give the same site"


def test_a_walk_that_failed_is_lacking_until_it_is_made(gallery: Gallery, tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(SETTINGS + LOOP)
    gallery = load_gallery(tmp_path)
    first = make(gallery, Report(), make_executor=lambda g, folders: NoWalks(folders, batch=4))
    assert first.exit_code == 3
    assert "no films here" in first.aside[0]
    assert made(gallery).exit_code == 3, "nothing to do, and yet something lacks"
    (_, kind, wanted, shown, _, failed) = status(gallery).rows[1]
    assert (kind, wanted, shown, failed) == ("walk", 1, 0, 1)
    assert any("no films here" in reason for reason in status(gallery).reasons)
    assert any("tried again" in sentence for sentence in mend(gallery))
    assert made(gallery).exit_code == 0
    assert status(gallery).reasons == []


@pytest.mark.slow
def test_a_walk_of_yesterday_does_not_stand_for_one_that_failed_today(gallery: Gallery, tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(SETTINGS + LOOP)
    assert made(load_gallery(tmp_path)).exit_code == 0
    (tmp_path / "gallery.toml").write_text(SETTINGS + LOOP.replace("seed = 2", "seed = 3"))
    changed = load_gallery(tmp_path)
    make(changed, Report(), make_executor=lambda g, folders: NoWalks(folders, batch=4))
    assert made(changed).exit_code == 3
    mend(changed)
    assert made(changed).exit_code == 0


class NoPictures(LocalExecutor):
    """A device on which everything fails."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        raise ValueError("no pictures here")


def test_what_failed_when_it_was_to_be_made_again_keeps_its_number(gallery: Gallery) -> None:
    made(gallery)
    files(gallery, 3)[0].unlink()
    mend(gallery)
    assert make(gallery, Report(), make_executor=lambda g, folders: NoPictures(folders, batch=4)).exit_code == 3
    assert any("tried again" in sentence for sentence in mend(gallery))
    assert made(gallery).exit_code == 0
    assert 3 in [one.number for one in exhibits(gallery, "shown")]
    assert check(gallery) == []


def test_what_was_lost_and_is_no_longer_wanted_leaves_a_tombstone(gallery: Gallery, tmp_path: Path) -> None:
    """Otherwise `check` would for ever ask for a picture that no run makes."""
    made(gallery)
    files(gallery, 3)[0].unlink()
    (tmp_path / "gallery.toml").write_text(SETTINGS.replace("count = 6", "count = 6\nguidance = 2.0"))
    changed = load_gallery(tmp_path)
    mend(changed)
    assert made(changed).exit_code == 0
    assert [(one.number, one.state) for one in exhibits(changed, "removed")] == [(3, "removed")]
    assert [one.number for one in exhibits(changed, "shown")] == [1, 2, 4, 5, 6, 7]
    assert check(changed) == []


def test_what_is_removed_leaves_files_that_are_no_damage(gallery: Gallery) -> None:
    made(gallery)
    remove(gallery, "galaxies", [2], "dull")
    assert check(gallery) == []
    found = collect(gallery, delete=False)
    assert found.count >= 4
    assert found.size > 0
    collect(gallery, delete=True)
    assert collect(gallery, delete=False).count == 0
    assert made(gallery).exit_code == 0
    assert [one.number for one in exhibits(gallery, "shown")] == [1, 3, 4, 5, 6, 7]


def test_files_of_another_gallery_in_the_same_store_are_never_swept_up(gallery: Gallery, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine, other):
        shutil.copytree(tmp_path / "tiny", folder / "tiny")
        text = SETTINGS.replace("count = 6", "count = 2") + '[store]\nlocation = "../store"\n'
        (folder / "gallery.toml").write_text(text.replace('title = "', f'title = "{folder.name} '))
    galleries = [load_gallery(folder) for folder in (mine, other)]
    for one in galleries:
        made(one)
    remove(galleries[0], "galaxies", [2], "dull")
    before = sorted((tmp_path / "store").rglob("*"))
    with pytest.raises(UsageError, match="also used by 'other"):
        collect(galleries[0], delete=True)
    assert "also used by 'other" in collect(galleries[0], delete=False).kept
    assert collect(galleries[0], delete=True, others=[galleries[1]]).count == 0, "the other gallery shows them"
    assert sorted((tmp_path / "store").rglob("*")) == before
    assert str(tmp_path) not in "".join(path.read_text() for path in (tmp_path / "store" / "galleries").iterdir())
    assert collect(galleries[0], delete=True, alone=True).count > 0


class NoThird(LocalExecutor):
    """A device on which the picture of seed 2 fails."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        if any(frame.a.seed == 2 for frame in frames):
            raise ValueError("not this one")
        return super().pictures(frames)


def test_what_is_tried_again_does_not_take_the_place_of_what_was_lost(gallery: Gallery, tmp_path: Path) -> None:
    """`check --mend` promises number 4 again; a tombstone would break the links to it."""
    first = make(gallery, Report(), make_executor=lambda g, folders: NoThird(folders, batch=1))
    assert first.exit_code == 3, "something was set aside"
    assert [one.ordinal for one in exhibits(gallery, "failed")] == [2]
    assert len(exhibits(gallery, "shown")) == 6
    files(gallery, 4)[0].unlink()
    assert any("made again" in sentence for sentence in mend(gallery))
    assert made(gallery).exit_code == 0
    assert [one.number for one in exhibits(gallery, "shown")] == [1, 2, 3, 4, 5, 6]
    files(gallery, 4)[0].unlink()
    mend(gallery)
    (tmp_path / "gallery.toml").write_text(SETTINGS.replace("count = 6", "count = 3"))
    assert made(load_gallery(tmp_path)).exit_code == 0
    assert len(exhibits(gallery, "shown")) == 6, "a smaller count takes nothing away"
