"""Nothing changed: what a person would lose if a command said so and it was not so, or if it took long to say."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from synthetic import spiral

from render.catalogue import Catalogue
from render.cli import run
from render.config import load_gallery
from render.importing.memory import unchanged
from render.resources import PACKAGE, resource
from render.still import still

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
"""
NEVER = ("pydantic", "jinja2", "numpy", "PIL", "rich", "render.config", "render.bake", "render.stages")
ASKED = """
import sys
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
    for seed in range(4):
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
    return run(["import", str(pictures), str(pictures.parent / "g")])


def same(pictures: Path) -> bool:
    """Whether a command would say that nothing changed."""
    home = pictures.parent / "g"
    return still(home, "atlas") is not None and unchanged(str(home), str(pictures)) is not None


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
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert "nothing to do: 4 exhibits are shown; public/ is up to date." in done.stdout
        assert "loaded: []" in done.stdout
    told = subprocess.run([sys.executable, "-m", "render.cli", "import", str(pictures), home], capture_output=True)
    assert b"sea: 0 new, 4 as before, 0 gone, 2 not shown." in told.stdout
    assert b"not shown: copy.png: it is the same picture as 1.png." in told.stderr


def newer(pictures: Path) -> None:
    with Image.open(pictures / "2.png") as picture:
        turned = picture.transpose(Image.Transpose.ROTATE_180)
    turned.save(pictures / "2.png")


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
    "a further picture": lambda root: spiral(9).save(root / "9.png"),
    "a picture less": lambda root: (root / "9.png").unlink(),
    "a renamed picture": lambda root: (root / "0.png").rename(root / "zero.png"),
    "a setting": lambda root: (root.parent / "g" / "gallery.toml").write_text(
        (root.parent / "g" / "gallery.toml").read_text() + "\n[bake]\npage_size = 24\n"
    ),
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
    done = subprocess.run([sys.executable, "-c", TOLD, str(home)], capture_output=True, text=True, check=True)
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
