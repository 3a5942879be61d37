"""Importing: what someone with a folder of pictures would lose, or be made to claim, or give away without knowing."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from baked import contents
from PIL import Image, ImageCms, PngImagePlugin
from synthetic import spiral

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import Gallery, load_gallery
from render.errors import UsageError
from render.provenance import CAPTURE, TRAINED, read_mark
from render.stages.importing import Imported, import_folder
from render.stages.keeping import remove

A1111 = """a lighthouse, oil on canvas
Negative prompt: people
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 64x64, Model: dreams, Version: v1.9"""
COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 99, "steps": 30, "cfg": 6.5, "sampler_name": "dpmpp_2m", "model": ["4", 0]},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sea.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a secret harbour", "clip": ["4", 1]}},
}
INVOKE = {"positive_prompt": "a private cove", "seed": 7, "steps": 8, "cfg_scale": 2, "model": {"name": "bay"}}


def png(path: Path, seed: int, size: tuple[int, int] = (64, 48), **texts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        notes.add_text(name, text)
    spiral(seed).resize(size).save(path, pnginfo=notes)
    return path


def folder_of(tmp_path: Path) -> Path:
    """A folder as people have it: three programs' files, a photograph with its place, and what is no picture."""
    root = tmp_path / "sea pictures"
    png(root / "a1111.png", 1, parameters=A1111)
    png(root / "more" / "comfy.png", 2, prompt=json.dumps(COMFY), workflow="{}", Title="Harbour")
    png(root / "invoke.png", 3, invokeai_metadata=json.dumps(INVOKE))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x8825] = {1: "N", 2: (52.0, 13.0, 30.0)}  # GPS
    spiral(4).resize((80, 40)).save(root / "IMG_2034.jpg", exif=exif, comment=b"seen from 5 Quiet Street")
    shutil.copy(root / "a1111.png", root / "z-copy.png")
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    (root / "notes.txt").write_text("buy milk")
    (root / ".hidden.png").write_bytes(b"")
    os.symlink(root / "a1111.png", root / "link.png")
    return root


def imported(tmp_path: Path, *options: str) -> Gallery:
    root = folder_of(tmp_path)
    assert run(["import", str(root), str(tmp_path / "g"), *options]) == 0
    return load_gallery(tmp_path / "g")


def again(gallery: Gallery) -> Imported:
    return import_folder(gallery, gallery.folders[0])


def record(gallery: Gallery, number: int, slug: str = "sea-pictures") -> dict[str, object]:
    found: dict[str, object] = json.loads((gallery.public / f"api/v1/{slug}/{number}.json").read_text())
    return found


def test_a_folder_becomes_a_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Someone with pictures and no site would still have none, or not know which files are missing in it."""
    gallery = imported(tmp_path)
    out = capsys.readouterr()
    assert "sea-pictures: 4 new, 0 as before, 0 gone, 4 not shown." in out.out
    for reason in (
        "broken.png: it is no picture that can be read",
        "notes.txt: it is no picture by its name",
        "link.png: it is a link",
        "z-copy.png: it is the same picture as a1111.png",
    ):
        assert f"not shown: {reason}" in out.err
    titles = [record(gallery, number)["title"] for number in range(1, 5)]
    assert sorted(map(str, titles)) == ["Harbour", "IMG 2034", "a1111", "invoke"]
    assert (gallery.public / "index.html").is_file()
    assert run(["validate", str(gallery.folder), "--host", "pages"]) == 0


def test_nothing_is_claimed_that_nobody_said(tmp_path: Path) -> None:
    """A photograph would be called generated, or a generated picture a photograph."""
    gallery = imported(tmp_path)
    records = {str(one["title"]): one for one in (record(gallery, number) for number in range(1, 5))}
    assert "digital_source_type" not in records["IMG 2034"]
    assert "licence" not in records["IMG 2034"]
    for title in ("a1111", "Harbour", "invoke"):
        assert records[title]["digital_source_type"] == TRAINED
        mark = read_mark((gallery.public / str(records[title]["picture"])).read_bytes())
        assert mark is not None
        assert mark.source_type == TRAINED
        assert "Its file says" in mark.credit
    pages = "".join(page.read_text() for page in gallery.public.rglob("*.html") if page.name != "404.html")
    for claim in ("does not exist.", "not observed", "Nearest real galaxies", "free of rights", "None of this exists"):
        assert claim not in pages, claim
    assert "Nobody said what may be done with these pictures" in pages
    assert "nobody said" in (gallery.public / str(records["IMG 2034"]["page"])).read_text()


def test_what_the_maker_says_holds(tmp_path: Path) -> None:
    """Who knows how the pictures came about could not say so."""
    gallery = imported(tmp_path, "--made", "camera")
    assert {record(gallery, number)["digital_source_type"] for number in range(1, 5)} == {CAPTURE}


def test_settings_are_read_and_prompts_are_private(tmp_path: Path) -> None:
    """Prompts would be published that their author never meant to show; or what the files say would be lost."""
    gallery = imported(tmp_path)
    origins = {str(one["title"]): one["origin"] for one in (record(gallery, number) for number in range(1, 5))}
    assert origins["a1111"]["settings"] == {  # type: ignore[index]  # JSON
        "Steps": "20",
        "Sampler": "Euler a",
        "Guidance": "7",
        "Seed": "1234",
        "Model": "dreams",
    }
    assert origins["Harbour"]["settings"]["Seed"] == "99"  # type: ignore[index]  # JSON
    assert origins["invoke"]["settings"]["Model"] == "bay"  # type: ignore[index]  # JSON
    everything = b"".join(path.read_bytes() for path in gallery.public.rglob("*") if path.is_file())
    for private in (b"lighthouse", b"secret harbour", b"private cove", str(tmp_path).encode()):
        assert private not in everything
    settings = gallery.folder / "gallery.toml"
    settings.write_text(settings.read_text() + "prompts = true\n")
    assert run(["import", str(tmp_path / "sea pictures"), str(gallery.folder)]) == 0
    assert "a secret harbour" in json.dumps([record(gallery, number) for number in range(1, 5)])


def test_a_photograph_stands_upright_and_tells_no_place(tmp_path: Path) -> None:
    """It would lie on its side, and say where its maker lives."""
    gallery = imported(tmp_path)
    photo = next(one for one in (record(gallery, number) for number in range(1, 5)) if one["title"] == "IMG 2034")
    with Image.open(gallery.public / str(photo["picture"])) as picture:
        assert picture.height == 2 * picture.width
        assert not picture.getexif().get_ifd(0x8825)
    assert not any(b"Quiet Street" in path.read_bytes() for path in gallery.public.rglob("*") if path.is_file())


def test_the_folder_is_followed(tmp_path: Path) -> None:
    """Withdrawn pictures would stay, numbers would move, or a renamed file would lose its address."""
    gallery = imported(tmp_path)
    root = tmp_path / "sea pictures"
    before = contents(gallery.public)
    state = again(gallery)
    assert (state.new, state.kept, state.gone) == (0, 4, 0)
    numbers = {str(record(gallery, number)["title"]): number for number in range(1, 5)}
    (root / "invoke.png").unlink()
    (root / "IMG_2034.jpg").rename(root / "my street.jpg")
    png(root / "new.png", 9)
    state = again(gallery)
    assert (state.new, state.kept, state.gone) == (1, 3, 1)
    run(["bake", str(gallery.folder)])
    assert record(gallery, numbers["invoke"])["state"] == "gone"
    assert record(gallery, 5)["title"] == "new"
    png(root / "invoke.png", 3, invokeai_metadata=json.dumps(INVOKE))
    (root / "my street.jpg").rename(root / "IMG_2034.jpg")
    (root / "new.png").unlink()
    again(gallery)
    run(["bake", str(gallery.folder)])
    after = contents(gallery.public)
    assert {name for name in before if name.endswith(".html")} <= after.keys()
    assert record(gallery, numbers["invoke"])["title"] == "invoke"
    remove(gallery, "sea-pictures", [numbers["invoke"]], "not mine")
    assert "taken off" in again(gallery).unread["invoke.png"]


def test_what_was_lost_comes_back(tmp_path: Path) -> None:
    """A damaged media file of an imported picture could never be mended, or `make` would bury it."""
    gallery = imported(tmp_path)
    next((gallery.folder / "store").rglob("*.avif")).unlink()
    assert run(["check", str(gallery.folder), "--mend"]) in (0, 1, 3)
    run(["make", str(gallery.folder)])
    state = again(gallery)
    assert (state.new, state.kept, state.gone) == (1, 3, 0)
    with Catalogue(gallery.catalogue_path) as catalogue:
        assert sorted(one.number or 0 for one in catalogue.known()) == [1, 2, 3, 4]


def test_an_absent_folder_empties_nothing(tmp_path: Path) -> None:
    """A disk that is not plugged in would take the site down."""
    gallery = imported(tmp_path)
    (tmp_path / "sea pictures").rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="nothing was changed"):
        again(gallery)
    with Catalogue(gallery.catalogue_path) as catalogue:
        assert all(one.state == "shown" for one in catalogue.known())


def test_an_empty_mount_point_empties_nothing(tmp_path: Path) -> None:
    gallery = imported(tmp_path)
    root = tmp_path / "sea pictures"
    root.rename(tmp_path / "elsewhere")
    root.mkdir()
    with pytest.raises(UsageError, match="is empty, and 4 exhibits came from it; is its disk mounted"):
        again(gallery)
    (root / "they may all go.txt").touch()
    assert again(gallery).gone == 4


def test_names_that_are_no_text_and_files_that_are_no_pictures(tmp_path: Path) -> None:
    """One such file among ten thousand would end every import."""
    root = folder_of(tmp_path)
    odd = os.fsdecode(b"\xe9t\xe9.png")
    try:
        png(root / odd, 9)
    except OSError:  # macOS's file systems refuse names that are not UTF-8, and then nobody has such a file
        pytest.skip("this file system takes no such name")
    (root / "empty.jpg").touch()
    (root / "page.png").write_text("<html>")
    assert run(["import", str(root), str(tmp_path / "g")]) == 0
    gallery = load_gallery(tmp_path / "g")
    told = again(gallery)
    assert {name for name in told.unread if "no picture that can be read" in told.unread[name]} >= {
        "empty.jpg",
        "page.png",
    }
    with Catalogue(gallery.catalogue_path) as catalogue:
        titles = [str((one.texts or {}).get("title")) for one, _ in catalogue.exhibits("sea-pictures")]
    assert any(title.endswith("t?") for title in titles)


def test_a_wrong_import_writes_nothing(tmp_path: Path) -> None:
    """A mistyped folder would begin a gallery, or spoil the file of one."""
    assert run(["import", str(tmp_path / "nowhere"), str(tmp_path / "g")]) == 2
    root = folder_of(tmp_path)
    assert run(["import", str(root), str(tmp_path / "g"), "--slug", "Not A Slug"]) == 2
    assert not (tmp_path / "g").exists()


def test_folders_hang_as_exhibitions_and_are_followed(tmp_path: Path) -> None:
    """A photographer's folders would be one heap, or a picture that was taken out of one would hang there for ever."""
    root = tmp_path / "sea"
    for seed, name in enumerate(("loose.png", "Été_2024/a.png", "Été_2024/b.png", "Été_2024/deep/c.png"), 1):
        png(root / name, seed)
    assert run(["import", str(root), str(tmp_path / "g")]) == 0
    gallery = load_gallery(tmp_path / "g")
    hall = gallery.public / "exhibitions"

    def hung(slug: str) -> tuple[str, list[str]]:
        page = (hall / slug / "index.html").read_text()
        (title,) = re.findall("<h1>(.*?)</h1>", page)
        return title, re.findall(r'designation">NONESUCH (\d+)<', page)

    numbers = {text: n for n in range(1, 5) if (text := str(record(gallery, n, "sea")["title"]))}
    a, b, c = (str(numbers[name]) for name in "abc")
    assert hung("sea-ete-2024") == ("Été 2024", sorted([a, b]))
    assert hung("sea-ete-2024-deep") == ("Été 2024, deep", [c])
    (root / "Été_2024/a.png").unlink()
    (root / "Été_2024/deep/c.png").rename(root / "Été_2024/c.png")
    (gallery.folder / "curation.toml").write_text('[[exhibition]]\nslug = "sea-ete-2024"\ntitle = "That summer"\n')
    assert run(["import", str(root), str(tmp_path / "g")]) == 0
    assert hung("sea-ete-2024") == ("That summer", sorted([b, c]))
    assert not (hall / "sea-ete-2024-deep").exists()
    assert f"NONESUCH {a} is not on show" in (gallery.public / f"sea/{a}.html").read_text()


def test_one_more_picture_waits_for_nothing_else(tmp_path: Path) -> None:
    """Every evening's import would take half as long again, to load what draws bars and reads forty formats."""
    for seed in range(20):  # enough for a sky
        png(tmp_path / "sea" / f"{seed}.png", seed)
    assert run(["import", str(tmp_path / "sea"), str(tmp_path / "g")]) == 0
    png(tmp_path / "sea" / "new.png", 20)
    code = "import sys; from render.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    words = ["import", str(tmp_path / "sea"), str(tmp_path / "g")]
    told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[0] == "sea: 1 new, 20 as before, 0 gone."
    loaded = set(told.stdout.splitlines()[-1].split())
    assert "render.bake" in loaded
    assert not loaded & {"rich", "tomlkit", "PIL.FitsImagePlugin", "torch"}
    assert "where the time went\nstage" in told.stderr


def test_the_programs_own_folders_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nonesuch import .` would show its own media and pages' previews, and more of them each time."""
    png(tmp_path / "a.png", 1)
    png(tmp_path / "more" / "b.png", 2)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run(["import", ".", "--slug", "here"]) == 0
        png(tmp_path / "c.png", 3)
    with Catalogue(tmp_path / FILE) as catalogue:
        assert [one.number for one in catalogue.known()] == [1, 2, 3]


def test_settings_hold_although_no_picture_changed(tmp_path: Path) -> None:
    """Prompts that were taken back would stay on the pages for as long as nobody touches a file."""
    gallery = imported(tmp_path, "--prompts")
    page = gallery.public / "sea-pictures/2.html"
    pages = "".join(one.read_text() for one in page.parent.glob("*.html"))
    assert "a secret harbour" in pages
    settings = gallery.folder / "gallery.toml"
    settings.write_text(settings.read_text().replace("prompts = true", "prompts = false"))
    assert run(["make", str(gallery.folder)]) == 0
    assert run(["import", str(tmp_path / "sea pictures"), str(gallery.folder)]) == 0
    assert "a secret harbour" not in "".join(one.read_text() for one in page.parent.glob("*.html"))


def test_no_captioner_writes_about_what_others_made(tmp_path: Path) -> None:
    """A photograph would be called a drawing by a network, for ever: its own words are nowhere else."""
    gallery = imported(tmp_path)
    before = record(gallery, 2)
    assert run(["caption", str(gallery.folder), "--again"]) == 0
    assert run(["bake", str(gallery.folder)]) == 0
    assert record(gallery, 2) == before


def test_what_was_lost_comes_back_by_the_command_that_check_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = imported(tmp_path)
    next((gallery.folder / "store").rglob("*.avif")).unlink()
    run(["check", str(gallery.folder), "--mend"])
    run(["make", str(gallery.folder)])
    capsys.readouterr()
    run(["check", str(gallery.folder)])
    told = re.search("run `nonesuch import (.*)`", capsys.readouterr().out)
    assert told
    assert run(["import", told[1], str(gallery.folder)]) == 0
    assert run(["check", str(gallery.folder)]) == 0
    assert "1 new, 3 as before" in capsys.readouterr().out


def test_what_the_system_withheld_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad moment of a network disk would leave pictures out for ever, or take them off the site."""
    gallery = imported(tmp_path)
    root = tmp_path / "sea pictures"
    png(root / "new.png", 9)
    png(root / "invoke.png", 10)  # another picture in place of one that is shown
    read_bytes = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path.suffix == ".png" and path.is_relative_to(root):
            raise OSError(errno.EIO, "Input/output error")
        return read_bytes(path)

    with monkeypatch.context() as bad:
        bad.setattr(Path, "read_bytes", failing)
        done = again(gallery)
    assert done.unread["new.png"] == "Input/output error"
    assert done.unread["invoke.png"] == "Input/output error; what it held before stays"
    assert (done.new, done.gone) == (0, 0)
    done = again(gallery)
    assert (done.new, done.gone) == (2, 1)


def swapped() -> bytes:
    """A colour profile in which red is called green: what ignores it shows the wrong one."""
    known = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = known.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return other.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


def test_colours_are_those_that_the_file_means(tmp_path: Path) -> None:
    """Astronomers' 16-bit pictures would be white, and wide colours others in an AVIF than in its JPEG."""
    root = tmp_path / "sea"
    root.mkdir()
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    Image.fromarray(ramp).save(root / "deep.png")
    Image.fromarray(ramp.astype(np.float32)).save(root / "measured.tif")
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()  # of another colour space than its pixels
    spiral(1).save(root / "wrong.jpg", icc_profile=grey)
    Image.new("RGB", (64, 48), (200, 40, 40)).save(root / "swapped.png", icc_profile=swapped())
    assert run(["import", str(root), str(tmp_path / "g")]) == 0
    gallery = load_gallery(tmp_path / "g")
    with Catalogue(gallery.catalogue_path) as catalogue:
        media = {(e.texts or {})["title"]: made for e, made in catalogue.exhibits("sea")}
    assert set(media) == {"deep", "swapped", "wrong"}, "floating point has no agreed white"
    for name, files in media.items():
        shown = [Image.open(gallery.folder / "store" / one.key) for one in files]
        assert all("icc_profile" not in one.info for one in shown)
        means = [np.asarray(one.convert("RGB")).mean(axis=(0, 1)) for one in shown]
        assert np.ptp(means, axis=0).max() < 6, name
        if name == "deep":
            assert 110 < means[0].mean() < 145
        if name == "swapped":
            assert means[0][1] > 150 > means[0][0]
