"""The built distribution: without these, `pip install` could leave a person without pages or weights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from tiny import tiny_weights

import render

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("bake", "serve", "cli", "config", "catalogue", "captions", "weights", "importing", "publish")
TORCH_FREE = [f"render.{name}" for name in PARTS]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """The output of a command that has to succeed."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, env=env, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def build(source: Path, target: Path, kind: str, env: dict[str, str] | None = None) -> Path:
    """The wheel or sdist that hatchling makes of ``source``."""
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target, cwd=source, env=env)
    (made,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a clean environment outside the checkout that has the wheel.

    The dependencies (gigabytes with torch) are lent from the environment of the tests: they come after its own packages
    on the path, so `render` is the wheel's.
    """
    home = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    scheme = {"base": str(home / "venv"), "platbase": str(home / "venv")}
    python = Path(sysconfig.get_path("scripts", "venv", scheme), "python")
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home)
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_the_wheel_carries_pages_site_weights_and_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("render/py.typed", "render/_data/templates/base.html", "render/_data/site/manifest.json"):
        assert name in names
    assert [name for name in names if name.startswith("render/_data/weights/")]
    for card in (ROOT / "weights").glob("*/card.toml"):
        for file in ("card.toml", *tomllib.loads(card.read_text())["sha256"]):
            assert f"render/_data/weights/{card.parent.name}/{file}" in names
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "site/"))]


def test_the_weights_are_small_enough_to_ship() -> None:
    """60 MiB in all as they lie on a disk, in blocks of 4 KiB and with their folders; no file over 30."""
    everything = list((ROOT / "weights").rglob("*"))
    sizes = [path.stat().st_size for path in everything if path.is_file()]
    folders = 1 + sum(path.is_dir() for path in everything)
    assert max(sizes) <= 30 * 2**20
    assert sum(-(-size // 4096) for size in sizes) + folders <= 60 * 2**20 // 4096


def test_the_installed_program_runs_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert "make" in run(installed / "nonesuch", "--help", cwd=tmp_path)
    assert render.__version__ in run(installed / "nonesuch", "--version", cwd=tmp_path)
    run(installed / "nonesuch", "new", "gallery", cwd=tmp_path)
    assert tomllib.loads((tmp_path / "gallery" / "gallery.toml").read_text())["gallery"]
    run(installed / "nonesuch", "weights", "list", cwd=tmp_path)


GALLERY = """
[gallery]
title = "far away"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "./tiny"
count = 2
[render]
device = "cpu"
"""


@pytest.mark.slow
def test_the_installed_program_makes_a_whole_gallery(installed: Path, tmp_path: Path) -> None:
    """It would start, and then miss a template, a style sheet or the classifier that the checkout has beside it."""
    folder = tmp_path / "mine"
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(GALLERY)
    assert "done: 2 exhibits are shown" in run(installed / "nonesuch", "make", "mine", cwd=tmp_path)
    page = (folder / "public/galaxies/2.html").read_text(encoding="utf-8")
    assert '<table class="bars">' in page
    for name in re.findall(r'(?:href|src|srcset)="\.\./((?:assets|media)/[^" ]+)', page):
        assert (folder / "public" / name).is_file(), name
    assert "nothing to do: 2 exhibits are shown" in run(installed / "nonesuch", "make", "mine", cwd=tmp_path)


def test_the_installed_program_finds_what_it_carries(installed: Path, tmp_path: Path) -> None:
    code = "import render.resources as r; print(*[r.resource(n) for n in ('templates', 'site', 'weights')], sep='\\n')"
    folders = [Path(line) for line in run(installed / "python", "-c", code, cwd=tmp_path).splitlines()]
    assert all(folder.is_dir() and installed.parent in folder.parents for folder in folders)


@pytest.mark.parametrize("module", TORCH_FREE)
def test_what_only_bakes_and_serves_needs_no_torch(module: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules.update(torch=None, diffusers=None, openai=None); import {module}"
    run(sys.executable, "-c", code, cwd=ROOT)


def test_an_sdist_installs_without_the_npm_registry(tmp_path: Path) -> None:
    packed = build(ROOT, tmp_path, "sdist")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / packed.name.removesuffix(".tar.gz")
    cut_off = {**os.environ, "npm_config_offline": "true", "npm_config_cache": str(tmp_path / "empty")}
    made = build(source, tmp_path / "out", "wheel", env=cut_off)
    assert "render/_data/site/manifest.json" in zipfile.ZipFile(made).namelist()
    assert not (source / "site" / "node_modules").exists()


def test_the_site_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    """A gallery that another installation bakes would load every script anew, and rewrite every page that names one."""
    for name in ("hatch_build.py", "site"):
        source, target = ROOT / name, tmp_path / "elsewhere" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("dist"))
        else:
            shutil.copy(source, target)
    run(sys.executable, "hatch_build.py", cwd=tmp_path / "elsewhere")
    here, there = (sorted(path.name for path in (at / "site/dist").iterdir()) for at in (ROOT, tmp_path / "elsewhere"))
    assert here == there
