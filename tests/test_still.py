"""Nothing changed: what a person would lose if a command said so and it was not so, or if it took long to say."""

from __future__ import annotations

import itertools
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic import spiral

from render.bake import record
from render.bake.outputs import Outputs, Rank
from render.bake.pages import Pages
from render.bake.press import Press
from render.catalogue import Catalogue
from render.cli import run
from render.config import load_gallery
from render.importing import memory
from render.importing.memory import Memory, unchanged
from render.resources import PACKAGE, resource
from render.still import TICK, still
from render.still import imported as stage

SETTINGS = """
[gallery]
title = "Sea"
[[folder]]
slug = "sea"
title = "wave"
pictures = "../sea"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 1
[bake]
sky = false
"""
NEVER = ("pydantic", "jinja2", "numpy", "PIL", "rich", "render.config", "render.bake", "render.stages")
FRESH = itertools.count(100)
ASKED = """
import sys
import tracemalloc
from render.cli import run
code = run(sys.argv[1:])
print("loaded:", [name for name in {never} if name in sys.modules])
sys.exit(code)
"""
TOLD = """
import json, os, sys
seen = []
sys.addaudithook(lambda event, found: seen.append(found[0]) if event in ("open", "os.listdir", "os.scandir") else None)
from render.cli import run
run(["bake", sys.argv[1]])
json.dump(sorted({os.path.abspath(os.fsdecode(one)) for one in seen if isinstance(one, (str, bytes))}), sys.stderr)
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, one of them twice, and what is none; imported, with a theme and a page of the maker's."""
    root = tmp_path_factory.mktemp("still") / "sea"
    root.mkdir()
    for seed in range(8):
        spiral(seed).resize((96, 64)).save(root / f"{seed}.png")
    (root / "copy.png").write_bytes((root / "1.png").read_bytes())
    (root / "notes.txt").write_text("buy milk")
    home = root.parent / "g"
    home.mkdir()
    (home / "gallery.toml").write_text(SETTINGS)
    (home / "theme").mkdir()
    (home / "theme" / "style.css").write_text(":root { --accent: #abc }\n")
    (home / "pages").mkdir()
    (home / "pages" / "imprint.md").write_text("# Imprint\n")
    assert imported(root) == 0
    return root


def imported(pictures: Path) -> int:
    """Once what changed is older than the clock of files is coarse: what changed just now is looked at again."""
    time.sleep(2 * TICK / 1e9)
    return run(["import", str(pictures), str(pictures.parent / "g")])


def same(pictures: Path) -> bool:
    """Whether a command would say that nothing changed."""
    home = pictures.parent / "g"
    return any(still(home, stage(one.slug)) is not None for one in unchanged(str(home), str(pictures)))


def forged(path: Path, text: bytes) -> None:
    """Other bytes of the same length, and the times that the file had."""
    state = path.stat()
    assert len(text) == state.st_size
    path.write_bytes(text)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_it_is_said_without_loading_what_bakes(pictures: Path) -> None:
    """Every look at an unchanged gallery would cost what starting the whole program costs."""
    home = str(pictures.parent / "g")
    code = ASKED.format(never=NEVER)
    for words in (["import", str(pictures), home], ["bake", home]):
        # not from the checkout: there Python would take its `render` for the installed one that baked
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=home, capture_output=True, text=True, check=True
        )
        assert "nothing to do: 8 exhibits are shown; public/ is up to date." in done.stdout
        assert "loaded: []" in done.stdout
    words = [sys.executable, "-m", "render.cli", "import", str(pictures), home]
    told = subprocess.run(words, cwd=home, capture_output=True)
    assert b"sea: 0 new, 8 as before, 0 gone, 2 not shown." in told.stdout
    assert b"not shown: copy.png: it is the same picture as 1.png." in told.stderr


def newer(pictures: Path) -> None:
    spiral(next(FRESH)).resize((96, 64)).save(pictures / "2.png")


def test_a_changed_picture_rewrites_its_declared_files(pictures: Path) -> None:
    """Hosts would be sent the whole site again, or the picture that was withdrawn would stay on it."""
    public = pictures.parent / "g" / "public"

    def states() -> dict[str, tuple[int, int]]:
        found = (path for path in public.rglob("*") if path.is_file())
        return {str(path.relative_to(public)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    def title(number: int) -> str:
        return str(json.loads((public / f"api/v1/sea/{number}.json").read_text()).get("title"))

    with Catalogue(pictures.parent / "g" / "catalogue.sqlite") as catalogue:
        shown = sorted(one.number or 0 for one in catalogue.known("sea") if one.state == "shown")
        new = catalogue.last("sea", "image")[1] + 1
    place = next(place for place, number in enumerate(shown) if title(number) == "2")
    pages = "|".join(map(str, {*shown[max(0, place - 1) : place + 2], shown[-1], new}))  # and whose next or last it was
    before = states()
    newer(pictures)
    assert imported(pictures) == 0
    after = states()
    allowed = (
        rf"sea/({pages})\.html",
        rf"(sea|api/v1/sea)/({shown[place]}|{new})\.(jpg|json)",  # a number that shows nothing keeps a picture
        r"api/v1/(sea/)?(index|shards/0)\.json",
        r"data/sea/(index|(shard|traits)-000\.\w+)\.json",
        r"(sea/)?index\.html|sea/gallery/index\.html|404\.html|sea/\d+-preview\.jpg",  # as the first hundred fill
        r"media/../\w+\.(avif|jpg)",
    )
    written = [path for path, state in after.items() if before.get(path) != state]
    assert all(any(re.fullmatch(pattern, path) for pattern in allowed) for path in written), written
    assert {f"sea/{new}.html", f"sea/{shown[place]}.html"} <= set(written)
    with sqlite3.connect(pictures.parent / "g" / "catalogue.sqlite") as db:
        named = {key for (key,) in db.execute("SELECT key FROM media")}
    assert {path.removeprefix("media/") for path in after if path.startswith("media/")} == named  # no stale one left


def row(pictures: Path) -> None:
    with Catalogue(pictures.parent / "g" / "catalogue.sqlite", write=True) as catalogue:
        one = next(catalogue.known("sea"))
        catalogue.captioned(one.id, {"title": "another title", "alt": "a wave", "author": "import"})


def medium(pictures: Path) -> None:
    next((pictures.parent / "g" / "public" / "media").rglob("*.avif")).unlink()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a changed picture": newer,
    "a picture of the same size and time": lambda root: forged(
        root / "3.png", (root / "3.png").read_bytes()[:-1] + b"\x83"
    ),
    "a further picture": lambda root: spiral(12).save(root / "12.png"),
    "a picture less": lambda root: (root / "12.png").unlink(),
    "a renamed picture": lambda root: (root / "0.png").rename(root / "zero.png"),
    "a setting": lambda root: (root.parent / "g" / "gallery.toml").write_text(SETTINGS + "page_size = 24\n"),
    "a row of the catalogue": row,
    "a style": lambda root: (root.parent / "g" / "theme" / "style.css").write_text(":root { --accent: #fed }\n"),
    "a style of the same size and time": lambda root: forged(
        root.parent / "g" / "theme" / "style.css", b":root { --accent: #123 }\n"
    ),
    "a template": lambda root: (root.parent / "g" / "theme" / "gone.html").write_text(
        "{% extends 'shipped/gone.html' %}"
    ),
    "a page": lambda root: (root.parent / "g" / "pages" / "more.md").write_text("# More\n"),
    "a decision": lambda root: (root.parent / "g" / "curation.toml").write_text(
        '[[exhibition]]\nslug = "hall"\ntitle = "Hall"\n'
    ),
    "a deleted page": lambda root: (root.parent / "g" / "public" / "sea" / "2.html").unlink(),
    "an edited page": lambda root: (root.parent / "g" / "public" / "index.html").write_text("mine"),
    "a deleted medium": medium,
    "a stray file": lambda root: (root.parent / "g" / "public" / "sea" / "stray.html").write_text("stray"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_seen_and_baked(pictures: Path, what: str) -> None:
    """A site that silently stays old is worse than a slow bake: of others, sigal never sees a changed picture."""
    assert same(pictures)
    CHANGES[what](pictures)
    assert not same(pictures), what
    assert imported(pictures) == 0
    public = pictures.parent / "g" / "public"
    assert not (public / "sea" / "stray.html").exists()
    assert (public / "sea" / "2.html").is_file()
    assert (public / "index.html").read_text() != "mine"
    assert same(pictures)


def test_a_site_whose_bake_was_cut_off_is_not_whole(pictures: Path) -> None:
    """Half a change would stay half, and every command would call it done."""
    db = sqlite3.connect(pictures.parent / "g" / ".nonesuch" / "bake.sqlite")
    db.execute("INSERT INTO stale VALUES ('sea/none.html')")
    db.commit()
    assert not same(pictures)
    db.execute("DELETE FROM stale")
    db.commit()
    db.close()
    assert same(pictures)


def test_a_catalogue_that_is_being_written_is_not_at_rest(pictures: Path) -> None:
    """Beside a command that works, another would say that there is nothing to do."""
    with Catalogue(pictures.parent / "g" / "catalogue.sqlite", write=True) as catalogue:
        one = next(catalogue.known("sea"))
        catalogue.captioned(one.id, {"title": "a third title", "alt": "a wave", "author": "import"})
        catalogue.commit()
        assert not same(pictures)
    assert not same(pictures)
    assert imported(pictures) == 0


def test_whatever_a_bake_opens_is_looked_at(pictures: Path) -> None:
    """A file that a page is made of, and that nobody looks at, could change unseen."""
    home = pictures.parent / "g"
    (home / "theme" / "style.css").write_text(":root { --accent: #456 }\n")
    done = subprocess.run([sys.executable, "-c", TOLD, str(home)], cwd=home, capture_output=True, text=True, check=True)
    opened = [Path(one) for one in json.loads(done.stderr[done.stderr.index("[") :])]
    with sqlite3.connect(home / ".nonesuch" / "bake.sqlite") as db:
        looked = {Path(path) for (path,) in db.execute("SELECT path FROM looked")}
    ours = (home, PACKAGE, resource("templates"), resource("site"), resource("weights"), resource("labs"))
    kept = [home / name for name in ("public", ".nonesuch", ".nonesuch.lock", "store", "catalogue.sqlite")]
    read = [one for one in opened if any(one.is_relative_to(place) for place in ours)]
    read = [one for one in read if not any(one.is_relative_to(place) for place in kept)]
    missing = [one for one in read if one not in looked and one != home and one.parent.name != "__pycache__"]
    assert len(read) > 50
    assert not missing
    assert load_gallery(home).file in looked


def test_memory_does_not_grow_with_the_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gallery of a hundred thousand would not fit where one of a thousand does."""
    monkeypatch.setattr(record, "BATCH", 50)
    monkeypatch.setattr(memory, "BATCH", 50)

    def peak(count: int) -> int:
        offered(count)
        tracemalloc.start()
        offered(count)  # once more, with all of it known
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def offered(count: int) -> None:
        folder = tmp_path / str(count)
        with Press(Pages(folder), 1) as press, Outputs(folder / "public", folder / "state", press) as out:
            for number in range(count):
                out.offer(f"sea/{number}.html", Rank.PAGE, b"key %d" % number, bytes)
            out.finish(["sea"])
        (folder / "pictures").mkdir(exist_ok=True)
        for number in range(count if not (folder / "pictures/0.png").exists() else 0):
            (folder / f"pictures/{number}.png").touch()
        with Memory(folder / "state" / "import.sqlite", "key") as seen:
            seen.look(str(folder / "pictures"))
            for found in seen.found():
                seen.note(found, "sha", seen.first(f"exhibit {found.path}", found.path))
            seen.keep(str(folder / "pictures"), "sea")

    peak(10)  # whatever is loaded once
    assert peak(1600) < peak(400) + 40_000  # the paths alone would be some 100,000 bytes more


def test_another_installation_bakes_again(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who upgrades into a new environment would keep the old program's site, for its files stand as they did."""
    if not same(pictures):
        assert imported(pictures) == 0
    assert same(pictures)
    monkeypatch.setattr("render.still.__file__", "/another/place/render/still.py")
    assert still(pictures.parent / "g", "atlas") is None
