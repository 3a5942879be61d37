"""prepare: what a person would lose is a picture, without being told; or their disk, to an archive."""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from render.errors import NonesuchError
from render.training.archives import Limits
from render.training.dataset import TrainingSet
from render.training.prepare import Request, prepare


def picture(seed: int, size: tuple[int, int] = (120, 100)) -> Image.Image:
    """Soft random shapes: no two seeds look alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def done(source: Path, out: Path, **options: Any) -> tuple[TrainingSet, dict[str, str]]:
    prepare(Request(source, out, size=64, **options), lambda done, total: None)
    with (out / "dropped.csv").open(newline="") as file:
        dropped = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    return TrainingSet.open(out), dropped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "pictures"
    home.mkdir()
    for seed in range(4):
        picture(seed).save(home / f"{seed}.png")
    return home


def test_every_file_that_is_left_out_is_named(folder: Path, tmp_path: Path) -> None:
    picture(0).resize((240, 200)).save(folder / "again.jpg", quality=80)
    picture(9, (20, 20)).save(folder / "small.png")
    Image.new("RGB", (100, 100), (3, 3, 3)).save(folder / "blank.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    made, dropped = done(folder, tmp_path / "set")
    assert {"small.png", "blank.png", "broken.jpg"} <= set(dropped)
    assert len({"again.jpg", "0.png"} & set(dropped)) == 1, "of a picture and its copy, one stays"
    assert len(made.rows) == 4
    assert made.images.shape == (4, 64, 64, 3)


def test_a_turned_photograph_is_set_upright_and_alpha_is_flattened(tmp_path: Path) -> None:
    home = tmp_path / "pictures"
    home.mkdir()
    upright = np.zeros((80, 80, 3), dtype=np.uint8)
    upright[:40] = (250, 40, 40)  # red above
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    Image.fromarray(np.rot90(upright)).save(home / "turned.png", exif=exif)
    glass = np.dstack([upright, np.full((80, 80), 255, np.uint8)])
    glass[40:, :, 3] = 0
    glass[40:, :, :3] = 200  # what lies under full transparency must not show
    Image.fromarray(glass).save(home / "glass.png")
    made, _ = done(home, tmp_path / "set", keep_duplicates=True)
    for image in made.images:
        assert image[8, 32, 0] > 200
        assert image[56, 32].max() < 20


def test_a_source_in_doubt_is_left_out_whole(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file,source\n0.png,efigi\n1.png,gz\n2.png,efigi\n3.png,gz\n")
    made, dropped = done(folder, tmp_path / "set", labels=labels, without=("gz",))
    assert [row["file"] for row in made.rows] == ["0.png", "2.png"]
    assert dropped == dict.fromkeys(("1.png", "3.png"), "of a source that was left out")
    with pytest.raises(NonesuchError, match=r"'sdss', which is to be left out: they are of 'efigi', 'gz'"):
        done(folder, tmp_path / "other", labels=labels, without=("sdss",))
    assert not (tmp_path / "other").exists()


def test_an_archive_gives_what_the_folder_gives(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    sets = [done(source, tmp_path / f"set{i}")[0] for i, source in enumerate((folder, tmp_path / "all.tar"))]
    sets.append(done(tmp_path / "all.zip", tmp_path / "set2")[0])
    assert all(np.array_equal(one.images, sets[0].images) for one in sets)


@pytest.mark.parametrize("name", ["../../escaped.png", "/tmp/escaped.png"])
def test_a_path_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    picture(1).save(buffer, "PNG")
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(buffer.getvalue())
        archive.addfile(entry, io.BytesIO(buffer.getvalue()))
    with pytest.raises(NonesuchError, match="escaped"):
        prepare(Request(tmp_path / "bad.tar", tmp_path / "set", size=64), lambda done, total: None)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        entry = tarfile.TarInfo("passwd.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(NonesuchError, match=r"passwd\.png"):
        prepare(Request(tmp_path / "bad.tar", tmp_path / "set", size=64), lambda done, total: None)


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(4):
            archive.writestr(f"{i}.png", b"\0" * 2_000_000)
    request = Request(tmp_path / "bomb.zip", tmp_path / "set", size=64, limits=Limits(ratio_from=1_000_000))
    with pytest.raises(NonesuchError):
        prepare(request, lambda done, total: None)
    assert not (tmp_path / "set").exists()
