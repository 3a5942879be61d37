"""`check`, `rm`, `gc` and `status` as a person calls them: what they say, what they leave alone, how they end."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import nonesuch
from tiny import tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue, Medium
from render.media import Store

MOMENT = "1700000000"


def everything(folder: Path) -> dict[Path, str]:
    """Every file with its hash; SQLite's own two beside the catalogue come and go."""
    kept = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm")))
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def media(folder: Path, number: int) -> Iterator[tuple[Medium, Path]]:
    store = Store(folder / "store")
    with Catalogue(folder / FILE) as catalogue:
        exhibit = catalogue.numbered("galaxies", number)
        assert exhibit is not None
        yield from ((medium, store.path(medium.key)) for medium in catalogue.media(exhibit.id))


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of four, made by the real command."""
    folder = tmp_path_factory.mktemp("four")
    tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(tiny_gallery())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", MOMENT)
        done = nonesuch("make", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(four: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That gallery, to do harm to."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", MOMENT)
    shutil.copytree(four, tmp_path / "gallery")
    return tmp_path / "gallery"


def test_a_lost_and_a_flipped_file_are_named_and_made_again(folder: Path) -> None:
    """A bad disk would show on the site as a broken picture, and nobody would know which."""
    whole = everything(folder / "store") | everything(folder / "public")
    assert nonesuch("check", folder).returncode == 0
    lost = next(path for medium, path in media(folder, 2) if medium.role == "image")
    flipped = next(path for medium, path in media(folder, 3) if medium.role == "master")
    lost.unlink()
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 0xFF
    flipped.write_bytes(content)
    before = everything(folder)
    told = nonesuch("check", folder)
    assert told.returncode == 1
    assert lost.name in told.stdout
    assert flipped.name in told.stdout
    assert everything(folder) == before, "check writes nothing"
    mended = nonesuch("check", folder, "--mend")
    assert mended.returncode == 0
    assert mended.stdout.count("will be made again") == 2
    assert nonesuch("make", folder).returncode == 0
    assert nonesuch("check", folder).returncode == 0
    assert everything(folder / "store") | everything(folder / "public") == whole


def test_a_damaged_master_is_one_sentence_when_a_classifier_comes_late(folder: Path) -> None:
    from render.resources import resource

    master = next(path for medium, path in media(folder, 1) if medium.role == "master")
    master.write_bytes(b"\x89PNG\r\n\x1a\n, and then nothing that a PNG holds")
    (folder / "none").symlink_to(resource("weights") / "galaxy-classifier")
    (folder / "gallery.toml").write_text(
        tiny_gallery().replace('[evidence]\nweights = "./none"', '[evidence]\nweights = "./no"')
    )
    done = nonesuch("classify", folder)
    assert done.returncode == 1
    assert f"{master} is damaged" in done.stderr
    assert "check --mend" in done.stderr
    assert "Traceback" not in done.stderr


def test_removing_leaves_space_to_free_and_no_damage(folder: Path) -> None:
    """Who takes an exhibit off and looks whether all is well would be told that something is wrong."""
    assert nonesuch("rm", "galaxies", "2", "--gallery", folder).returncode == 0
    told = nonesuch("check", folder)
    assert told.returncode == 0, told.stdout
    assert "Everything is in order." in told.stdout
    assert "gc --delete" in told.stdout
    assert nonesuch("gc", folder, "--delete").returncode == 0
    assert "gc --delete" not in nonesuch("check", folder).stdout
    assert nonesuch("make", folder).returncode == 0
    assert "4" in nonesuch("status", folder).stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'[weights\n"./tiny" = ', "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        (b'[weights]\n"./tiny" = "no hash"\n', "sha256"),
        (b'[weights]\n"./tiny" = 7\n', "weights"),
        (b"[wights]\n", "wights"),
        (b'[weights]\n"./tiny" = "' + b"0" * 64 + b'"\n', "not those that this gallery was first rendered with"),
    ],
)
def test_a_damaged_lock_is_one_sentence_and_changes_nothing(tmp_path: Path, content: bytes, told: str) -> None:
    """Rendering on with whatever weights are here would make a gallery of two kinds, silently."""
    tiny_weights(tmp_path / "tiny")
    (tmp_path / "gallery.toml").write_text(tiny_gallery())
    (tmp_path / "gallery.lock").write_bytes(content)
    done = nonesuch("make", tmp_path)
    assert done.returncode == 1
    assert "gallery.lock" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (tmp_path / "gallery.lock").read_bytes() == content
    assert not list((tmp_path / "store").glob("*/*"))
    assert not (tmp_path / "public").exists()
