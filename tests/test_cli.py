"""The command line as a new user meets it: real processes, exit codes, and sentences."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic

from render.config import load_gallery


def nonesuch(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "render.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom render.cli import COMMANDS, cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'diffusers', 'openai', 'pydantic', 'numpy', 'rich', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\nassert COMMANDS"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
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
    told = r"done: 3 exhibits are shown; public/: \d\d pages and 3 media files written, 0 removed, 0 kept\.\n"
    assert re.fullmatch(told, first.stdout)
    assert "bake: 3 of 3, " in first.stderr
    again = nonesuch("bake", "mine", cwd=tmp_path)
    assert again.stdout == "nothing to do: 3 exhibits are shown; public/ is up to date.\n"


def test_the_shipped_weights_are_what_their_cards_say(tmp_path: Path) -> None:
    assert nonesuch("weights", "list", cwd=tmp_path).returncode == 0
    done = nonesuch("weights", "verify", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_doctor_says_what_would_go_wrong(tmp_path: Path) -> None:
    nonesuch("new", ".", cwd=tmp_path)
    done = nonesuch("doctor", cwd=tmp_path)
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    for word in ("nonesuch", "torch", "catalogue", "MiB"):
        assert word in done.stdout
