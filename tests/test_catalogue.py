"""The catalogue is all that is known of a gallery: what it says must be true after any accident."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from render.catalogue import Catalogue, Exhibit, Known, Medium, changing, gallery_lock
from render.catalogue.database import file_system, migrate
from render.catalogue.schema import MIGRATIONS, VERSION
from render.errors import NonesuchError
from render.recipe import Keyframe, Recipe, Walk

RECIPE = Recipe(family="flow", weights="ab" * 32, seed=0, sampler="heun", steps=12, guidance=1.5, size=96)

ROOT = Path(__file__).resolve().parent.parent


def exhibit(ordinal: int, **more) -> Exhibit:
    recipe = replace(RECIPE, seed=1000 + ordinal, class_name="spiral_late")
    return Exhibit(recipe, "galaxies", ordinal, asked="spiral_late", made_at="2026-11-21T00:00:00Z", **more)


def files(name: str) -> list[Medium]:
    return [
        Medium("image", "avif", width, width, f"{name[:2]}/{name}{width}.avif", 1000 + width, name * 2)
        for width in (192, 384)
    ]


def fill(catalogue: Catalogue, count: int, start: int = 0) -> list[str]:
    ids = []
    for ordinal in range(start, start + count):
        one = exhibit(ordinal)
        catalogue.rendered(one, files(one.id))
        catalogue.classified(one.id, "spiral_late", {"probabilities": {"spiral_late": 0.9}}, {"axis_ratio": 0.5})
        ids.append(one.id)
    return ids


def finish(catalogue: Catalogue, ids: list[str]) -> None:
    for identity in ids:
        catalogue.checked(identity, {"near_copy": False})
        catalogue.captioned(identity, {"title": "A"})
    catalogue.give_numbers("galaxies")
    catalogue.show(ids)


def by_id(catalogue: Catalogue, identity: str) -> Exhibit:
    return next(one for one, _ in catalogue.exhibits() if one.id == identity)


def sound(catalogue: Catalogue) -> bool:
    """What SQLite itself says of the file."""
    found = catalogue.db.execute("PRAGMA integrity_check").fetchall()
    return [row[0] for row in found] == ["ok"] and not catalogue.db.execute("PRAGMA foreign_key_check").fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite"


def test_an_exhibit_comes_back_as_it_was_kept(path):
    walk = replace(RECIPE, kind="walk", walk=Walk("great-circle", 8, (Keyframe(1), Keyframe(2))))
    still = exhibit(3, batch_shape=[8, 3, 96, 96], versions={"torch": "2"}, seconds=1.5, display={"colour": "#000"})
    moving = Exhibit(walk, "galaxies", 3)
    with Catalogue(path, write=True) as catalogue:
        run = catalogue.begin_run()
        catalogue.rendered(replace(still, run=run), files(still.id))
        catalogue.rendered(moving, [])
        catalogue.end_run(run, {"render": {"seconds": 2.0, "items": 2}})
    with Catalogue(path) as catalogue:
        assert by_id(catalogue, still.id) == replace(still, run=run)
        assert by_id(catalogue, moving.id) == moving
        assert catalogue.media(still.id) == files(still.id)
        assert [e.id for e, _ in catalogue.exhibits(kind="walk")] == [moving.id]
        assert catalogue.runs()[0].ledger == {"render": {"seconds": 2.0, "items": 2}}
        assert sound(catalogue)


def test_the_way_of_an_exhibit_to_the_site(path):
    with Catalogue(path, write=True) as catalogue:
        ids = fill(catalogue, 4)
        assert catalogue.waiting("classify") == 0
        assert [e.id for e, _ in catalogue.pending("evidence")] == ids
        catalogue.checked(
            ids[0], {"near_copy": False}, [Medium("neighbour", "avif", 96, 96, "aa/a.avif", 1, "0", n) for n in (0, 1)]
        )
        catalogue.checked(ids[1], {"near_copy": True}, near_copy="too near to PGC0000001")
        catalogue.checked(ids[3], {"near_copy": False})
        assert catalogue.give_numbers("galaxies") == 2
        for e, media in catalogue.pending("caption"):
            catalogue.captioned(e.id, {"title": e.id, "files": len(media)})
        catalogue.show([ids[0], ids[3]])
        shown = list(catalogue.in_order("galaxies"))
        assert [(e.id, e.number, e.state) for e, _ in shown] == [(ids[0], 1, "shown"), (ids[3], 2, "shown")]
        assert [m.role for m in shown[0][1]] == ["image", "image", "neighbour", "neighbour"]
        assert by_id(catalogue, ids[1]).reason == "too near to PGC0000001"
        assert catalogue.counts() == {
            ("galaxies", "image", "near-copy"): 1,
            ("galaxies", "image", "rendered"): 1,
            ("galaxies", "image", "shown"): 2,
        }
        assert next(catalogue.known("galaxies")) == Known(ids[0], "galaxies", "image", 0, "shown", 1, 1)
        assert catalogue.numbered("galaxies", 2).id == ids[3]


def test_numbers_are_never_reused(path):
    with Catalogue(path, write=True) as catalogue:
        ids = fill(catalogue, 3)
        finish(catalogue, ids)
        catalogue.removed(ids[2], "the maker did not like it")
        more = fill(catalogue, 1, start=3)
        finish(catalogue, more)
        assert by_id(catalogue, more[0]).number == 4
        tomb = by_id(catalogue, ids[2])
        assert (tomb.number, tomb.state, tomb.texts, catalogue.media(ids[2])) == (3, "removed", None, [])
        with pytest.raises(NonesuchError, match="not by deleting"):
            catalogue.forget(ids[2])
        with pytest.raises(sqlite3.IntegrityError, match="never changes"):
            catalogue.db.execute("UPDATE exhibits SET number = 9 WHERE id = ?", (ids[0],))
        with pytest.raises(NonesuchError, match="refuses"):  # shown without a number
            catalogue.show(fill(catalogue, 1, start=4))


def test_the_next_version_of_a_walk_takes_over_its_number_and_at_once_its_place(path):
    """Between two versions nobody may find the address empty, nor another walk there."""
    recipes = [
        replace(RECIPE, kind="walk", walk=Walk("great-circle", 8, (Keyframe(1), Keyframe(n)))) for n in (2, 3, 4)
    ]
    old, new, another = (Exhibit(recipe, "galaxies", n, slug="loop") for n, recipe in enumerate(recipes))
    with Catalogue(path, write=True) as catalogue:
        catalogue.rendered(old, files(old.id))
        catalogue.give_numbers("galaxies", "walk", unchecked=True)
        catalogue.show([old.id])
        catalogue.rendered(new, files(new.id))
        catalogue.succeeded(old.id, new.id, "another guidance")
        catalogue.rendered(another, files(another.id))
        catalogue.give_numbers("galaxies", "walk", unchecked=True)
        rows = [(one.number, one.state, one.files) for one in catalogue.known()]
        assert rows == [(None, "retired", False), (1, "shown", True), (2, "rendered", True)]
        assert catalogue.waiting("caption") == 2


def test_one_recipe_is_one_exhibit_and_a_failure_can_be_mended(path):
    with Catalogue(path, write=True) as catalogue:
        one = exhibit(0)
        catalogue.failed(one.recipe, "galaxies", 0, "out of memory", attempts=3)
        assert by_id(catalogue, one.id).attempts == 3
        catalogue.rendered(one, files(one.id))
        assert by_id(catalogue, one.id).state == "rendered"
        with pytest.raises(NonesuchError, match="already has exhibit"):
            catalogue.rendered(one, files(one.id))
        with pytest.raises(NonesuchError, match="refuses"):
            catalogue.rendered(replace(exhibit(1), ordinal=0), [])
        assert [k.ordinal for k in catalogue.known()] == [0]


def test_a_change_is_whole_or_not_at_all(path):
    with Catalogue(path, write=True) as catalogue:
        broken = [*files("cd" * 10), replace(files("cd" * 10)[0], role="gif", key=None)]
        with pytest.raises(NonesuchError, match="refuses"):
            catalogue.rendered(exhibit(0), broken)
        fill(catalogue, 1, start=1)
    with Catalogue(path) as catalogue:
        assert [k.ordinal for k in catalogue.known()] == [1]
        assert len(list(catalogue.media_keys())) == 2


def test_an_exhibit_whose_files_were_lost_is_made_again_under_its_number(path):
    with Catalogue(path, write=True) as catalogue:
        (identity,) = ids = fill(catalogue, 1)
        finish(catalogue, ids)
        catalogue.lost(identity)
        (known,) = catalogue.known()
        assert (known.lost, known.counts, known.number) == (True, False, 1)
        assert [list(catalogue.pending(stage)) for stage in ("classify", "evidence", "caption", "show")] == [[]] * 4
        catalogue.rendered(exhibit(0, pixel_hash="77"), files("ef" * 10))
        again = by_id(catalogue, identity)
        assert (again.pixel_hash, again.number, again.state, again.texts) == ("77", 1, "rendered", None)
        assert catalogue.owners(files("ef" * 10)[0].key) == [identity]
        with pytest.raises(NonesuchError, match="already has"):
            catalogue.rendered(exhibit(0), files("ab" * 10))


def test_commits_are_grouped_by_count_and_by_time(path, monkeypatch):
    with Catalogue(path, write=True) as catalogue:
        for ordinal in range(65):
            catalogue.rendered(exhibit(ordinal), [])
        with Catalogue(path) as reader:
            assert sum(reader.counts().values()) == 64
        catalogue.tick()
        with Catalogue(path) as reader:
            assert sum(reader.counts().values()) == 64, "two seconds have not passed"
        monkeypatch.setattr(changing, "SECONDS", 0.0)
        catalogue.tick()
        with Catalogue(path) as reader:
            assert sum(reader.counts().values()) == 65


KILLED = """
import os, signal
from pathlib import Path
from tests.test_catalogue import exhibit, files
from render.catalogue import Catalogue
catalogue = Catalogue(Path({path!r}), write=True)
for ordinal in range({start}, 10_000):
    one = exhibit(ordinal)
    catalogue.rendered(one, files(one.id))
    if ordinal - {start} == 100:
        print("ready", flush=True)
"""


def test_a_killed_writer_loses_at_most_its_open_group(path):
    before = 0
    for _ in range(3):
        code = KILLED.format(path=str(path), start=before)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        with Catalogue(path) as reader:
            known = [k.ordinal for k in reader.known()]
        assert known == list(range(len(known)))
        assert len(known) >= before + 64
        with Catalogue(path, write=True) as catalogue:
            assert sound(catalogue)
            assert all(len(media) == 2 for _, media in catalogue.exhibits())
        before = len(known)


def test_two_writers(path):
    code = f"""
from pathlib import Path
from render.catalogue import Catalogue
Catalogue(Path({str(path)!r}), write=True)
"""
    with Catalogue(path, write=True) as catalogue:
        fill(catalogue, 1)
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert "another nonesuch command is working on the gallery" in other.stderr
        with gallery_lock(path.parent):  # the same process may take it again
            pass
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert other.returncode != 0
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_reading_changes_nothing_and_needs_no_lock(path):
    with pytest.raises(NonesuchError, match="nonesuch make"):
        Catalogue(path)
    with Catalogue(path, write=True) as catalogue:
        finish(catalogue, fill(catalogue, 2))
    before = {p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()}
    with gallery_lock(path.parent), Catalogue(path) as reader:
        assert len(list(reader.in_order("galaxies"))) == 2
        with pytest.raises(NonesuchError, match="reading only"):
            reader.captioned("x", {})
    assert {p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()} == before


def test_reading_goes_on_beside_a_writer(path):
    with Catalogue(path, write=True) as catalogue:
        fill(catalogue, 10)
        catalogue.commit()
        with Catalogue(path) as reader:
            rows = reader.exhibits()
            next(rows)
            fill(catalogue, 70, start=10)
            assert len(list(rows)) == 9


def test_a_newer_catalogue_is_refused_and_left_alone(path):
    with Catalogue(path, write=True) as catalogue:
        catalogue.db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(NonesuchError, match="newer nonesuch"):
            Catalogue(path, write=write)
    assert path.read_bytes() == before
    with gallery_lock(path.parent):
        pass


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 50, "other"])
def test_files_of_others_are_refused(path, content):
    if content == "other":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE bookmarks (x)")
        db.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    for write in (True, False):
        with pytest.raises(NonesuchError):
            Catalogue(path, write=write)
    assert path.read_bytes() == before


def test_a_migration_is_applied_whole_or_not_at_all(path):
    Catalogue(path, write=True).close()
    db = sqlite3.connect(path, isolation_level=None)
    broken = (*MIGRATIONS, "CREATE TABLE extra (x); CREATE TABLE extra (x);")
    with pytest.raises(sqlite3.Error):
        migrate(db, broken)
    assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").fetchone() == (0,)
    migrate(db, (*MIGRATIONS, "CREATE TABLE extra (x);"))
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    db.close()


def test_a_catalogue_of_the_first_version_keeps_its_exhibits_and_their_files(path):
    """The table of exhibits is written anew, and the files' rows refer to it: a mistake would empty a site."""
    old, (image, film) = sqlite3.connect(path, isolation_level=None), (exhibit(0), exhibit(1))
    migrate(old, MIGRATIONS[:1])
    for one, kind, state in ((image, "image", "shown"), (film, "walk", "removed")):
        values = (one.id, kind, one.ordinal, state, one.recipe.canonical().decode())
        columns = "id, collection, kind, ordinal, number, state, recipe"
        old.execute(f"INSERT INTO exhibits ({columns}) VALUES (?, 'galaxies', ?, ?, 1, ?, ?)", values)
    old.execute("INSERT INTO media VALUES (?, 'image', 0, 192, 192, 'avif', 'ab/c.avif', 7, 'abc')", (image.id,))
    old.close()
    with Catalogue(path, write=True) as catalogue:
        assert [(one.id, one.number, one.state, one.slug) for one in catalogue.known()] == [
            (image.id, 1, "shown", None),
            (film.id, 1, "removed", None),
        ]
        assert [medium.key for medium in catalogue.media(image.id)] == ["ab/c.avif"]
        assert catalogue.db.execute("PRAGMA foreign_key_check").fetchall() == []
        with pytest.raises(NonesuchError, match="a number never changes"):
            catalogue.succeeded(image.id, film.id, "only walks pass their numbers on")
        with pytest.raises(NonesuchError, match="that has a number"):
            catalogue.forget(image.id)


def test_a_network_file_system_is_refused(path, tmp_path, monkeypatch):
    """The log needs shared memory between processes, which NFS does not give: better no catalogue than a broken one."""
    mounts = tmp_path / "mountinfo"
    folder = os.path.realpath(tmp_path).replace(" ", "\\040")
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda rw\n"
        f"45 22 0:40 / {folder} rw - nfs4 server:/home rw\n"
        f"46 45 0:41 / {folder}/local\\040disk rw master:2 - xfs /dev/sdb rw\n"
    )
    assert file_system(tmp_path, mounts) == "nfs4"
    assert file_system(tmp_path / "local disk" / "x", mounts) == "xfs"
    assert file_system(Path("/"), mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "none") is None
    monkeypatch.setattr("render.catalogue.database.file_system", lambda folder: "fuse.sshfs")
    with pytest.raises(NonesuchError, match="network file system"):
        Catalogue(path, write=True)
    assert not path.exists()
