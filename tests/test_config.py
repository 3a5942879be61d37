"""gallery.toml: what a person would lose is the evening, to a typing error that nobody mentioned."""

from __future__ import annotations

from pathlib import Path

import pytest

from render.config import load_gallery
from render.errors import NonesuchError, UsageError

GOOD = """
[gallery]
title = "nonesuch"

[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 10
"""


def refused(folder: Path, text: str) -> str:
    (folder / "gallery.toml").write_text(text)
    with pytest.raises(NonesuchError) as error:
        load_gallery(folder)
    assert error.value.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["gallery.toml"], "nothing is written"
    assert "gallery.toml" in str(error.value)
    return str(error.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(GOOD)
    assert load_gallery(tmp_path).collection("galaxies").count == 10


def test_a_mistyped_folder_is_not_begun_beside_itself(tmp_path: Path) -> None:
    """The advice would have scattered a new gallery's files over the folder around it."""
    with pytest.raises(UsageError, match=r"nonesuch new .*my-galery`"):
        load_gallery(tmp_path / "my-galery")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("count = 10", "cuont = 10"), ["cuont", "count"]),
        (("count = 10", 'count = "ten"'), ["count"]),
        (("count = 10", "count = 0"), ["count"]),
        (("count = 10", "count = 10000000"), ["count"]),
        (('slug = "galaxies"', 'slug = "../galaxies"'), ["slug", "../galaxies"]),
        (('slug = "galaxies"', 'slug = "a/b"'), ["slug", "a/b"]),
        (('slug = "galaxies"', 'slug = "about"'), ["slug", "about"]),
        (("count = 10", 'count = 10\nsketches = "drawings"'), ["sketches", "drawings"]),
        (("count = 10", 'count = 10\nsampler = "ab3"'), ["sampler", "ab2"]),
        (("[gallery]", "[galery]"), ["galery", "gallery"]),
        (('title = "nonesuch"', 'title = " "'), ["gallery, title", "some text"]),
        (('title = "nonesuch"', 'title = "none\\nsuch"'), ["gallery, title", "one line"]),
        (('title = "nonesuch"', 'title = "n"\naddress = "https://example.org:99999/"'), ["address", "example.org"]),
        (('slug = "galaxies"', f'slug = "{"a" * 200}"'), ["slug", "80"]),
        (("count = 10", "count = 10\nsteps = 1001"), ["steps", "at most 1000"]),
        (("count = 10", 'count = 10\nclasses = "some"'), ["classes", "'all' or a list"]),
        (('weights = "galaxy-96"', 'weights = "galaxy-classifier"'), ["weights", "draw no pictures"]),
        (("count = 10", 'count = 10\nupscaler = "nobody"'), ["upscaler", "no weights called 'nobody'", "galaxy-96"]),
        (("count = 10", 'count = 10\nupscaler = "galaxy-96"'), ["upscaler", "enlarges nothing", "train upscaler"]),
        (("count = 10", 'count = 10\nstudent = "nobody"'), ["student", "no weights called 'nobody'", "galaxy-96"]),
        (("count = 10", 'count = 10\nstudent = "galaxy-classifier"'), ["student", "draw nothing in a browser"]),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(tmp_path: Path, change: tuple[str, str], told: list[str]) -> None:
    message = refused(tmp_path, GOOD.replace(*change))
    assert all(word in message for word in told), message


@pytest.mark.parametrize("location", ["public", "public/media", "x/../public/a", "Public/a", "link", ".", "..", "/"])
def test_a_store_within_reach_of_a_bake_is_refused(tmp_path: Path, location: str) -> None:
    """The bake deletes what no page names: in public/ that would be the masters, which nothing brings back."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    if location == "link":
        (folder / "public").mkdir()
        (folder / "link").symlink_to(folder / "public")
    (folder / "gallery.toml").write_text(f'{GOOD}[store]\nlocation = "{location}"\n')
    with pytest.raises(UsageError) as error:
        load_gallery(folder)
    assert all(word in str(error.value) for word in ("gallery.toml", "store, location", "public/", "'store'"))
    for fine in ("store", "publications", str(tmp_path / "elsewhere")):
        (folder / "gallery.toml").write_text(f'{GOOD}[store]\nlocation = "{fine}"\n')
        assert load_gallery(folder).store_path == folder / fine


@pytest.mark.parametrize("key", ["weights", "sketches"])
def test_what_the_maker_brings_does_not_lie_where_a_bake_deletes(tmp_path: Path, key: str) -> None:
    good = GOOD.replace('weights = "galaxy-96"\n', "") if key == "weights" else GOOD
    message = refused(tmp_path, f'{good}{key} = "public/assets/mine"\n')
    assert f"collection 1, {key}: 'public/assets/mine' lies inside public/" in message


@pytest.mark.parametrize("location", ["gs://bucket/media", "~/media", "gallery.toml"])
def test_a_store_that_is_no_folder_is_refused(tmp_path: Path, location: str) -> None:
    """A folder called "s3:" or "~" would be made, and the pictures looked for elsewhere."""
    assert location in refused(tmp_path, f'{GOOD}[store]\nlocation = "{location}"\n')


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ("9007199254740992", "9007199254740991"),
        ("9" * 5000, "neither a seed nor a range"),
        ("0-99999999", "more than 1000000"),
        ("5-3", "3-5"),
        ("0-,5", "write it last"),
        ("٣-", "neither a seed nor a range"),
        ("0-8", "which give only 9 different"),
        ("1,1,1,1,1,1,1,1,1,1", "which give only 7 different"),  # a seed with each of the seven classes
        ("9007199254740990-", "which give only 2 different"),
    ],
)
def test_seeds_that_could_never_fill_the_gallery_are_refused(tmp_path: Path, seeds: str, told: str) -> None:
    """The night would end with exit code 3, and every further one too."""
    message = refused(tmp_path, GOOD.replace("count = 10", f'count = 10\nseeds = "{seeds}"'))
    assert "collection 1, " in message
    assert told in message


def test_collections_that_draw_alike_share_their_seeds(tmp_path: Path) -> None:
    """The first collection takes the exhibits; nothing would be left for the second."""
    first = GOOD.replace("count = 10", 'count = 10\nseeds = "0-9"')
    again = first[first.index("[[collection]]") :].replace("galaxies", "others")
    assert "collection 2, count" in refused(tmp_path, first + again)
    for other in (again + "guidance = 3\n", again.replace("0-9", "0-19"), again.replace("0-9", "0-")):
        (tmp_path / "gallery.toml").write_text(first + other)
        assert len(load_gallery(tmp_path).collections) == 2


@pytest.mark.parametrize("device", ["gpu", "CPU", "cuda:x", "cuda:", "cuda:-1", ""])
def test_a_device_that_nobody_has_is_refused(tmp_path: Path, device: str) -> None:
    message = refused(tmp_path, f'{GOOD}[render]\ndevice = "{device}"\n')
    assert "render, device" in message
    assert '"auto", "cpu", "mps", "cuda"' in message


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("keyframes = [{ seed = 9007199254740992 }, { seed = 1 }]", "walk 1, keyframes 1, seed"),
        ("keyframes = []", "walk 1, keyframes: expected at least 1"),
        ("frames = 20000\nkeyframes = [{ seed = 1 }, { seed = 2 }]", "walk 1, frames"),
        ('path = "circle"\nkeyframes = [{ seed = 1 }, { seed = 2 }]', "walk 1, path"),
        ("swirl = { mirors = 3 }\nkeyframes = [{ seed = 1 }, { seed = 2 }]", "did you mean 'mirrors'"),
    ],
)
def test_what_no_walk_can_be_is_refused(tmp_path: Path, table: str, told: str) -> None:
    """A walk that only this model cannot draw is left out instead: tests/test_films.py."""
    assert told in refused(tmp_path, GOOD + f'[[walk]]\ncollection = "galaxies"\nslug = "w"\n{table}\n')


def test_a_slug_twice_is_refused(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[collection]]") :]
    assert "galaxies" in refused(tmp_path, GOOD + again)


def test_what_is_no_toml_is_refused_with_its_place(tmp_path: Path) -> None:
    assert "line" in refused(tmp_path, GOOD + "\n[[walk\n")


def test_the_same_loop_twice_is_refused(tmp_path: Path) -> None:
    """It would be one exhibit, so one of the two tables would never be seen, and nobody would say why."""
    loop = '[[walk]]\ncollection = "galaxies"\nslug = "a"\nkeyframes = [{ seed = 1 }, { seed = 2 }]\n'
    same = loop.replace('"a"', '"b"')
    spoken = same.replace("seed = 1 ", 'seed = 1, class = "elliptical" ')  # what the table left out, said
    for again in (same, spoken):
        told = refused(tmp_path, GOOD + loop + again)
        assert "walk 2, keyframes: 'b' of 'galaxies' is the same loop as walk 1, 'a' of 'galaxies'" in told
    alike = GOOD[GOOD.index("[[collection]]") :].replace('"galaxies"', '"others"')
    there = same.replace('"galaxies"', '"others"')
    assert "'b' of 'others' is the same loop as walk 1, 'a' of 'galaxies'" in refused(
        tmp_path, GOOD + alike + loop + there
    )
    for other in (same.replace("seed = 2", "seed = 3"), same + "frames = 50\n"):
        (tmp_path / "gallery.toml").write_text(GOOD + loop + other)
        assert len(load_gallery(tmp_path).walks) == 2
    (tmp_path / "gallery.toml").write_text(GOOD + alike + "guidance = 3\n" + loop + there)
    assert len(load_gallery(tmp_path).walks) == 2
