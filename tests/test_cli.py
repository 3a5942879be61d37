"""The command line as a new user meets it: real processes, exit codes, and sentences."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic

from render.config import load_gallery
from render.doctor import examine

HERE = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
"""This code is meant, also where another version is installed."""
MINE = """
[gallery]
title = "my own"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 2
[render]
device = "{device}"
"""


def nonesuch(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "render.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=HERE, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom render.cli import COMMANDS, cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'diffusers', 'openai', 'pydantic', 'numpy', 'rich', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\nassert COMMANDS"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("demo", "make", "serve", "doctor", "train", "prepare"):
        assert f"  {name} " in done.stdout


def test_an_unknown_command_is_wrong_use_with_the_nearest_name(tmp_path: Path) -> None:
    done = nonesuch("bakee", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'bake'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_new_writes_a_gallery_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    assert nonesuch("new", "mine", cwd=tmp_path).returncode == 0
    gallery = load_gallery(tmp_path / "mine")
    assert gallery.collections[0].count >= 150
    assert len(gallery.walks) == 6
    (tmp_path / "mine/gallery.toml").write_text("# my own\n")
    again = nonesuch("new", "mine", cwd=tmp_path)
    assert again.returncode != 0
    assert (tmp_path / "mine/gallery.toml").read_text() == "# my own\n"


@pytest.mark.parametrize("command", [["new"], ["demo"]])
@pytest.mark.parametrize("folder", ["afile", "afile/inside"])
def test_a_file_where_the_gallery_should_be_is_one_sentence(tmp_path: Path, command: list[str], folder: str) -> None:
    (tmp_path / "afile").write_text("mine")
    done = nonesuch(*command, folder, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"nonesuch: {folder} cannot be the folder of a gallery")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "afile").read_text() == "mine"


@pytest.mark.parametrize("title", ["", "  ", "two\nlines"])
def test_new_refuses_a_title_that_make_would_refuse(tmp_path: Path, title: str) -> None:
    done = nonesuch("new", "mine", "--title", title, cwd=tmp_path)
    assert done.returncode == 2
    assert "title: expected" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_git_keeps_only_what_the_maker_wrote(tmp_path: Path) -> None:
    """The publishing recipe would commit a cache, or the media."""
    nonesuch("new", ".", cwd=tmp_path)
    for made in (
        "public/index.html",
        "store/ab/c.png",
        "runs/1/plan.json",
        ".nonesuch/bake.sqlite",
        "catalogue.sqlite",
    ):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    (tmp_path / ".nonesuch.lock").touch()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert sorted(listed.stdout.split()) == [
        ".github/workflows/publish.yml",
        ".gitignore",
        "gallery.toml",
        "netlify.toml",
    ]


def test_demo_says_whose_gallery_it_makes(tmp_path: Path) -> None:
    """It would spend the night on a gallery that nobody meant."""
    (tmp_path / "gallery.toml").write_text(MINE.format(device="cuda:99"))
    done = nonesuch("demo", cwd=tmp_path)
    assert "gallery.toml is there already: making 'my own' as it says" in done.stdout
    assert (tmp_path / "gallery.toml").read_text() == MINE.format(device="cuda:99")


def test_a_device_that_is_not_here_is_one_sentence(tmp_path: Path) -> None:
    """No machine has a hundredth GPU; `doctor` says the same in the evening."""
    (tmp_path / "gallery.toml").write_text(MINE.format(device="cuda:99"))
    done = nonesuch("make", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("nonesuch: the device 'cuda:99' does not work here (")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
    told = nonesuch("doctor", cwd=tmp_path)
    assert told.returncode == 1
    assert done.stderr.removeprefix("nonesuch: ").strip() in told.stdout


def test_a_sketch_that_is_no_picture_is_named(tmp_path: Path) -> None:
    """Every exhibit that it steers would be set aside, and others drawn in vain."""
    (tmp_path / "drawings").mkdir()
    (tmp_path / "drawings/ring.png").write_text("no picture")
    text = MINE.format(device="cpu").replace("count = 2", 'count = 2\nsketches = "drawings"')
    (tmp_path / "gallery.toml").write_text(text)
    done = nonesuch("make", cwd=tmp_path)
    assert done.returncode == 1
    assert "drawings/ring.png cannot be read" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["make", "status", "check", "bake", "gc"])
def test_a_folder_without_a_gallery_is_one_sentence(tmp_path: Path, name: str) -> None:
    done = nonesuch(name, "nowhere", cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4
    assert list(tmp_path.iterdir()) == []


def test_bake_says_what_it_did(tmp_path: Path) -> None:
    """A person would read that there was nothing to do beside the number of pages that were written."""
    folder = synthetic.gallery(tmp_path / "mine", 3).folder
    synthetic.fill(folder, synthetic.pictures(folder / "store", [synthetic.spiral(1)], widths=(48, 96)), 3)
    first = nonesuch("bake", "mine", cwd=tmp_path)
    told = r"done: 3 exhibits are shown; public/: \d+ pages and 3 media files written, 0 removed, 0 kept\.\n"
    assert re.fullmatch(told, first.stdout)
    assert "bake: 3 of 3, " in first.stderr
    again = nonesuch("bake", "mine", cwd=tmp_path)
    assert again.stdout == "nothing to do: 3 exhibits are shown; public/ is up to date.\n"


def test_the_shipped_weights_are_what_their_cards_say(tmp_path: Path) -> None:
    assert nonesuch("weights", "list", cwd=tmp_path).returncode == 0
    done = nonesuch("weights", "verify", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_doctor_finds_nothing_in_the_way_of_the_default_gallery(tmp_path: Path) -> None:
    nonesuch("new", ".", cwd=tmp_path)
    done = nonesuch("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Nothing in the way of a night." in done.stdout
    for word in ("nonesuch", "torch", "catalogue", "MiB"):
        assert word in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [".github", ".gitignore", "gallery.toml", "netlify.toml"]


def test_doctor_says_what_would_go_wrong(tmp_path: Path) -> None:
    text = MINE.format(device="cpu").replace("galaxy-96", "./nowhere")
    (tmp_path / "gallery.toml").write_text(text)
    done = nonesuch("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "no weights called './nowhere'" in done.stdout
    assert done.stderr == "nonesuch: 1 thing would go wrong tonight: see ✗ above.\n"


def test_doctor_looks_for_the_key_where_the_captioner_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would send the maker looking for a key that is there, or promise texts that nobody will write."""
    gallery = f'{MINE.format(device="cpu")}[captions]\nmodel = "some-model"\n'
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/gallery.toml").write_text(gallery)
    (tmp_path / "key").write_text("not-a-real-key\n")

    def captions() -> list[str]:
        return [finding.text for finding in examine(tmp_path / "mine") if finding.subject == "captions"]

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY_FILE", raising=False)
    assert "reviewed facts" in captions()[0]
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    assert captions()[0].startswith("some-model is to write them")
